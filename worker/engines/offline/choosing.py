"""Choosing the one mistake to correct, how much of the sentence to quote, and the score."""

from collections.abc import Callable, Sequence

from shared.learning.categories import category_of
from worker.engines.offline.rule import Finding
from worker.engines.offline.text import Sentence, split_sentences
from worker.ports import Mistake, Turn

_WHOLE_CLAUSE_WORDS = 8
_CONTEXT_WORDS = 1
_LOWEST_SCORE = 30

Find = Callable[[Sentence], Sequence[Finding]]


def choose(findings: Sequence[Finding], history: Sequence[Turn]) -> Finding | None:
    """Return the finding that most hinders understanding; of equals, the one found first.

    A mistake that the last turn corrected is not corrected again at once in the same words.
    """
    last = history[-1].mistake if history else None
    fresh = [finding for finding in findings if last is None or not _repeats(finding, last)]
    return max(fresh, key=lambda finding: finding.lesson.weight, default=None)


def _repeats(finding: Finding, last: Mistake) -> bool:
    """Say whether the finding is about words that the last correction quoted."""
    told, now = last.wrong.lower(), finding.wrong.lower()
    return now in told or (category_of(finding.lesson.category) == last.category and told in now)


def to_mistake(finding: Finding, find: Find, *, quote_little: bool = False) -> Mistake:
    """Quote the finding, with its whole sentence if that is short and otherwise correct.

    `quote_little`: not the whole sentence, as some of it may not have been said.
    """
    sentence, edit = finding.sentence, finding.edit
    category = category_of(finding.lesson.category)
    if len(sentence) <= _WHOLE_CLAUSE_WORDS and not quote_little:
        last = len(sentence) - 1
        whole = sentence.rewrite(edit, 0, last)
        if not any(find(again) for again in split_sentences(whole)):
            return Mistake(sentence.quote(0, last), whole, category)
    first, last = edit.first, edit.last
    if first == last:
        first = max(first - _CONTEXT_WORDS, 0)
        last = min(last + _CONTEXT_WORDS, len(sentence) - 1)
    if quote_little:
        first, last = sentence.whole_words(first, last)
    return Mistake(sentence.quote(first, last), sentence.rewrite(edit, first, last), category)


def score(words: int, findings: Sequence[Finding]) -> int:
    """Return the score of a message of `words` words, 30 to 100.

    `90 + min(10, words) - sum(weights) * 10 / (words + 5)`, rounded: a correct message gains up to
    ten points for its length; a mistake costs its lesson's weight in a five-word sentence, more in a
    shorter one and less in a longer one. Of findings about the same words the heaviest counts; each
    category counts once per sentence.
    """
    apart = _apart(findings)
    counted = {(finding.sentence.tokens[0].start, finding.lesson.category): finding for finding in apart}
    penalty = sum(finding.lesson.weight for finding in counted.values()) * 10 / (words + 5)
    return max(_LOWEST_SCORE, round(90 + min(10, words) - penalty))


def _apart(findings: Sequence[Finding]) -> list[Finding]:
    """Keep the heaviest of the findings that share words of a sentence."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda finding: -finding.lesson.weight):
        if not any(_overlap(finding, other) for other in kept):
            kept.append(finding)
    return kept


def _overlap(one: Finding, other: Finding) -> bool:
    """Say whether two findings share a word of the same sentence."""
    same = one.sentence.tokens[0].start == other.sentence.tokens[0].start
    return same and one.edit.first <= other.edit.last and other.edit.first <= one.edit.last
