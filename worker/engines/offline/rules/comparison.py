"""Rules about comparing: `taller than`, `as tall as`, `too hot`, `very much`."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import comparative_base, inflect, readings
from worker.engines.offline.rule import Lesson, Rule, lesson
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import COMPARED, FEELING_ADJECTIVES, PLAIN_ADJECTIVES

_DEGREE = frozenset({"more", "most"})
_ADVERBS = lexicon.FRONT_ADVERBS | {"today", "tonight", "tomorrow", "yesterday"}
_IRREGULAR = {"good": "better", "bad": "worse", "far": "farther"}
_SUPERLATIVE = {"good": "best", "bad": "worst"}
_ONLY_ADJECTIVES = (PLAIN_ADJECTIVES | FEELING_ADJECTIVES) - lexicon.word_set(
    "kind pretty good better cold light black white red blue green yellow brown little high"
)


def _comparative(adjective: str) -> str:
    if adjective in _IRREGULAR:
        return _IRREGULAR[adjective]
    return inflect(adjective, "JJR") if adjective in COMPARED else f"more {adjective}"


def _double(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        if sentence.word(index) not in _DEGREE or not comparative_base(sentence.word(index + 1)):
            continue
        before = sentence.word(index - 1)
        counted = lexicon.is_number(before) or before in lexicon.FEW | {"no", "any", "some", "the"}
        if not counted or (before == "the" and sentence.word(index) == "most"):
            yield Edit(index, index + 1, {index: ""})


def _more_good(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word, adjective, following = sentence.word(index), sentence.word(index + 1), sentence.word(index + 2)
        if word == "more" and adjective in ("good", "bad") and following in ("", "than", "now", ",", "for", "at"):
            if sentence.word(index - 1) in lexicon.BE | {"much", "even", "feel", "looks"}:
                yield Edit(index, index + 1, {index: "", index + 1: _IRREGULAR[adjective]})
        elif word == "most" and adjective in ("good", "bad") and sentence.word(index - 1) == "the":
            if following not in ("people", "men", "women") and not following.endswith("s"):
                yield Edit(index, index + 1, {index: "", index + 1: _SUPERLATIVE[adjective]})


def _plain_than(sentence: Sentence) -> Iterator[Edit]:
    """`tall than me`, `worst than`, `the more tall of`."""
    for index in range(1, len(sentence) - 2):
        word, before = sentence.word(index), sentence.word(index - 1)
        if sentence.word(index + 1) != "than" or before in ("more", "less", "rather", "other", "no", "different"):
            continue
        if before in ("as", "so", "too") or has_more(sentence, index) or "rather" in sentence.words():
            continue
        if word in ("worst", "best"):
            yield Edit(index, index + 1, {index: "worse" if word == "worst" else "better"})
        elif word in COMPARED and before in lexicon.BE | {"very", "much", "not", "is", "be", "looks"}:
            very = before in ("very",)
            yield Edit(index - very, index + 1, {index: _comparative(word), **({index - 1: "much"} if very else {})})


def has_more(sentence: Sentence, index: int) -> bool:
    """Say whether `more` or a comparative stands before token `index`."""
    return any(sentence.word(at) in ("more", "less") or comparative_base(sentence.word(at)) for at in range(index))


def _then(sentence: Sentence) -> Iterator[Edit]:
    """`better then`, `more then`: the word of comparing is `than`; and the other way round, `and than`."""
    for index in range(1, len(sentence) - 1):
        word, before, after = sentence.word(index), sentence.word(index - 1), sentence.word(index + 1)
        compares = before in ("more", "less", "better", "worse", "rather") or comparative_base(before) is not None
        earlier = has_more(sentence, index) and before in PLAIN_ADJECTIVES | {"important", "popular", "controversial"}
        if word == "then" and (compares or earlier) and after in _COMPARED_WITH:
            yield Edit(index - 1, index, {index: "than"})
        elif word == "than" and before == "and" and not has_more(sentence, index):
            yield Edit(index - 1, index, {index: "then"})


_COMPARED_WITH = (
    lexicon.OBJECT_PRONOUNS
    | lexicon.DETERMINERS
    | lexicon.NUMBERS
    | frozenset({"before", "mine", "yours", "yesterday", "last", "that", "others", "other", "i", "he", "we", "they"})
) - {"it"}


def _as_as(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        adjective, second = sentence.word(index + 1), sentence.word(index + 2)
        if sentence.word(index) not in ("as", "so"):
            continue
        base = comparative_base(adjective)
        if base in COMPARED and second == "as" and adjective not in ("later", "longer"):
            yield Edit(index, index + 2, {index + 1: base})
        elif adjective in COMPARED | PLAIN_ADJECTIVES and second == "than" and sentence.word(index) == "as":
            yield Edit(index, index + 2, {index + 2: "as"})


def _too_much(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 2):
        degree, much, adjective = (sentence.word(index + at) for at in range(3))
        ends = sentence.word(index + 3)
        if degree not in ("too", "so", "very") or much != "much" or adjective not in _ONLY_ADJECTIVES:
            continue
        if degree == "very" and adjective not in ("good", "big", "hot", "tall", "beautiful", "small", "easy"):
            continue
        if sentence.word(index - 1) in lexicon.BE | {"feel", "feeling", "not", "looks", "felt"} and (ends in _ADVERBS or "NOUN" not in readings(ends)):
            yield Edit(index, index + 2, {index + 1: ""})


def _very_like(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        degree, verb = sentence.word(index), sentence.word(index + 1)
        if degree == "very" and verb in ("like", "love", "likes", "loves", "enjoy", "want", "hate"):
            if sentence.word(index - 1) in lexicon.PRONOUNS and sentence.word(index + 2) != "":
                yield Edit(index - 1, index + 1, {index: "really"})


def _equally(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        if sentence.word(index) == "equally" and sentence.word(index + 1) == "as" and "ADJ" in readings(sentence.word(index + 2)):
            yield Edit(index, index + 2, {index + 1: ""})


DOUBLE = Rule(
    "double_comparative",
    Lesson(
        "comparative",
        7,
        'Aapne "{wrong}" kaha. "{right}" mein tulna pehle se hai, isliye "more" ya "most" nahi lagta.',
        'आपने "{wrong}" कहा। "{right}" में तुलना पहले से है, इसलिए "मोर" या "मोस्ट" नहीं लगता।',
    ),
    _double,
    fires=(
        ("He is more taller than me.", "He is taller than me."),
        ("This is the most easiest way", "This is the easiest way"),
        ("It is more better now", "It is better now"),
    ),
    silent=("He is taller than me.", "I need more water.", "We need two more younger players.", "I have more paper."),
)

MORE_GOOD = Rule(
    "more_good",
    lesson(
        "comparative",
        7,
        '"good" aur "bad" ki tulna "better", "worse", "best", "worst" se hoti hai',
        '"गुड" और "बैड" की तुलना "बेटर", "वर्स", "बेस्ट", "वर्स्ट" से होती है',
    ),
    _more_good,
    fires=(("This shop is more good.", "This shop is better."), ("he is the most good player", "he is the best player")),
    silent=("This shop is better.", "It does more good than harm.", "We need more good players."),
)

PLAIN_THAN = Rule(
    "plain_than",
    lesson(
        "comparative",
        9,
        '"than" se pehle adjective ka tulna wala form aata hai',
        '"दैन" से पहले ऐडजेक्टिव का तुलना वाला फ़ॉर्म आता है',
    ),
    _plain_than,
    fires=(
        ("My brother is tall than me.", "My brother is taller than me."),
        ("this phone is very cheap than that one", "this phone is much cheaper than that one"),
        ("Today is worst than yesterday.", "Today is worse than yesterday."),
    ),
    silent=("My brother is taller than me.", "It is more easy than hard.", "He is rather tall than short."),
)

THEN_THAN = Rule(
    "then_than",
    lesson(
        "comparative",
        6,
        'Tulna mein "than" aata hai; "then" ka matlab hai "phir"',
        'तुलना में "दैन" आता है; "देन" का मतलब है "फिर"',
    ),
    _then,
    fires=(
        ("She is taller then me.", "She is taller than me."),
        ("I ate and than I slept.", "I ate and then I slept."),
        ("It is more difficult then the last one", "It is more difficult than the last one"),
    ),
    silent=("She is taller than me.", "I ate and then I slept."),
)

AS_AS = Rule(
    "as_as",
    lesson(
        "comparative",
        7,
        'Barabari ke liye "as", adjective ka seedha form, phir "as" aata hai',
        'बराबरी के लिए "ऐज़", ऐडजेक्टिव का सीधा फ़ॉर्म, फिर "ऐज़" आता है',
    ),
    _as_as,
    fires=(("He is as taller as me.", "He is as tall as me."), ("she is as clever than her sister", "she is as clever as her sister")),
    silent=("He is as tall as me.", "As soon as possible.", "It is so much better than before."),
)

TOO_MUCH = Rule(
    "too_much",
    lesson(
        "adverb",
        6,
        'Adjective se pehle "much" nahi lagta, sirf "too", "so" ya "very"',
        'ऐडजेक्टिव से पहले "मच" नहीं लगता, सिर्फ़ "टू", "सो" या "वेरी"',
    ),
    _too_much,
    fires=(("It is too much hot today.", "It is too hot today."), ("I am so much tired", "I am so tired")),
    silent=("It is too hot today.", "I have too much work.", "He is very much alive.", "It is so much better."),
)

VERY_LIKE = Rule(
    "very_like",
    lesson(
        "adverb",
        8,
        'Verb se pehle "very" nahi, "really" kehte hain',
        'वर्ब से पहले "वेरी" नहीं, "रियली" कहते हैं',
    ),
    _very_like,
    fires=(("I very like this song.", "I really like this song."),),
    silent=("I really like this song.", "It is very like him.", "I like it very much."),
)

EQUALLY = Rule(
    "equally_as",
    lesson("comparative", 5, '"equally" ke saath "as" nahi lagta', '"ईक्वली" के साथ "ऐज़" नहीं लगता'),
    _equally,
    fires=(("He is equally as good.", "He is equally good."),),
    silent=("He is equally good.", "He is as good."),
)

RULES = (PLAIN_THAN, DOUBLE, MORE_GOOD, VERY_LIKE, AS_AS, TOO_MUCH, THEN_THAN, EQUALLY)
