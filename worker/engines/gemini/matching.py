"""Is what the model calls a mistake really in the learner's words? Compared as speech is heard.

Case, punctuation, spacing and apostrophes make no difference: a transcript's are the machine's.
"""

import re
from dataclasses import dataclass

# Letters, digits and apostrophes; Python counts no Indian vowel sign as a letter, so they are named by block.
_WORD = re.compile(r"(?:[^\W_]|['’]|[\u0900-\u0963\u0966-\u0dff])+")
_APOSTROPHES = re.compile("['’]")


@dataclass(frozen=True, slots=True)
class _Word:
    heard: str
    start: int
    end: int


def find_words(message: str, phrase: str) -> str | None:
    """Return the part of `message` that has the words of `phrase`, as the learner has it; None if absent."""
    words, wanted = _words(message), _heard(phrase)
    if not wanted:
        return None
    for first in range(len(words) - len(wanted) + 1):
        found = words[first : first + len(wanted)]
        if [word.heard for word in found] == wanted:
            return message[found[0].start : found[-1].end]
    return None


def sounds_alike(one: str, other: str) -> bool:
    """Tell whether two texts have the same words."""
    return _heard(one) == _heard(other)


def contains(text: str, phrase: str) -> bool:
    """Tell whether `phrase` occurs in `text`, perhaps with an ending: `preponed` contains `prepone`."""
    return " ".join(_heard(phrase)) in " ".join(_heard(text))


def _heard(text: str) -> list[str]:
    return [word.heard for word in _words(text)]


def _words(text: str) -> list[_Word]:
    heard = [
        _Word(_APOSTROPHES.sub("", match[0]).casefold(), match.start(), match.end())
        for match in _WORD.finditer(text)
    ]
    return [word for word in heard if word.heard]
