"""What the engines of a chaos run do with each turn, and how a turn's number travels through them.

A turn is known by its number: in its words, in its recording's pitch, in each sentence of the tutor's answer
and in the length of its speech. So whatever comes out can be checked against what went in.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from worker.ports import Samples
from worker.speech.sound import PAUSE_SECONDS

RATE = 16_000
RECORDING_SECONDS = 0.5
_LOWEST_HERTZ = 200
_HERTZ_A_NUMBER = 6
_BEGINS_ANEW = 2
_NUMBER = re.compile(r"\d+")


class Conduct(StrEnum):
    """What happens to a turn in its engines."""

    HEALTHY = "healthy"
    SLOW = "slow"
    POISONS_TRANSCRIBE = "poisons transcribe"
    POISONS_SPEAK = "poisons speak"
    HANGS_TRANSCRIBE = "hangs transcribe"
    HANGS_SPEAK = "hangs speak"


@dataclass(frozen=True, slots=True)
class Conducts:
    """How long each stage takes, in seconds, and the turns that are not healthy."""

    seconds: dict[str, float]
    turns: dict[int, Conduct]

    def of(self, number: int) -> Conduct:
        """Return the turn's conduct."""
        return self.turns.get(number, Conduct.HEALTHY)

    def write(self, path: Path) -> None:
        """Write it where the engines read it."""
        path.write_text(json.dumps({"seconds": self.seconds, "turns": self.turns}))

    @classmethod
    def read(cls, path: Path) -> "Conducts":
        """Read what `write` wrote."""
        told = json.loads(path.read_text())
        return cls(told["seconds"], {int(number): Conduct(turn) for number, turn in told["turns"].items()})


def words_of(number: int) -> str:
    """Return what the learner says in the turn."""
    return f"Turn {number} of the chaos."


def number_in(words: str) -> int:
    """Return the number of the turn that the words belong to: the first number in them."""
    found = _NUMBER.search(words)
    if found is None:
        raise ValueError("words of no turn")
    return int(found.group())


def recording_of(number: int) -> Samples:
    """Return a tone at the turn's pitch: mono, 16 kHz."""
    hertz = _LOWEST_HERTZ + _HERTZ_A_NUMBER * number
    wave = np.sin(np.arange(round(RATE * RECORDING_SECONDS)) * hertz * 2 * np.pi / RATE) * 8000
    return wave.astype(np.int16)


def number_heard(samples: Samples) -> int:
    """Return the number of the turn whose recording this is."""
    hertz = int(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE / len(samples)
    return round((hertz - _LOWEST_HERTZ) / _HERTZ_A_NUMBER)


def answer_to(number: int, remembered: list[int]) -> list[str]:
    """Return the sentences of the tutor's answer; the first tells the turns it remembers.

    Each is a piece of speech by itself: none is cut, and the second is long enough not to wait for the third.
    """
    first = f"Answer {number} remembers {' '.join(map(str, remembered)) or 'nothing'} of what was before."
    return [first, *later_sentences(number)]


def later_sentences(number: int) -> Sequence[str]:
    """Return what follows the first sentence of the turn's answer: nothing, or a sentence or two."""
    both = (f"Turn {number} goes on with a second sentence here.", f"Turn {number} ends with a third.")
    return both[: number % 3]


def is_long(number: int) -> bool:
    """Tell whether the turn's answer has several sentences, and is begun once."""
    return len(later_sentences(number)) > 1 and abandoned_start(number) is None


def abandoned_start(number: int) -> str | None:
    """Return what the tutor writes and takes back before its answer; with some turns, nothing."""
    return f"Wrong answer {number} was begun and is told. Wrong" if number % 5 == _BEGINS_ANEW else None


def piece_seconds(number: int) -> float:
    """Return how long each piece of the turn's speech sounds, with the pause at its end."""
    return sound_seconds(number) + PAUSE_SECONDS


def sound_seconds(number: int) -> float:
    """Return how long the voice speaks each sentence of the turn's answer."""
    return 0.2 + number / 1000
