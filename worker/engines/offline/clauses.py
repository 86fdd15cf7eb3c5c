"""Finds a clause's subject and verb group, which most rules match on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from worker.engines.offline import lexicon
from worker.engines.offline.nouns import Count, phrase_at
from worker.engines.offline.text import Sentence

_ONE_PRONOUNS = frozenset({"he", "she", "it"}) | lexicon.INDEFINITE
_ALL_OF_US = frozenset({"guys", "all", "both", "people", "kids", "girls", "boys", "two", "three"})
_COLLECTIVE = lexicon.word_set(
    "team family police staff class company government group band audience committee crowd public couple "
    "majority lot number rest percent half pair none any variety majority other"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A short subject: a pronoun, a name, or a noun phrase; `third_person` is he, she or it."""

    first: int
    last: int
    third_person: bool
    pronoun: bool


@dataclass(frozen=True, slots=True)
class VerbGroup:
    """A subject, its auxiliary and the word where the main verb belongs.

    `auxiliary` is the plain form (`is` for `isn't`) at token `at`; `asked`: it stands before the subject.
    """

    subject: Subject
    auxiliary: str
    at: int
    negated: bool
    asked: bool
    main: int

    @property
    def first(self) -> int:
        """The first token worth quoting: the subject where the auxiliary leans on it (`I'm`)."""
        leaning = not self.asked and self.auxiliary.startswith("'")
        return self.subject.first if leaning else min(self.at, self.main)


@lru_cache(maxsize=512)
def subject_at(sentence: Sentence, index: int) -> Subject | None:
    """Return the subject that begins at token `index`, or None if none is recognised."""
    word, following = sentence.word(index), sentence.word(index + 1)
    if word in lexicon.PRONOUNS | lexicon.INDEFINITE:
        last = index + 1 if word in ("you", "we") and following in _ALL_OF_US else index
        return Subject(index, last, word in _ONE_PRONOUNS, pronoun=True)
    if word in lexicon.POSSESSIVES | {"the"} and following in lexicon.PERSONS:
        return Subject(index, index + 1, True, pronoun=False)
    phrase = phrase_at(sentence, index)
    if phrase is None or sentence.word(phrase.last) in _COLLECTIVE:
        return None
    return Subject(index, phrase.last, phrase.count is not Count.MANY, pronoun=False)


def opens_clause(sentence: Sentence, index: int) -> bool:
    """Say whether a clause of its own may begin at token `index`."""
    return index == 0 or sentence.word(index - 1) in lexicon.CLAUSE_OPENERS


def clause_start(sentence: Sentence) -> int:
    """Return the first token after words that only lead into a sentence (`yes sir`, `and`)."""
    index = 0
    while sentence.word(index) in lexicon.CLAUSE_OPENERS:
        index += 1
    return index


def verb_groups(sentence: Sentence, auxiliaries: frozenset[str]) -> Iterator[VerbGroup]:
    """Yield each group with one of `auxiliaries`, as a statement or as a question."""
    for index in range(len(sentence)):
        subject = subject_at(sentence, index)
        if subject is None:
            continue
        before, after = sentence.word(subject.first - 1), sentence.word(subject.last + 1)
        if _plain(after) in auxiliaries and (subject.pronoun or after != "'s"):
            yield _group(sentence, subject, subject.last + 1, asked=False)
        elif _plain(before) in auxiliaries and _may_ask(sentence, subject.first - 1):
            yield _group(sentence, subject, subject.first - 1, asked=True)


def _may_ask(sentence: Sentence, index: int) -> bool:
    """Tell `are you` from the end of `here they are` with `you` beginning anew, as transcripts run on."""
    before = sentence.word(index - 1)
    if sentence.word(index).startswith("'") or before in lexicon.PRONOUNS | {"so", "neither", "nor"}:
        return False
    opening = before == "" or before in lexicon.WH_WORDS | lexicon.CLAUSE_OPENERS
    return opening or sentence.word(index) not in lexicon.BE


def has_word(sentence: Sentence, words: frozenset[str], first: int, last: int) -> bool:
    """Say whether any token from `first` up to, but excluding, `last` is one of `words`."""
    return any(sentence.word(index) in words for index in range(max(first, 0), last))


def _plain(word: str) -> str:
    """Return the auxiliary inside a contracted negative."""
    return lexicon.CONTRACTED_NEGATIVES.get(word, word)


def _group(sentence: Sentence, subject: Subject, at: int, *, asked: bool) -> VerbGroup:
    """Read the group whose auxiliary stands at token `at`: past adverbs and `not` to its main verb."""
    negated = sentence.word(at) in lexicon.CONTRACTED_NEGATIVES
    main = subject.last + 1 if asked else at + 1
    while sentence.word(main) in lexicon.FRONT_ADVERBS | {"not"}:
        negated = negated or sentence.word(main) == "not"
        main += 1
    return VerbGroup(subject, _plain(sentence.word(at)), at, negated, asked, main)
