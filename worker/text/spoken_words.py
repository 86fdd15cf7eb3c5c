"""A text's words as they sound: case, punctuation, spacing and apostrophes are the writer's."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Letters, digits and apostrophes; Python counts no Indian vowel sign as a letter, so they are named by block.
_WORD = re.compile(r"(?:[^\W_]|['’]|[\u0900-\u0963\u0966-\u0dff])+")
_APOSTROPHES = re.compile("['’]")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it sounds, and where it stands in the text."""

    sound: str
    start: int
    end: int


def spoken_words(text: str) -> list[SpokenWord]:
    """Return the words of `text` in their order."""
    found = (
        SpokenWord(_APOSTROPHES.sub("", match[0]).casefold(), match.start(), match.end())
        for match in _WORD.finditer(text)
    )
    return [word for word in found if word.sound]


def sounds(text: str) -> list[str]:
    """Return the words of `text` as they sound."""
    return [word.sound for word in spoken_words(text)]


def places(words: Sequence[SpokenWord], wanted: Sequence[str]) -> Iterator[int]:
    """Yield the indices at which `words` has the words of `wanted` in a row; none where it has none."""
    heard = [word.sound for word in words]
    if wanted:
        for first in range(len(words) - len(wanted) + 1):
            if heard[first : first + len(wanted)] == list(wanted):
                yield first
