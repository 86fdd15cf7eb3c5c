"""Which words of a message a correction is about."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from worker.text.spoken_words import places, sounds, spoken_words

Span = tuple[int, int]
"""Part of a text: where it starts, and where it ends."""


def edited_words(message: str, wrong: str, right: str) -> list[list[Span]]:
    """Return, for each place of `message` that has the words of `wrong`, the words that the change rests on.

    Those are the ones that the smallest change to `right` replaces or takes out, and the one on each side:
    for what it puts in, just these two. Compared by words, as they sound; none where only the spelling
    changes.
    """
    words, wanted = spoken_words(message), sounds(wrong)
    touched = list(_touched(wanted, sounds(right)))
    found: list[list[Span]] = []
    for first in places(words, wanted):
        there = {first + index for index in touched}
        found.append([(words[at].start, words[at].end) for at in sorted(there) if 0 <= at < len(words)])
    return found


def _touched(wrong: list[str], right: list[str]) -> Iterator[int]:
    """Yield which words of `wrong` the change rests on; -1 and their number are the words around them."""
    for change, start, end, _, __ in SequenceMatcher(None, wrong, right, autojunk=False).get_opcodes():
        if change != "equal":
            yield from range(start - 1, end + 1)
