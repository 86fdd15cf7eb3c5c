"""A text's phonemes by espeak-ng, with its own punctuation, from which the model takes its intonation."""

import re
from enum import StrEnum

from worker.speech.espeak_library import EspeakLibrary


class Accent(StrEnum):
    """Whose pronunciation it is: a voice of espeak-ng."""

    AMERICAN = "en-us"
    BRITISH = "en-gb-x-rp"
    HINDI = "hi"


_MARKS = re.compile(r"(\s*[.,!?;:()…—।॥]+\s*)")
_DANDA = str.maketrans("।॥", "..")
# espeak-ng leaves "I" unstressed and runs it into "am": the model then omits it.
_LONE_I = re.compile(r"(?<!\S)aɪ(?: |(?=ɐm\b)|$)")
_STRESSED_I = "ˈaɪ "


def phonemes(library: EspeakLibrary, text: str, accent: Accent) -> str:
    """Return how `text` sounds in `accent`, marks included. Raises `EngineUnavailableError`."""
    parts = _MARKS.split(text)
    said = [_mark(part) if place % 2 else _words(library, part, accent) for place, part in enumerate(parts)]
    return "".join(said).strip()


def _mark(part: str) -> str:
    return f"{part.strip().translate(_DANDA)}{' ' if part[-1:].isspace() else ''}"


def _words(library: EspeakLibrary, part: str, accent: Accent) -> str:
    """Return the phonemes of words without marks; a lone "I" keeps its stress."""
    said = library.phonemes(part, accent)
    return said if accent is Accent.HINDI else _LONE_I.sub(_STRESSED_I, said).strip()
