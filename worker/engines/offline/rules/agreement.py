"""Rules about the verb that must fit its subject: `he goes`, `they go`, `the dogs are`, `does she`."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import Subject, has_word, opens_clause, subject_at
from worker.engines.offline.morphology import (
    has_distinct_participle,
    inflect,
    is_base_verb,
    is_only_verb,
    is_participle,
    past_lemma,
    s_form_lemma,
)
from worker.engines.offline.nouns import Count, count_of, phrase_at, singular_of
from worker.engines.offline.rule import Lesson, Rule, lesson
from worker.engines.offline.text import Edit, Sentence

_ADVERBS = lexicon.word_set("always usually never also often only daily really sometimes just still hardly")
_UNREAL = frozenset({"if", "wish", "though", "suppose", "supposing", "unless", "whether"})
_VERB_OR_NOUN = lexicon.word_set("like want need know think love agree feel say believe hope")
_CALLED_TO = lexicon.word_set("come look listen wait stop sit tell give let get help call take stand bring keep")
_HABIT = lexicon.word_set("every daily everyday always usually often his her")
_TO_THE_NAMED = frozenset({"your", "me", "here", "us", "my"})
_BE_FORMS = {"i": ("am", "was"), "you": ("are", "were"), "we": ("are", "were"), "they": ("are", "were")}
_MANY_BUT_ONE = lexicon.word_set("sports studies states nations news maths games means series glasses data media")
_NOT_OPENING = frozenset({"and", "or", "nor"})


def _opening(sentence: Sentence, index: int) -> bool:
    """Say whether a subject at `index` stands alone: not the last part of `he and I`."""
    return opens_clause(sentence, index) and sentence.word(index - 1) not in _NOT_OPENING


def _asks(sentence: Sentence, index: int) -> bool:
    """Say whether the word at `index`, an auxiliary, may open a question."""
    before = sentence.word(index - 1)
    return index == 0 or before in (lexicon.WH_WORDS - {"that"}) or before in lexicon.CLAUSE_OPENERS


def _third_person(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence)):
        subject = subject_at(sentence, index)
        if subject is None or not subject.third_person or not _may_be_habit(sentence, subject):
            continue
        verb = _after_adverbs(sentence, subject.last + 1)
        word, following = sentence.word(verb), sentence.word(verb + 1)
        if word in ("don't", "dont"):
            yield Edit(index, verb, {verb: "doesn't"})
        elif word == "do" and following == "not":
            yield Edit(index, verb + 1, {verb: "does"})
        elif _lacks_s(sentence, subject, verb):
            yield Edit(index, verb, {verb: inflect(word, "VBZ")})


def _may_be_habit(sentence: Sentence, subject: Subject) -> bool:
    """Leave subjunctives, commands to the one named, and subjects of two parts."""
    index, before = subject.first, sentence.word(subject.first - 1)
    believed = subject.pronoun and before in ("think", "believe", "guess", "feel")
    if not (opens_clause(sentence, index) or believed) or before in ("or", "nor"):
        return False
    if before == "and" and (index < 3 or subject.last > index):
        return False
    return not has_word(sentence, lexicon.MODALS | lexicon.DO | {"if", "let", "make", "'d"}, 0, index)


def _after_adverbs(sentence: Sentence, index: int) -> int:
    while sentence.word(index) in _ADVERBS:
        index += 1
    return index


def _lacks_s(sentence: Sentence, subject: Subject, verb: int) -> bool:
    word, following = sentence.word(verb), sentence.word(verb + 1)
    if not subject.pronoun and not _acts(sentence, subject, verb):
        return False
    if word == "have":
        return following not in ("been", "") or sentence.word(subject.first) != "it"
    if word in _VERB_OR_NOUN | {"please", "proofread"}:
        return word in _VERB_OR_NOUN and following not in (",", "") and sentence.word(subject.first) not in ("anybody", "anyone")
    if not is_base_verb(word) or not has_distinct_participle(word) or word == "do":
        return False
    return word in lexicon.EVERYDAY_ACTIONS or is_only_verb(word)


def _acts(sentence: Sentence, subject: Subject, verb: int) -> bool:
    """Tell `the dog eat` from `the dog food is` and from `Rahul come here`."""
    following = sentence.word(verb + 1)
    if following in lexicon.AUXILIARIES | {"'s"} or sentence.word(verb) in ("let", "please"):
        return False
    if subject.first != subject.last or count_of(sentence.word(subject.first)) is Count.MASS:
        return True
    if sentence.word(verb) in _CALLED_TO or has_word(sentence, _TO_THE_NAMED, verb, len(sentence)):
        return False
    return sentence.text(subject.first)[:1].isupper() or has_word(sentence, _HABIT, verb, len(sentence))


def _unwanted_s(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence)):
        subject = subject_at(sentence, index)
        if subject is None or subject.third_person or not _is_subject(sentence, subject):
            continue
        verb = _after_adverbs(sentence, subject.last + 1)
        word, following = sentence.word(verb), sentence.word(verb + 1)
        if word in ("doesn't", "doesnt"):
            yield Edit(index, verb, {verb: "don't"})
        elif word == "does" and following == "not":
            yield Edit(index, verb + 1, {verb: "do"})
        elif word == "has" and following != "to":
            yield Edit(index, verb, {verb: "have"})
        elif (lemma := _needless(word, following, subject)) is not None:
            yield Edit(index, verb, {verb: lemma})


def _needless(word: str, following: str, subject: Subject) -> str | None:
    lemma = s_form_lemma(word)
    named = singular_of(word) is not None and count_of(singular_of(word) or "") is Count.ONE
    if lemma is None or named or word in lexicon.BE | {"does", "guys", "folks", "lots", "men", "'s"}:
        return None
    if subject.pronoun:
        return lemma
    known = lemma in lexicon.EVERYDAY_ACTIONS | _VERB_OR_NOUN or is_only_verb(lemma)
    return lemma if known and following not in lexicon.AUXILIARIES and not s_form_lemma(following) else None


def _is_subject(sentence: Sentence, subject: Subject) -> bool:
    before, word = sentence.word(subject.first - 1), sentence.word(subject.first)
    if before in ("and", "or", "nor", "of", "like", "than", "for", "to", "between"):
        return False
    return word in ("i", "we", "they") or opens_clause(sentence, subject.first)


def _be(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence)):
        subject = subject_at(sentence, index)
        if subject is None or _has_number(sentence, subject):
            continue
        after, before = sentence.word(subject.last + 1), sentence.word(index - 1)
        called = not subject.pronoun and sentence.word(subject.last + 2) in lexicon.PRONOUNS
        if after in lexicon.AUXILIARIES and not called and _stands_first(sentence, subject):
            new = _fitting(sentence, subject, after)
            if new and not (after == "were" and has_word(sentence, _UNREAL, 0, index)):
                yield Edit(index, subject.last + 1, {subject.last + 1: new})
        elif before in lexicon.BE and _asks(sentence, index - 1) and after not in lexicon.AUXILIARIES | {"and"}:
            new = _fitting(sentence, subject, before)
            if new and (before != "were" or sentence.word(index - 2) in lexicon.WH_WORDS):
                yield Edit(index - 1, subject.last, {index - 1: new})


def _stands_first(sentence: Sentence, subject: Subject) -> bool:
    before = sentence.word(subject.first - 1)
    if subject.pronoun and sentence.word(subject.first) in ("he", "she", "they", "we", "i"):
        return before not in ("and", "or", "nor", "of", "than", "as", "but")
    return _opening(sentence, subject.first)


def _has_number(sentence: Sentence, subject: Subject) -> bool:
    """Leave `two weeks is a long time`, titles and names such as `the United States`."""
    inside = range(subject.first, subject.last + 1)
    head = sentence.text(subject.last)
    titled = head[:1].isupper() and subject.last > 0 and sentence.word(subject.last) != "i"
    determined = sentence.word(subject.first) in lexicon.DETERMINERS - {"a", "an"}
    determined = determined or sentence.word(subject.first) == "people"
    bare = not (determined or subject.pronoun or subject.third_person)
    counted = any(lexicon.is_number(sentence.word(at)) for at in inside)
    return counted or sentence.word(subject.last) in _MANY_BUT_ONE or bare or (titled and not subject.third_person)


def _fitting(sentence: Sentence, subject: Subject, verb: str) -> str | None:
    """Return the form of `be` that fits, where `verb` is another one."""
    if verb not in ("am", "is", "are", "was", "were"):
        return None
    one, word = subject.third_person, sentence.word(subject.first)
    present, past = ("is", "was") if one else _BE_FORMS.get(word, ("are", "were"))
    new = past if verb in lexicon.BE_PAST else present
    return new if new != verb else None


def _asked_do(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        word = sentence.word(index)
        subject = subject_at(sentence, index + 1)
        if word not in ("do", "does", "don't", "doesn't") or subject is None or not _asks(sentence, index):
            continue
        main = _after_adverbs(sentence, subject.last + 1)
        wanted = "does" if subject.third_person else "do"
        if word.startswith(wanted + "n") or word == wanted or not _asked_verb(sentence, subject, main):
            continue
        yield Edit(index, subject.last, {index: wanted + word.removeprefix("does").removeprefix("do")})


def _asked_verb(sentence: Sentence, subject: Subject, main: int) -> bool:
    word = sentence.word(main)
    if subject.pronoun and sentence.word(subject.first) in ("i", "he", "she", "we", "they", "you"):
        return is_base_verb(word) or word in ("have", "has")
    return word in lexicon.EVERYDAY_ACTIONS | _VERB_OR_NOUN | {"have"} or (is_base_verb(word) and is_only_verb(word))


def _asked_have(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        word = sentence.word(index)
        subject = subject_at(sentence, index + 1)
        if word not in ("have", "has") or subject is None or not _asks(sentence, index):
            continue
        wanted = "has" if subject.third_person else "have"
        if word != wanted and (is_participle(sentence.word(subject.last + 1)) or sentence.word(subject.last + 1) == "been"):
            yield Edit(index, subject.last, {index: wanted})


def _this_are(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        word, verb = sentence.word(index), sentence.word(index + 1)
        if not (index == 0 or _opening(sentence, index)) or (word == "that" and index > 0):
            continue
        if word in ("this", "that") and verb == "are":
            phrase = phrase_at(sentence, index + 2)
            one = phrase is not None and phrase.count is Count.ONE
            change = {index + 1: "is"} if one else {index: {"this": "these", "that": "those"}[word]}
            yield Edit(index, index + 1, change)
        elif word in ("these", "those") and verb in ("is", "was"):
            yield Edit(index, index + 1, {index + 1: "are" if verb == "is" else "were"})


def _part(sentence: Sentence) -> Iterator[Edit]:
    """`each of the boys have`, `both my brothers is`: how many the first word counts."""
    plural = {"is": "are", "was": "were", "has": "have"}
    single = {many: one for one, many in plural.items()} | {"don't": "doesn't"}
    for index in range(len(sentence) - 3):
        word = sentence.word(index)
        at = index + 1 + (sentence.word(index + 1) == "of")
        if word not in ("each", "one", "both") or (word != "both" and at == index + 1) or index > 1:
            continue
        phrase = phrase_at(sentence, at)
        pronoun = sentence.word(at) in ("us", "you", "them")
        if not pronoun and (phrase is None or phrase.count is not Count.MANY):
            continue
        verb = at + 1 if pronoun or phrase is None else phrase.last + 1
        forms = plural if word == "both" else single
        if sentence.word(verb) in forms:
            yield Edit(index, verb, {verb: forms[sentence.word(verb)]})


def _double_subject(sentence: Sentence) -> Iterator[Edit]:
    """`my father he works`: the pronoun says the subject a second time."""
    for index in range(len(sentence) - 3):
        if sentence.word(index) not in lexicon.POSSESSIVES or sentence.word(index + 1) not in lexicon.PERSONS:
            continue
        verb = sentence.word(index + 3)
        finite = verb in lexicon.AUXILIARIES or is_base_verb(verb) or s_form_lemma(verb) or past_lemma(verb)
        if sentence.word(index + 2) in ("he", "she", "they") and finite and _opening(sentence, index):
            yield Edit(index, index + 2, {index + 2: ""})


def _there(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        verb = sentence.word(index + 1)
        if sentence.word(index) != "there" or verb not in ("is", "are", "was", "were", "'re", "'s"):
            continue
        phrase = phrase_at(sentence, index + 2)
        if phrase is None or sentence.word(phrase.last + 1) in ("of", ","):
            continue
        many, written = phrase.count is Count.MANY, sentence.word(phrase.last + 1)
        if many and verb in ("is", "was") and sentence.word(index + 2) not in ("a", "an", "one"):
            yield Edit(index, phrase.last, {index + 1: "are" if verb == "is" else "were"})
        elif not many and verb in ("are", "were") and sentence.word(index + 2) in ("a", "an", "one"):
            if written != "or" and not has_word(sentence, frozenset({","}), phrase.last, len(sentence)):
                yield Edit(index, phrase.last, {index + 1: "is" if verb == "are" else "was"})


THIRD_PERSON = Rule(
    "third_person",
    Lesson(
        "subject-verb agreement",
        12,
        'Aapne "{wrong}" kaha. "he", "she", "it" ya ek insaan ke saath verb mein "s" lagta hai: "{right}".',
        'आपने "{wrong}" कहा। "ही", "शी", "इट" या एक इंसान के साथ वर्ब में "ऐस" लगता है: "{right}"।',
    ),
    _third_person,
    fires=(
        ("He don't like fish.", "He doesn't like fish."),
        ("She go to school every day.", "She goes to school every day."),
        ("My mother cooks very well and she teach me", "My mother cooks very well and she teaches me"),
        ("my father work in a bank", "my father works in a bank"),
        ("He have a car", "He has a car"),
        ("The dog sleep all day.", "The dog sleeps all day."),
        ("Priya teach maths in our school.", "Priya teaches maths in our school."),
        ("everybody usually enter by this door", "everybody usually enters by this door"),
        ("I think she know the answer", "I think she knows the answer"),
    ),
    silent=(
        "She goes to school.",
        "He put it there.",
        "Did he go home?",
        "They suggested that he go home.",
        "Can he sing and she dance?",
        "I saw him go home.",
        "My brother and his wife live in Delhi.",
        "Should he have a problem, call me.",
        "rahul come here and sit down",
        "Let the dog sleep.",
        "The dog food is finished.",
    ),
)

UNWANTED_S = Rule(
    "unwanted_s",
    lesson(
        "subject-verb agreement",
        12,
        '"I", "you", "we", "they" aur bahut saare logon ke saath verb mein "s" nahi lagta',
        '"आई", "यू", "वी", "दे" और बहुत सारे लोगों के साथ वर्ब में "ऐस" नहीं लगता',
    ),
    _unwanted_s,
    fires=(
        ("I really likes mangoes.", "I really like mangoes."),
        ("they goes to college by bus", "they go to college by bus"),
        ("We doesn't eat meat", "We don't eat meat"),
        ("My parents lives in Pune.", "My parents live in Pune."),
        ("You has a nice house", "You have a nice house"),
    ),
    silent=(
        "One of you knows the answer.",
        "My parents live in Pune.",
        "You guys are late.",
        "What they need is a break.",
        "He and I like tea.",
        "The man who lives near us goes to work early.",
    ),
)

BE_AGREEMENT = Rule(
    "be_agreement",
    lesson(
        "subject-verb agreement",
        12,
        '"I" ke saath "am", ek ke saath "is" ya "was", aur bahut ke saath "are" ya "were" aata hai',
        '"आई" के साथ "ऐम", एक के साथ "इज़" या "वॉज़", और बहुत के साथ "आर" या "वर" आता है',
    ),
    _be,
    fires=(
        ("You is late today.", "You are late today."),
        ("we was at home", "we were at home"),
        ("The shops is closed.", "The shops are closed."),
        ("My brother are in Delhi.", "My brother is in Delhi."),
        ("What is you doing?", "What are you doing?"),
        ("where is my shoes", "where are my shoes"),
        ("It are very hot today.", "It is very hot today."),
        ("Swimming are good for you.", "Swimming is good for you."),
    ),
    silent=(
        "If I were you, I would go.",
        "I wish he were here.",
        "Two weeks is a long time.",
        "Neither of you is wrong.",
        "My mother and father are teachers.",
        "My team are playing well.",
        "Mathematics is easy.",
        "What he and they are doing is wrong.",
        "Where are the car keys?",
    ),
)

ASKED_DO = Rule(
    "asked_do",
    lesson(
        "subject-verb agreement",
        12,
        'Sawaal mein "he", "she", "it" ke saath "does", aur "I", "you", "we", "they" ke saath "do" aata hai',
        'सवाल में "ही", "शी", "इट" के साथ "डज़", और "आई", "यू", "वी", "दे" के साथ "डू" आता है',
    ),
    _asked_do,
    fires=(
        ("Does you like tea?", "Do you like tea?"),
        ("where do she live", "where does she live"),
        ("Do your brother work here?", "Does your brother work here?"),
        ("Why don't he come on time?", "Why doesn't he come on time?"),
    ),
    silent=("Smoking does you harm.", "Do the dishes, please.", "Do it now.", "That does us no good."),
)

ASKED_HAVE = Rule(
    "asked_have",
    lesson(
        "subject-verb agreement",
        12,
        '"he", "she", "it" ke saath "has", aur "I", "you", "we", "they" ke saath "have" aata hai',
        '"ही", "शी", "इट" के साथ "हैज़", और "आई", "यू", "वी", "दे" के साथ "हैव" आता है',
    ),
    _asked_have,
    fires=(
        ("Have she finished her work?", "Has she finished her work?"),
        ("what has they done", "what have they done"),
        ("When have Ravi bought the bike?", "When has Ravi bought the bike?"),
    ),
    silent=("Has she finished?", "What have they done?", "Have it your way.", "Have him call me."),
)

THIS_ARE = Rule(
    "this_are",
    lesson(
        "agreement",
        11,
        '"this" aur "that" ek cheez ke liye hain, "these" aur "those" bahut cheezon ke liye',
        '"दिस" और "दैट" एक चीज़ के लिए हैं, "दीज़" और "दोज़" बहुत चीज़ों के लिए',
    ),
    _this_are,
    fires=(
        ("This are my books.", "These are my books."),
        ("these is my friends", "these are my friends"),
        ("This are a good idea.", "This is a good idea."),
    ),
    silent=("These are my books.", "People like that are rare.", "All this is mine.", "These days are long."),
)

THERE_BE = Rule(
    "there_be",
    lesson(
        "agreement",
        11,
        '"there" ke baad ek ke liye "is" ya "was", aur bahut ke liye "are" ya "were" aata hai',
        '"देयर" के बाद एक के लिए "इज़" या "वॉज़", और बहुत के लिए "आर" या "वर" आता है',
    ),
    _there,
    fires=(
        ("There is many people here.", "There are many people here."),
        ("there was three dogs in the park", "there were three dogs in the park"),
        ("There are a problem with my phone.", "There is a problem with my phone."),
    ),
    silent=(
        "There is a book and two pens.",
        "There are many people.",
        "There is milk in the fridge.",
        "There was a lot of rain.",
        "There are a number of reasons.",
    ),
)

PART = Rule(
    "each_and_both",
    lesson(
        "subject-verb agreement",
        10,
        '"each of" aur "one of" ke saath "is" ya "has", "both" ke saath "are" ya "have" aata hai',
        '"ईच ऑफ़" और "वन ऑफ़" के साथ "इज़" या "हैज़", "बोथ" के साथ "आर" या "हैव" आता है',
    ),
    _part,
    fires=(
        ("Each of the boys have a cycle.", "Each of the boys has a cycle."),
        ("both my brothers is tall", "both my brothers are tall"),
        ("One of my friends are ill.", "One of my friends is ill."),
    ),
    silent=("Each of the boys has a cycle.", "Both of them are here.", "They each have a car."),
)

DOUBLE_SUBJECT = Rule(
    "double_subject",
    lesson(
        "pronoun",
        6,
        'Subject ek baar kaafi hai, uske baad "he" ya "she" nahi lagta',
        'सब्जेक्ट एक बार काफ़ी है, उसके बाद "ही" या "शी" नहीं लगता',
    ),
    _double_subject,
    fires=(("My father he works in a bank.", "My father works in a bank."),),
    silent=("My father works in a bank.", "I asked my father he said no.", "This is my mother she is kind."),
)

RULES = (PART, DOUBLE_SUBJECT, BE_AGREEMENT, THIRD_PERSON, UNWANTED_S, ASKED_DO, ASKED_HAVE, THERE_BE, THIS_ARE)
