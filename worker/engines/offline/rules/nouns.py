"""Rules about one and many: `two books`, `every day`, `one of my friends`, nouns that are not counted."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import readings, s_form_lemma
from worker.engines.offline.nouns import Count, count_of, is_countable, is_only_noun, plural_of, singular_of
from worker.engines.offline.rule import Rule, lesson
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import COUNTED, MASS, NEVER_PLURAL, NEVER_WITH_A, PLAIN_ADJECTIVES

_SEVERAL = frozenset({"several", "many", "both", "few", "various"})
_ADJECTIVES = PLAIN_ADJECTIVES | lexicon.word_set("other more new different main close indian english own best")
_UNITS = lexicon.word_set(
    "percent rupee dollar euro pound crore lakh hundred thousand million dozen foot star door seater kilo kilogram "
    "person people metre meter inch volt watt degree class point year day week month minute hour second mile kilometre "
    "kilometer man page room storey story pair head"
)
"""Nouns that also measure: `a ten rupee note`, `two hour journey`."""

_NUMBERED = lexicon.word_set(
    "class grade level room number chapter page platform phase part version top section gate no bus flat house "
    "floor unit question lesson step standard sector block road route line route bed stage day episode season act "
    "article table figure item point exercise flight group team terminal volume window week year option plan"
)
"""Nouns a number names: after `class 10` comes another noun, not its plural."""

_LARGE = frozenset({"hundred", "thousand", "million", "lakh", "crore", "dozen", "hundreds", "thousands", "millions"})
_AFTER_PLURAL = frozenset({"ago", "old", "later", "before"})


def _ends_phrase(sentence: Sentence, noun: int) -> bool:
    """Say whether token `noun` is the last of its noun phrase."""
    following = sentence.word(noun + 1)
    if following in ("", ",") or following in lexicon.FUNCTION_WORDS or following in _AFTER_PLURAL:
        return following != "'s"
    if s_form_lemma(following) in lexicon.EVERYDAY_ACTIONS:
        return True
    return not ({"NOUN", "ADJ"} & set(readings(following)) or following.startswith("'"))


def _noun_after(sentence: Sentence, index: int) -> int:
    """Return the token where the noun stands after adjectives from token `index` on."""
    while sentence.word(index) in _ADJECTIVES:
        index += 1
    if is_countable(sentence.word(index)) and sentence.word(index + 1) == "and":
        beyond = sentence.word(index + 3)
        index += 2 if is_countable(sentence.word(index + 2)) and is_countable(beyond) else 0
    while is_countable(sentence.word(index)) and is_countable(sentence.word(index + 1)):
        index += 1
    return index


def _number_and_one(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        number, before = sentence.word(index), sentence.word(index - 1)
        if number in ("one", "1") or not (lexicon.is_number(number) or number in _SEVERAL):
            continue
        if before in _NUMBERED | {"the", "a", "an", "this", "that", "every", "each"} and number not in _SEVERAL:
            continue
        at = _noun_after(sentence, index + 1)
        if at != index + 1 and sentence.word(at - 1) in ("more", "other") and number in ("few", "both"):
            continue
        noun = sentence.word(at)
        if sentence.text(at)[:1].isupper() or sentence.tokens[index].start == sentence.tokens[index - 1].end:
            continue
        shared = sentence.word(at + 1) == "and" and count_of(sentence.word(at + 3)) is Count.MANY
        if shared or not is_countable(noun) or not _ends_phrase(sentence, at) or _is_measure(sentence, number, at):
            continue
        first = index - 1 if lexicon.is_number(before) else index
        yield Edit(first, at, {at: plural_of(noun)})


def _is_measure(sentence: Sentence, number: str, noun: int) -> bool:
    """Leave `five foot tall`, `3 year old`, `many a man`, dates and prices."""
    following = sentence.word(noun + 1)
    if number in ("many", "few", "both", "several", "various"):
        return False
    if sentence.word(noun) in _UNITS and not (following in ("", "ago", "back", ",") or following in lexicon.PREPOSITIONS):
        return True
    return sentence.word(noun) in ("rupee", "percent", "dozen", "foot", "pound", "head", "second", "class", "star", "number")


def _one_and_many(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        if word not in ("each", "every", "another", "one", "a", "an"):
            continue
        at = index + 1
        while sentence.word(at) in PLAIN_ADJECTIVES | {"major", "other"}:
            at += 1
        noun, singular = sentence.word(at), singular_of(sentence.word(at))
        if singular is None or not _is_plain_plural(sentence, index, at, singular):
            continue
        yield Edit(index, at, {at: singular})


def _is_plain_plural(sentence: Sentence, index: int, at: int, singular: str) -> bool:
    word, noun, before = sentence.word(index), sentence.word(at), sentence.word(index - 1)
    if noun in ("people", "children") and word not in ("a", "an"):
        return False
    if sentence.word(at + 1) in ("'", "and") or sentence.text(at)[:1].isupper():
        return False
    if word == "one":
        return singular in COUNTED and (before in lexicon.PREPOSITIONS or index == 0) and at == index + 1
    if word in ("a", "an"):
        counted = count_of(singular) is Count.ONE or noun in ("women", "men", "children")
        return counted and _ends_phrase(sentence, at) and not (before in lexicon.QUANTIFIERS and word == "a")
    return is_countable(singular) and _ends_phrase(sentence, at)


def _one_of(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 3):
        if sentence.word(index) != "one" or sentence.word(index + 1) != "of":
            continue
        if sentence.word(index + 2) not in lexicon.POSSESSIVES | {"the", "these", "those", "this"}:
            continue
        at = _noun_after(sentence, _superlative_end(sentence, index + 3))
        noun = sentence.word(at)
        plain = noun in COUNTED and noun not in ("class", "family", "team", "group", "market", "world")
        if plain and _ends_phrase(sentence, at):
            yield Edit(index, at, {at: plural_of(noun)})


def _superlative_end(sentence: Sentence, index: int) -> int:
    if sentence.word(index) == "most":
        return index + 2
    return index + 1 if sentence.word(index).endswith("est") else index


def _never_plural(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence)):
        singular = sentence.word(index).removesuffix("s")
        if singular == sentence.word(index) or singular not in NEVER_PLURAL:
            continue
        if _is_verb(sentence, index):
            continue
        changes = {index: singular}
        before, first = sentence.word(index - 1), index
        if before in ("many", "these", "those", "few", "several"):
            first, new = index - 1, {"many": "much", "these": "this", "those": "that", "few": "little"}
            changes[first] = new.get(before, "some")
        elif before in lexicon.DETERMINERS | PLAIN_ADJECTIVES:
            first = index - 1
        verb = {"are": "is", "were": "was"}.get(sentence.word(index + 1))
        last = index + 1 if verb else index
        if verb:
            changes[last] = verb
        yield Edit(first, last, changes)


def _is_verb(sentence: Sentence, index: int) -> bool:
    """Tell `he accommodates` and `the weather's` from the noun."""
    word, before = sentence.word(index), sentence.word(index - 1)
    return word in ("progresses", "traffics", "weathers") or before in lexicon.PRONOUNS or sentence.word(index + 1) == "'"


def _many_of_mass(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        at = _noun_after(sentence, index + 1)
        noun = sentence.word(at)
        if word == "number" and sentence.word(index - 1) == "a" and sentence.word(index + 1) == "of":
            at = index + 2
            if sentence.word(at) in MASS and _ends_phrase(sentence, at):
                yield Edit(index - 1, at, {index - 1: "much", index: "", index + 1: ""})
        elif word in ("many", "several") and noun in MASS and _ends_phrase(sentence, at):
            yield Edit(index, at, {index: "much" if word == "many" else "some"})
        elif word == "few" and sentence.word(index - 1) == "a" and at == index + 1 and noun in MASS - {"work"}:
            if _ends_phrase(sentence, at):
                yield Edit(index - 1, at, {index: "little"})
        elif word == "much" and count_of(noun) is Count.MANY and at == index + 1:
            if sentence.word(index - 1) in ("how", "so", "too", "very", "not", "have", "has", "had"):
                yield Edit(index, at, {index: "many"})


def _a_of_mass(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        if sentence.word(index) not in ("a", "an") or (sentence.text(index) == "A" and index > 0):
            continue
        at = index + 1
        while sentence.word(at) in (PLAIN_ADJECTIVES | {"much"}) - {"little"}:
            at += 1
        noun = sentence.word(at)
        bare = at == index + 1
        known = noun in NEVER_WITH_A or (not bare and noun in ("knowledge", "luck", "health", "weather"))
        if not known or not _ends_phrase(sentence, at) or (
            sentence.word(at + 1) in ("of", "and") or (sentence.word(at + 1) == "for" and noun != "news")
        ):
            continue
        new = "some" if noun in ("advice", "information", "news", "furniture", "luggage", "homework") and bare else ""
        if not new and sentence.word(index - 1) in ("such", "what", "quite", "many"):
            continue
        yield Edit(index, at, {index: new} if new or not _opens(sentence, index) else {index: "", index + 1: _capital(sentence, index)})


def _opens(sentence: Sentence, index: int) -> bool:
    return index == 0 and sentence.text(0)[:1].isupper()


def _capital(sentence: Sentence, index: int) -> str:
    return sentence.text(index + 1).capitalize()


def _hairs(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence)):
        if sentence.word(index) != "hairs":
            continue
        at = index - 1
        while sentence.word(at) in PLAIN_ADJECTIVES | {"curly", "straight"}:
            at -= 1
        if sentence.word(at) in lexicon.POSSESSIVES or sentence.word(at) in ("have", "has", "your"):
            verb = {"are": "is", "were": "was"}.get(sentence.word(index + 1))
            changes = {index: "hair", **({index + 1: verb} if verb else {})}
            yield Edit(at, index + 1 if verb else index, changes)


def _large_number(sentence: Sentence) -> Iterator[Edit]:
    """`two hundreds people`, `a hundreds people`: a number before a noun takes no -s."""
    for index in range(1, len(sentence) - 1):
        word, before = sentence.word(index), sentence.word(index - 1)
        single = word.removesuffix("s")
        counted = before == "a" or (lexicon.is_number(before) and before not in ("19", "20"))
        if single == word or single not in _LARGE or not counted:
            continue
        of = sentence.word(index + 1) == "of"
        if of or count_of(sentence.word(index + 1)) is Count.MANY:
            changes = {index: single, **({index + 1: ""} if of else {})}
            yield Edit(index - 1, index + 1, changes)


def _these_and_one(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word, noun = sentence.word(index), sentence.word(index + 1)
        if word in ("these", "those") and is_countable(noun) and _ends_phrase(sentence, index + 1):
            if noun not in ("kind", "sort", "type", "one"):
                yield Edit(index, index + 1, {index + 1: plural_of(noun)})
        elif word == "this" and count_of(noun) is Count.MANY and _ends_phrase(sentence, index + 1):
            counted, ends = singular_of(noun) in COUNTED, sentence.word(index + 2) in ("", "are", "were")
            sure = is_only_noun(noun) or (counted and ends)
            if sure and not sentence.text(index + 1)[:1].isupper():
                yield Edit(index, index + 1, {index: "these"})
        elif word in ("some", "all") and noun in COUNTED and sentence.word(index + 2) in ("are", "were", "have"):
            yield Edit(index, index + 1, {index + 1: plural_of(noun)})
        elif word in ("there", "here") and noun in ("are", "'re", "were") and sentence.word(index + 2) in COUNTED:
            if _ends_phrase(sentence, index + 2):
                yield Edit(index, index + 2, {index + 2: plural_of(sentence.word(index + 2))})


NUMBER_AND_ONE = Rule(
    "number_and_one",
    lesson(
        "singular and plural",
        10,
        "Ek se zyada hon to noun plural hota hai",
        "एक से ज़्यादा हों तो नाउन प्लूरल होता है",
    ),
    _number_and_one,
    fires=(
        ("I have two brother.", "I have two brothers."),
        ("There are 500 college and school student in our village", "There are 500 college and school students in our village"),
        ("She bought several book.", "She bought several books."),
        ("I met many person there", "I met many people there"),
        ("We waited for two hour.", "We waited for two hours."),
        ("I came here three month ago", "I came here three months ago"),
    ),
    silent=(
        "I have two brothers.",
        "It is a five star hotel.",
        "She is ten year old girl.",
        "I am a class 10 student.",
        "I have a two year contract.",
        "It costs ten rupee coins.",
        "Many more people came.",
        "Few would agree.",
        "Take bus number 5 tomorrow.",
    ),
)

ONE_AND_MANY = Rule(
    "one_and_many",
    lesson(
        "singular and plural",
        9,
        '"a", "one", "each" aur "every" ke baad ek hi cheez aati hai',
        '"अ", "वन", "ईच" और "एवरी" के बाद एक ही चीज़ आती है',
    ),
    _one_and_many,
    fires=(
        ("I go there every days.", "I go there every day."),
        ("Each students has a book.", "Each student has a book."),
        ("I waited for one hours.", "I waited for one hour."),
        ("A women came to our house.", "A woman came to our house."),
        ("It was a good films", "It was a good film"),
    ),
    silent=(
        "I go there every day.",
        "Every three days I swim.",
        "It is a sports car.",
        "I have a few friends.",
        "A great many people came.",
        "It is a women's college.",
        "Many a times I failed.",
    ),
)

ONE_OF = Rule(
    "one_of",
    lesson(
        "singular and plural",
        9,
        '"one of" ka matlab hai bahut mein se ek, isliye uske baad plural aata hai',
        '"वन ऑफ़" का मतलब है बहुत में से एक, इसलिए उसके बाद प्लूरल आता है',
    ),
    _one_of,
    fires=(
        ("One of my friend lives in Goa.", "One of my friends lives in Goa."),
        ("he is one of the best player in our school", "he is one of the best players in our school"),
        ("one of her old teacher came", "one of her old teachers came"),
    ),
    silent=("One of my friends lives in Goa.", "One of the police officers came.", "One of the family stayed."),
)

NEVER_PLURAL_RULE = Rule(
    "never_plural",
    lesson(
        "uncountable noun",
        9,
        'Yeh noun gina nahi jaata, isliye isme "s" nahi lagta',
        'यह नाउन गिना नहीं जाता, इसलिए इसमें "ऐस" नहीं लगता',
    ),
    _never_plural,
    fires=(
        ("He gave me good advices.", "He gave me good advice."),
        ("We bought new furnitures.", "We bought new furniture."),
        ("I need some informations", "I need some information"),
        ("These equipments are costly.", "This equipment is costly."),
        ("I have many homeworks today", "I have much homework today"),
    ),
    silent=("He gave me good advice.", "The lady's clothing is new.", "She advises me.", "He works hard."),
)

MANY_OF_MASS = Rule(
    "many_of_mass",
    lesson(
        "much and many",
        9,
        'Jo gina ja sake uske saath "many" ya "few", jo na gina jaye uske saath "much", "little" ya "some" aata hai',
        'जो गिना जा सके उसके साथ "मेनी" या "फ़्यू", जो न गिना जाए उसके साथ "मच", "लिटल" या "सम" आता है',
    ),
    _many_of_mass,
    fires=(
        ("I don't have many money.", "I don't have much money."),
        ("How much friends do you have?", "How many friends do you have?"),
        ("She drank several water", "She drank some water"),
        ("there was a few milk in the glass", "there was a little milk in the glass"),
    ),
    silent=(
        "I don't have much money.",
        "Many work hard.",
        "How much money do you have?",
        "Many rice fields are dry.",
        "A few work here.",
    ),
)

A_OF_MASS = Rule(
    "a_of_mass",
    lesson(
        "uncountable noun",
        8,
        'Yeh noun gina nahi jaata, isliye iske saath "a" ya "an" nahi lagta',
        'यह नाउन गिना नहीं जाता, इसलिए इसके साथ "अ" या "ऐन" नहीं लगता',
    ),
    _a_of_mass,
    fires=(
        ("She gave me an advice.", "She gave me some advice."),
        ("This is a good news.", "This is good news."),
        ("We have a heavy luggage", "We have heavy luggage"),
        ("A good health is important.", "Good health is important."),
    ),
    silent=(
        "She gave me some advice.",
        "I read a newspaper.",
        "It is a work of art.",
        "It is a news channel.",
        "I went to a health centre.",
    ),
)

HAIRS = Rule(
    "hairs",
    lesson(
        "uncountable noun",
        6,
        'Sir ke baalon ke liye English mein "hair" kehte hain, bina "s" ke',
        'सिर के बालों के लिए इंग्लिश में "हेयर" कहते हैं, बिना "ऐस" के',
    ),
    _hairs,
    fires=(("My hairs are long.", "My hair is long."), ("she has black hairs", "she has black hair")),
    silent=("My hair is long.", "There are two hairs on my coat."),
)

LARGE_NUMBER = Rule(
    "large_number",
    lesson(
        "number",
        7,
        'Noun se pehle "hundred", "thousand", "lakh" mein "s" nahi lagta',
        'नाउन से पहले "हंड्रेड", "थाउज़ेंड", "लाख" में "ऐस" नहीं लगता',
    ),
    _large_number,
    fires=(
        ("Two hundreds people came.", "Two hundred people came."),
        ("It costs five thousands rupees", "It costs five thousand rupees"),
        ("A hundreds people were in the shop.", "A hundred people were in the shop."),
    ),
    silent=("Hundreds of people came.", "Two hundred people came.", "It happened in the 1900s."),
)

THESE_AND_ONE = Rule(
    "these_and_one",
    lesson(
        "agreement",
        10,
        '"this" ek cheez ke saath, aur "these", "those", "some", "there are" plural ke saath aate hain',
        '"दिस" एक चीज़ के साथ, और "दीज़", "दोज़", "सम", "देयर आर" प्लूरल के साथ आते हैं',
    ),
    _these_and_one,
    fires=(
        ("These question are easy.", "These questions are easy."),
        ("I like this shoes.", "I like these shoes."),
        ("Some student are absent today.", "Some students are absent today."),
        ("There are problem in my office.", "There are problems in my office."),
    ),
    silent=(
        "These questions are easy.",
        "These cricket matches are long.",
        "This news is good.",
        "I like this sports channel.",
        "Some water was left.",
    ),
)

RULES = (
    ONE_OF,
    NUMBER_AND_ONE,
    ONE_AND_MANY,
    THESE_AND_ONE,
    NEVER_PLURAL_RULE,
    MANY_OF_MASS,
    A_OF_MASS,
    LARGE_NUMBER,
    HAIRS,
)
