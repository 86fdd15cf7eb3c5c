"""Choosing the one mistake to correct, how much of the sentence to quote, and the score."""

from collections.abc import Callable, Sequence

from worker.engines.offline.rule import Finding
from worker.engines.offline.text import Sentence, split_sentences
from worker.ports import Mistake

_WHOLE_CLAUSE_WORDS = 8
_CONTEXT_WORDS = 1
_LOWEST_SCORE = 30

Find = Callable[[Sentence], Sequence[Finding]]


def worst(findings: Sequence[Finding]) -> Finding | None:
    """Return the heaviest finding; of equals the one found first."""
    return max(findings, key=lambda finding: finding.lesson.weight, default=None)


def to_mistake(finding: Finding, find: Find) -> Mistake:
    """Quote the finding, with its whole sentence where that is short and otherwise correct."""
    sentence, edit = finding.sentence, finding.edit
    if len(sentence) <= _WHOLE_CLAUSE_WORDS:
        last = len(sentence) - 1
        whole = sentence.rewrite(edit, 0, last)
        if not any(find(again) for again in split_sentences(whole)):
            return Mistake(sentence.quote(0, last), whole, finding.lesson.category)
    first, last = edit.first, edit.last
    if first == last:
        first = max(first - _CONTEXT_WORDS, 0)
        last = min(last + _CONTEXT_WORDS, len(sentence) - 1)
    return Mistake(sentence.quote(first, last), sentence.rewrite(edit, first, last), finding.lesson.category)


def score(words: int, findings: Sequence[Finding]) -> int:
    """Return the score of a message of `words` words, 30 to 100.

    `90 + min(10, words) - sum(weights) * 10 / (words + 5)`, rounded: a correct message gains up to
    ten points for its length; a mistake costs its lesson's weight in a five-word sentence, more in a
    shorter one and less in a longer one. Each sentence and lesson counts once.
    """
    counted = {(finding.sentence.tokens[0].start, finding.lesson.category): finding for finding in findings}
    penalty = sum(finding.lesson.weight for finding in counted.values()) * 10 / (words + 5)
    return max(_LOWEST_SCORE, round(90 + min(10, words) - penalty))
