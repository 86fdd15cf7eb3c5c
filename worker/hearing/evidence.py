"""Whether a mistake was heard surely enough to be corrected."""

from collections.abc import Iterable, Sequence
from enum import Enum

from worker.hearing.alike import sound_alike
from worker.hearing.edits import Span, edited_words
from worker.ports import Mistake, TutorRequest
from worker.text.languages import is_hindi_word
from worker.text.spoken_words import spoken_words


class Evidence(Enum):
    """What is known of a mistake from how it was heard."""

    SURE = "the words in question were surely said"
    HINDI = "one of them is Hindi"
    UNSURE = "one of them may never have been said"
    NONE = "wrong and right sound the same, so only the recogniser's spelling is wrong"


def evidence(mistake: Mistake, request: TutorRequest) -> Evidence:
    """Return what speaks for the mistake. A text's words are sure: the learner wrote them.

    Where the message has the words of the mistake more than once, every place must be sure. In a mixed
    sentence only what is not Hindi can be a mistake: neither in how it sounded nor in how it is written.
    """
    unsure = request.unsure
    if unsure is None:
        return Evidence.SURE
    if sound_alike(mistake.wrong, mistake.right):
        return Evidence.NONE
    found = edited_words(request.message, mistake.wrong, mistake.right)
    hindi = [*request.hindi, *_written_in_hindi(request.message)]
    if any(_touch(there, hindi) for there in found):
        return Evidence.HINDI
    is_sure = bool(found) and all(there and not _touch(there, unsure) for there in found)
    return Evidence.SURE if is_sure else Evidence.UNSURE


def is_mostly_unsure(request: TutorRequest) -> bool:
    """Tell whether most words of what was spoken may not have been said."""
    return 2 * len(request.unsure or ()) > len(spoken_words(request.message))


def unsure_words(message: str, words: Iterable[tuple[str, bool]]) -> list[Span]:
    """Return where the words of a transcript stand that were not heard surely, given whether each part was.

    The parts are found in the transcript in their order; what none of them covers counts as unsure.
    """
    sure = words_that_are(message, words)
    return [
        (word.start, word.end) for word in spoken_words(message) if not _covers(sure, (word.start, word.end))
    ]


def words_that_are(message: str, words: Iterable[tuple[str, bool]]) -> list[Span]:
    """Return where the parts of a transcript stand that are so, given whether each part is."""
    found: list[Span] = []
    at = 0
    for word, is_so in words:
        start = message.find(word, at)
        if start < 0:
            continue
        at = start + len(word)
        if is_so:
            found.append((start, at))
    return found


def _written_in_hindi(message: str) -> list[Span]:
    return [(word.start, word.end) for word in spoken_words(message) if is_hindi_word(word.sound)]


def _covers(spans: Sequence[Span], wanted: Span) -> bool:
    return any(start <= wanted[0] and wanted[1] <= end for start, end in spans)


def _touch(some: Iterable[Span], others: Sequence[Span]) -> bool:
    return any(start < end_ and start_ < end for start, end in some for start_, end_ in others)
