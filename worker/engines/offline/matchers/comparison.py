"""Comparing: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import comparative_base, inflect, readings
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
    """Return the comparative of a plain adjective."""
    if adjective in _IRREGULAR:
        return _IRREGULAR[adjective]
    return inflect(adjective, "JJR") if adjective in COMPARED else f"more {adjective}"


def double(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He is more taller than me.`."""
    for index in range(len(sentence) - 1):
        if (
            sentence.word(index) not in _DEGREE
            or sentence.word(index + 1) == "later"
            or not comparative_base(sentence.word(index + 1))
        ):
            continue
        before = sentence.word(index - 1)
        counted = lexicon.is_number(before) or before in lexicon.FEW | {"no", "any", "some", "the"}
        if not counted or (before == "the" and sentence.word(index) == "most"):
            yield Edit(index, index + 1, {index: ""})


def more_good(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `This shop is more good.`."""
    for index in range(len(sentence) - 1):
        word, adjective, following = sentence.word(index), sentence.word(index + 1), sentence.word(index + 2)
        if (
            word == "more"
            and adjective in ("good", "bad")
            and following in ("", "than", "now", ",", "for", "at")
        ):
            if sentence.word(index - 1) in lexicon.BE | {"much", "even", "feel", "looks"}:
                yield Edit(index, index + 1, {index: "", index + 1: _IRREGULAR[adjective]})
        elif word == "most" and adjective in ("good", "bad") and sentence.word(index - 1) == "the":
            if following not in ("people", "men", "women") and not following.endswith("s"):
                yield Edit(index, index + 1, {index: "", index + 1: _SUPERLATIVE[adjective]})


def plain_than(sentence: Sentence) -> Iterator[Edit]:
    """`tall than me`, `worst than`, `the more tall of`."""
    for index in range(1, len(sentence) - 2):
        word, before = sentence.word(index), sentence.word(index - 1)
        if sentence.word(index + 1) != "than" or before in (
            "more",
            "less",
            "rather",
            "other",
            "no",
            "different",
        ):
            continue
        if before in ("as", "so", "too") or has_more(sentence, index) or "rather" in sentence.words():
            continue
        if word in ("worst", "best"):
            yield Edit(index, index + 1, {index: "worse" if word == "worst" else "better"})
        elif word in COMPARED and before in lexicon.BE | {"very", "much", "not", "is", "be", "looks"}:
            very = before in ("very",)
            yield Edit(
                index - very, index + 1, {index: _comparative(word), **({index - 1: "much"} if very else {})}
            )


def has_more(sentence: Sentence, index: int) -> bool:
    """Say whether `more` or a comparative stands before token `index`."""
    return any(
        sentence.word(at) in ("more", "less") or comparative_base(sentence.word(at)) for at in range(index)
    )


def then(sentence: Sentence) -> Iterator[Edit]:
    """`better then`, `more then`: the word of comparing is `than`; and the other way round, `and than`."""
    for index in range(1, len(sentence) - 1):
        word, before, after = sentence.word(index), sentence.word(index - 1), sentence.word(index + 1)
        compares = (
            before in ("more", "less", "better", "worse", "rather") or comparative_base(before) is not None
        )
        earlier = has_more(sentence, index) and before in PLAIN_ADJECTIVES | {
            "important",
            "popular",
            "controversial",
        }
        if word == "then" and (compares or earlier) and after in _COMPARED_WITH:
            yield Edit(index - 1, index, {index: "than"})
        elif word == "than" and before == "and" and not has_more(sentence, index):
            yield Edit(index - 1, index, {index: "then"})


_COMPARED_WITH = (
    lexicon.OBJECT_PRONOUNS
    | lexicon.DETERMINERS
    | lexicon.NUMBERS
    | frozenset(
        {"before", "mine", "yours", "yesterday", "last", "that", "others", "other", "i", "he", "we", "they"}
    )
) - {"it"}


def as_as(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He is as taller as me.`."""
    for index in range(len(sentence) - 2):
        adjective, second = sentence.word(index + 1), sentence.word(index + 2)
        if sentence.word(index) not in ("as", "so"):
            continue
        base = comparative_base(adjective)
        if base in COMPARED and second == "as" and adjective not in ("later", "longer"):
            yield Edit(index, index + 2, {index + 1: base})
        elif adjective in COMPARED | PLAIN_ADJECTIVES and second == "than" and sentence.word(index) == "as":
            yield Edit(index, index + 2, {index + 2: "as"})


def too_much(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `It is too much hot today.`."""
    for index in range(1, len(sentence) - 2):
        degree, much, adjective = (sentence.word(index + at) for at in range(3))
        ends = sentence.word(index + 3)
        if degree not in ("too", "so", "very") or much != "much" or adjective not in _ONLY_ADJECTIVES:
            continue
        if degree == "very" and adjective not in ("good", "big", "hot", "tall", "beautiful", "small", "easy"):
            continue
        if sentence.word(index - 1) in lexicon.BE | {"feel", "feeling", "not", "looks", "felt"} and (
            ends in _ADVERBS or "NOUN" not in readings(ends)
        ):
            yield Edit(index, index + 2, {index + 1: ""})


def very_like(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I very like this song.`."""
    for index in range(1, len(sentence) - 1):
        degree, verb = sentence.word(index), sentence.word(index + 1)
        if degree == "very" and verb in ("like", "love", "likes", "loves", "enjoy", "want", "hate"):
            if sentence.word(index - 1) in lexicon.PRONOUNS and sentence.word(index + 2) != "":
                yield Edit(index - 1, index + 1, {index: "really"})


def equally(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He is equally as good.`."""
    for index in range(len(sentence) - 2):
        if (
            sentence.word(index) == "equally"
            and sentence.word(index + 1) == "as"
            and "ADJ" in readings(sentence.word(index + 2))
        ):
            yield Edit(index, index + 2, {index + 1: ""})
