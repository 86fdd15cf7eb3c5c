"""Nouns and noun phrases: one or many, counted or not, where a phrase begins and ends."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import inflect, ing_lemma, readings
from worker.engines.offline.text import Sentence
from worker.engines.offline.vocabulary import COUNTED, MASS, NAMES, NEVER_PLURAL, PLAIN_ADJECTIVES

_ALWAYS_PLURAL = lexicon.word_set(
    "people police cattle children men women feet teeth mice geese clothes glasses"
)
_NEVER_COUNTED = lexicon.word_set(
    "news mathematics maths physics politics economics series species means gymnastics athletics "
    "sheep fish deer aircraft data media pants trousers jeans scissors thanks always perhaps this was "
    "is has as us his its yes less hers ours yours theirs does goes says plus minus gas bus class "
    "boss glass dress address business process success access illness happiness"
)
_STUDIES = frozenset({"mathematics", "maths", "physics", "economics"})
_SINGULAR_DETERMINERS = frozenset({"a", "an", "this", "that", "each", "every", "another", "one"})
_PLURAL_DETERMINERS = frozenset({"these", "those", "many", "several", "both", "few"})
_MODIFIERS = PLAIN_ADJECTIVES | lexicon.word_set(
    "own other same next last first second third main only best worst biggest smallest whole english "
    "indian hindi local public private national few more most very really so"
)
_ABSTRACT = ("ness", "ity", "ism", "ance", "ence", "hood", "ship", "cs", "ss", "ing")


class Count(Enum):
    """How many a noun phrase names; `MASS` takes a singular verb and no article of its own."""

    ONE = "one"
    MANY = "many"
    MASS = "mass"


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """Tokens `first` to `last`, the noun itself at `last`."""

    first: int
    last: int
    count: Count


@lru_cache(maxsize=8_192)
def singular_of(word: str) -> str | None:
    """Return the noun whose plural is `word`, if it is one and differs (`men` → `man`)."""
    if word in _NEVER_COUNTED or word.endswith(("ss", "'s")):
        return None
    if word in ("people", "children"):
        return {"people": "person", "children": "child"}[word]
    for lemma in readings(word).get("NOUN", ()):
        if lemma != word and (word.endswith("s") or inflect(lemma, "NNS") == word):
            return lemma
    guess = word.removesuffix("s")
    return guess if guess != word and guess in NEVER_PLURAL | COUNTED else None


def plural_of(word: str) -> str:
    """Return the plural of a singular noun."""
    return "people" if word == "person" else inflect(word, "NNS")


@lru_cache(maxsize=8_192)
def count_of(word: str) -> Count | None:
    """Say how many the bare noun `word` names; None where it is no noun or cannot be told."""
    if word in lexicon.FUNCTION_WORDS:
        return None
    if word in MASS or word in _STUDIES:
        return Count.MASS
    if word in _ALWAYS_PLURAL or singular_of(word) is not None:
        return Count.MANY
    if word in COUNTED or word in NAMES:
        return Count.ONE
    return None


@lru_cache(maxsize=8_192)
def is_only_noun(word: str) -> bool:
    """Say whether the lexicon knows `word` as a noun and nothing else."""
    return set(readings(word)) == {"NOUN"} and word not in lexicon.FUNCTION_WORDS


@lru_cache(maxsize=8_192)
def is_countable(word: str) -> bool:
    """Say whether `word` is the singular of a noun with a plural that the lexicon knows."""
    if word in COUNTED:
        return True
    plain = is_only_noun(word) and len(word) > 2 and word not in MASS | _NEVER_COUNTED | _ALWAYS_PLURAL
    known_plural = inflect(word, "NNS")
    return (
        plain
        and not word.endswith((*_ABSTRACT, "s"))
        and known_plural != word
        and bool(readings(known_plural))
    )


def is_name(sentence: Sentence, index: int) -> bool:
    """Say whether token `index` is somebody's name: a listed one, or a capital that begins no sentence."""
    text, word = sentence.text(index), sentence.word(index)
    if word in NAMES or word[:1].isupper():
        return True
    if word in lexicon.WEEKDAYS | lexicon.MONTHS:
        return False
    return index > 0 and text[:1].isupper() and text[1:].islower() and not readings(word) and len(text) > 2


def phrase_at(sentence: Sentence, index: int) -> NounPhrase | None:
    """Return the noun phrase that begins at token `index`, where one surely does.

    It is a name, or a determiner, adjectives and nouns up to the last of them, or a bare plural or
    uncounted noun.
    """
    word, at = sentence.word(index), index
    if is_name(sentence, index):
        surely = not word.endswith("s") or word in NAMES
        return NounPhrase(index, index, Count.ONE) if surely else None
    if _is_doing(sentence, index):
        return NounPhrase(index, index, Count.MASS)
    determined = word in lexicon.DETERMINERS | _SINGULAR_DETERMINERS | _PLURAL_DETERMINERS
    at += determined
    while sentence.word(at) in _MODIFIERS or lexicon.is_number(sentence.word(at)):
        at += 1
    last = _chain_end(sentence, at)
    if last is None or sentence.word(last + 1) == "and":
        return None
    count = _counted(sentence, index, last, determined=determined)
    return NounPhrase(index, last, count) if count is not None else None


def _counted(sentence: Sentence, first: int, last: int, *, determined: bool) -> Count | None:
    """Say how many the phrase names; None where its words do not fit together or it may be no phrase."""
    noun = sentence.word(last)
    count = count_of(noun)
    if count is None and determined and is_countable(noun):
        count = Count.ONE
    misfit = count is Count.ONE and sentence.word(first) in _PLURAL_DETERMINERS
    bare = count is Count.ONE and not determined and not is_name(sentence, last)
    return None if misfit or bare else count


def _chain_end(sentence: Sentence, at: int) -> int | None:
    """Return the last of the nouns that stand in a row from token `at` (`bus stop`)."""
    if not _is_noun(sentence.word(at)):
        return None
    while count_of(sentence.word(at)) is not Count.MANY and _is_noun(sentence.word(at + 1)):
        at += 1
    return at


def _is_doing(sentence: Sentence, index: int) -> bool:
    """Say whether a sentence begins with an activity and `be`: `swimming is`."""
    word = sentence.word(index)
    verb = ing_lemma(word) is not None and word not in COUNTED
    return index == 0 and verb and sentence.word(1) in lexicon.BE


def _is_noun(word: str) -> bool:
    """Say whether a word is surely a noun."""
    return is_only_noun(word) or count_of(word) is not None
