"""What the tutor corrects of what was heard, and whether that was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.accuracy.listening import Heard
from benchmarks.word_errors import words_of
from worker.engines.offline import OfflineTutor
from worker.hearing.alike import sound_alike
from worker.hearing.edits import edited_words
from worker.ports import Mistake, TutorRequest
from worker.text.spoken_words import spoken_words

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that is shown where nothing holds it back.

    `words` are the indices of the heard words that it rests on; `was_said` tells whether just these were
    said there, `quote_was_said` whether all words were that it quotes.
    """

    heard: Heard
    mistake: Mistake
    words: tuple[int, ...]
    was_said: bool
    quote_was_said: bool
    is_for_tuning: bool


def correct(
    tutor: OfflineTutor, heard: Heard, unsure: Sequence[tuple[int, int]] | None = ()
) -> Mistake | None:
    """Return what the tutor corrects, given the words that were not heard surely; None for a written text."""
    if not heard.text or heard.language != "en":
        return None
    return tutor.reply(TutorRequest(heard.text, (), _SECONDS, heard.language, unsure)).mistake


def judged(heard: Heard, said: str, mistake: Mistake, *, is_for_tuning: bool) -> Correction:
    """Return the correction beside what was really said."""
    spans = edited_words(heard.text, mistake.wrong, mistake.right)
    touched = [
        index for index, span in enumerate(word_spans(heard)) if _meet(span, spans[0] if spans else ())
    ]
    quote = heard.text.find(mistake.wrong)
    quoted = [
        index
        for index, (start, end) in enumerate(word_spans(heard))
        if start < quote + len(mistake.wrong) and quote < end
    ]
    return Correction(
        heard,
        mistake,
        tuple(touched),
        were_said(heard, said, touched),
        were_said(heard, said, quoted),
        is_for_tuning,
    )


def word_spans(heard: Heard) -> list[tuple[int, int]]:
    """Return where each heard word stands in the text."""
    spans, at = [], 0
    for word in heard.words:
        start = heard.text.find(word.word, at)
        at = at if start < 0 else start + len(word.word)
        spans.append((max(start, 0), at))
    return spans


def were_said(heard: Heard, said: str, indices: Sequence[int]) -> bool:
    """Tell whether the heard words of these indices were said, and those in a row in a row."""
    if not indices:
        return False
    expanded = [(index, each) for index, word in enumerate(heard.words) for each in words_of(word.word)]
    partners = _aligned([each for _, each in expanded], words_of(said))
    asked = [at for at, (index, _) in enumerate(expanded) if index in set(indices)]
    if any(partners[at] is None for at in asked):
        return False
    return all(
        (partners[one] or 0) + 1 == partners[next_] for one, next_ in pairwise(asked) if one + 1 == next_
    )


def _aligned(heard: Sequence[str], said: Sequence[str]) -> list[int | None]:
    """Return for each heard word the said one that it is, by the fewest changes (Levenshtein)."""
    costs = [[0] * (len(said) + 1) for _ in range(len(heard) + 1)]
    for row in range(len(heard) + 1):
        for column in range(len(said) + 1):
            if row == 0 or column == 0:
                costs[row][column] = row + column
                continue
            same = _same(heard[row - 1], said[column - 1])
            costs[row][column] = min(
                costs[row - 1][column] + 1,
                costs[row][column - 1] + 1,
                costs[row - 1][column - 1] + (not same),
            )
    partners: list[int | None] = [None] * len(heard)
    row, column = len(heard), len(said)
    while row and column:
        same = _same(heard[row - 1], said[column - 1])
        if costs[row][column] == costs[row - 1][column - 1] + (not same):
            row, column = row - 1, column - 1
            partners[row] = column if same else None
        elif costs[row][column] == costs[row - 1][column] + 1:
            row -= 1
        else:
            column -= 1
    return partners


def _same(one: str, other: str) -> bool:
    return one == other or sound_alike(one, other)


def _meet(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def tokens(text: str) -> list[str]:
    """Return the words of a text as they sound."""
    return [word.sound for word in spoken_words(text)]
