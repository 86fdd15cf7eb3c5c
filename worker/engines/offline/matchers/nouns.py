"""One and many: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import readings, s_form_lemma
from worker.engines.offline.nouns import Count, count_of, is_countable, is_only_noun, plural_of, singular_of
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import COUNTED, MASS, NEVER_PLURAL, NEVER_WITH_A, PLAIN_ADJECTIVES

_SEVERAL = frozenset({"several", "many", "both", "few", "various"})
_ADJECTIVES = PLAIN_ADJECTIVES | lexicon.word_set(
    "other more new different main close indian english own best"
)
_UNITS = lexicon.word_set(
    "percent rupee dollar euro pound crore lakh hundred thousand million dozen foot star door seater "
    "kilo kilogram person people metre meter inch volt watt degree class point year day week month "
    "minute hour second mile kilometre kilometer man page room storey story pair head"
)
"""Nouns that also measure: `a ten rupee note`, `two hour journey`."""

_NUMBERED = lexicon.word_set(
    "class grade level room number chapter page platform phase part version top section gate no bus "
    "flat house floor unit question lesson step standard sector block road route line route bed stage "
    "day episode season act article table figure item point exercise flight group team terminal "
    "volume window week year option plan"
)
"""Nouns a number names: after `class 10` comes another noun, not its plural."""

_LARGE = frozenset(
    {"hundred", "thousand", "million", "lakh", "crore", "dozen", "hundreds", "thousands", "millions"}
)
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


def _shares_noun(sentence: Sentence, index: int) -> bool:
    """Say whether the noun at token `index` only describes a later plural: `wine and food festivals`."""
    joined = sentence.word(index + 1) in ("and", "or")
    return joined and Count.MANY in (count_of(sentence.word(index + 3)), count_of(sentence.word(index + 4)))


def number_and_one(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I have two brother.`."""
    for index in range(len(sentence) - 1):
        number, before = sentence.word(index), sentence.word(index - 1)
        if number in ("one", "1") or not (lexicon.is_number(number) or number in _SEVERAL):
            continue
        if (
            before in _NUMBERED | {"the", "a", "an", "this", "that", "every", "each"}
            and number not in _SEVERAL
        ):
            continue
        if number not in _SEVERAL and _is_label(sentence, index):
            continue
        at = _noun_after(sentence, index + 1)
        if at != index + 1 and sentence.word(at - 1) in ("more", "other") and number in ("few", "both"):
            continue
        noun = sentence.word(at)
        if sentence.text(at)[:1].isupper() or sentence.tokens[index].start == sentence.tokens[index - 1].end:
            continue
        if (
            _shares_noun(sentence, at)
            or not is_countable(noun)
            or not _ends_phrase(sentence, at)
            or _is_measure(sentence, number, at)
        ):
            continue
        first = index - 1 if lexicon.is_number(before) else index
        yield Edit(first, at, {at: plural_of(noun)})


def _is_label(sentence: Sentence, index: int) -> bool:
    """Say whether a number names something: `241 Main Street`, `no. 36`, a price."""
    number, before = sentence.word(index), sentence.word(index - 1)
    grouped = lexicon.is_number(sentence.word(index + 1)) or before in ("$", "£", "€", "₹", "rs", "no", ".")
    opening = index == 0 and number.isdecimal() and len(number) >= 3
    return grouped or opening or (before.isdecimal() and number.isdecimal())


def _is_measure(sentence: Sentence, number: str, noun: int) -> bool:
    """Leave `five foot tall`, `3 year old`, `many a man`, dates and prices."""
    following = sentence.word(noun + 1)
    if number in ("many", "few", "both", "several", "various"):
        return False
    if sentence.word(noun) in _UNITS and not (
        following in ("", "ago", "back", ",") or following in lexicon.PREPOSITIONS
    ):
        return True
    return sentence.word(noun) in (
        "rupee",
        "percent",
        "percentage",
        "dozen",
        "foot",
        "pound",
        "head",
        "second",
        "class",
        "star",
        "number",
    )


def percentage(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I got 85 percentage.`."""
    for index in range(1, len(sentence)):
        word, following = sentence.word(index), sentence.word(index + 1)
        if word not in ("percentage", "percentages") or following in ("point", "points"):
            continue
        if lexicon.is_number(sentence.word(index - 1)) or "." in sentence.word(index - 1):
            yield Edit(index - 1, index, {index: "percent"})


def one_and_many(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I go there every days.`."""
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        if word not in ("each", "every", "another", "one", "a", "an"):
            continue
        at = index + 1
        while sentence.word(at) in PLAIN_ADJECTIVES | {"major", "other"}:
            at += 1
        _noun, singular = sentence.word(at), singular_of(sentence.word(at))
        if singular is None or not _is_plain_plural(sentence, index, at, singular):
            continue
        yield Edit(index, at, {at: singular})


def _is_plain_plural(sentence: Sentence, index: int, at: int, singular: str) -> bool:
    """Tell `each students` from `each other people` and from titles and set phrases."""
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


def one_of(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `One of my friend lives in Goa.`."""
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
    """Return the token after `most important` or `biggest`, or `index` itself."""
    if sentence.word(index) == "most":
        return index + 2
    return index + 1 if sentence.word(index).endswith("est") else index


def never_plural(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He gave me good advices.`."""
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
    return (
        word in ("progresses", "traffics", "weathers")
        or before in lexicon.PRONOUNS
        or sentence.word(index + 1) == "'"
    )


def many_of_mass(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I don't have many money.`."""
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        at = _noun_after(sentence, index + 1)
        noun = sentence.word(at)
        if _shares_noun(sentence, at):
            continue
        if word == "number" and sentence.word(index - 1) == "a" and sentence.word(index + 1) == "of":
            at = index + 2
            if sentence.word(at) in MASS and _ends_phrase(sentence, at):
                yield Edit(index - 1, at, {index - 1: "much", index: "", index + 1: ""})
        elif word in ("many", "several") and noun in MASS and _ends_phrase(sentence, at):
            yield Edit(index, at, {index: "much" if word == "many" else "some"})
        elif (
            word == "few" and sentence.word(index - 1) == "a" and at == index + 1 and noun in MASS - {"work"}
        ):
            if _ends_phrase(sentence, at):
                yield Edit(index - 1, at, {index: "little"})
        elif word == "much" and count_of(noun) is Count.MANY and at == index + 1:
            if sentence.word(index - 1) in ("how", "so", "too", "very", "not", "have", "has", "had"):
                yield Edit(index, at, {index: "many"})


def a_of_mass(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `She gave me an advice.`."""
    for index in range(len(sentence) - 1):
        if sentence.word(index) not in ("a", "an") or (sentence.text(index) == "A" and index > 0):
            continue
        at = index + 1
        while sentence.word(at) in (PLAIN_ADJECTIVES | {"much"}) - {"little"}:
            at += 1
        noun = sentence.word(at)
        bare = at == index + 1
        known = noun in NEVER_WITH_A or (not bare and noun in ("knowledge", "luck", "health", "weather"))
        if (
            not known
            or not _ends_phrase(sentence, at)
            or (sentence.word(at + 1) in ("of", "and") or (sentence.word(at + 1) == "for" and noun != "news"))
        ):
            continue
        new = (
            "some"
            if noun in ("advice", "information", "news", "furniture", "luggage", "homework") and bare
            else ""
        )
        if not new and sentence.word(index - 1) in ("such", "what", "quite", "many"):
            continue
        yield Edit(
            index,
            at,
            {index: new}
            if new or not _opens(sentence, index)
            else {index: "", index + 1: _capital(sentence, index)},
        )


def _opens(sentence: Sentence, index: int) -> bool:
    """Say whether a sentence with a capital begins at token `index`."""
    return index == 0 and sentence.text(0)[:1].isupper()


def _capital(sentence: Sentence, index: int) -> str:
    """Return the word after token `index` with a capital, which takes over the start."""
    return sentence.text(index + 1).capitalize()


def hairs(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `My hairs are long.`."""
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


def large_number(sentence: Sentence) -> Iterator[Edit]:
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


def these_and_one(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `These question are easy.`."""
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
        elif (
            word in ("some", "all")
            and noun in COUNTED
            and sentence.word(index + 2) in ("are", "were", "have")
        ):
            yield Edit(index, index + 1, {index + 1: plural_of(noun)})
        elif (
            word in ("there", "here")
            and noun in ("are", "'re", "were")
            and sentence.word(index + 2) in COUNTED
        ) and _ends_phrase(sentence, index + 2):
            yield Edit(index, index + 2, {index + 2: plural_of(sentence.word(index + 2))})
