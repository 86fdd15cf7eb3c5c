"""What the tutor corrects of what was heard, and whether that was said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from benchmarks.accuracy.listening import Heard
from benchmarks.word_errors import words_of
from worker.hearing.alike import sound_alike
from worker.hearing.certainty import certainties
from worker.hearing.edits import edited_words
from worker.hearing.evidence import unsure_words, words_that_are
from worker.hearing.gate import only_what_was_heard
from worker.ports import Mistake, Tutor, TutorReply, TutorRequest
from worker.text.spoken_words import spoken_words

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that is shown where nothing holds it back.

    `words` are the indices of the heard words that it rests on, with one on each side of the change; `own`
    are those that it changes, or puts something between. `was_said` tells whether `words` were said in a row,
    `quote_was_said` whether all words were that it quotes.
    """

    heard: Heard
    mistake: Mistake
    words: tuple[int, ...]
    own: tuple[int, ...]
    was_said: bool
    quote_was_said: bool
    is_for_tuning: bool


def answered(tutor: Tutor, heard: Heard, sure_from: float | None) -> TutorReply | None:
    """Return what a learner is answered; None where nothing was heard.

    `sure_from`: how certain a word must be. None: every word counts as sure, as without a gate.
    """
    if not heard.text:
        return None
    sure = [sure_from is None or one >= sure_from for one in certainties(heard.words)]
    flags = [(word.word, is_sure) for word, is_sure in zip(heard.words, sure, strict=True)]
    hindi = words_that_are(heard.text, [(word.word, word.is_hindi) for word in heard.words])
    unsure = unsure_words(heard.text, flags)
    request = TutorRequest(heard.text, (), _SECONDS, heard.language, unsure, hindi)
    reply = tutor.reply(request)
    if not request.is_english:
        reply = replace(reply, mistake=None, score=None)
    return only_what_was_heard(reply, request)


def corrected(
    tutor: Tutor, heard: Heard, said: str, sure_from: float | None, *, is_for_tuning: bool = False
) -> Correction | None:
    """Return the correction that a learner is shown beside what was said, None without one."""
    reply = answered(tutor, heard, sure_from)
    if reply is None or reply.mistake is None:
        return None
    return judged(heard, said, reply.mistake, is_for_tuning=is_for_tuning)


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
        tuple(touched[1:-1] or touched),
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
    spoken = words_of(said)
    expanded = [
        (index, part)
        for index, word in enumerate(heard.words)
        for each in words_of(word.word)
        for part in _parted(each, spoken)
    ]
    words = [each for _, each in expanded]
    partners = _aligned(words, [part for each in spoken for part in _parted(each, words)])
    asked = [at for at, (index, _) in enumerate(expanded) if index in set(indices)]
    if any(partners[at] is None for at in asked):
        return False
    return all(
        (partners[one] or 0) + 1 == partners[next_] for one, next_ in pairwise(asked) if one + 1 == next_
    )


def said_words(heard: Heard, said: str) -> list[bool]:
    """Return for each heard word whether it was said."""
    return [were_said(heard, said, [index]) for index in range(len(heard.words))]


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


def _parted(word: str, others: Sequence[str]) -> list[str]:
    """Return a word in two where the other text writes it so: "alot" where that has "a lot"."""
    return next(([one, other] for one, other in pairwise(others) if one + other == word), [word])


def _same(one: str, other: str) -> bool:
    return one == other or sound_alike(one, other)


def _meet(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def tokens(text: str) -> list[str]:
    """Return the words of a text as they sound."""
    return [word.sound for word in spoken_words(text)]
