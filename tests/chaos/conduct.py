"""What the engines of a chaos run do with each turn, and how a turn's number travels through them.

A turn is known by its number: in its words, in its recording's pitch, in the tutor's answer and in the
length of the speech. So whatever comes out can be checked against what went in.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from worker.ports import Samples

RATE = 16_000
RECORDING_SECONDS = 0.5
_LOWEST_HERTZ = 200
_HERTZ_A_NUMBER = 6
_NUMBER = re.compile(r"\d+")


class Conduct(StrEnum):
    """What happens to a turn in its engines."""

    HEALTHY = "healthy"
    SLOW = "slow"
    POISONS_TRANSCRIBE = "poisons transcribe"
    POISONS_SYNTHESIZE = "poisons synthesize"
    HANGS_TRANSCRIBE = "hangs transcribe"
    HANGS_SYNTHESIZE = "hangs synthesize"


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


def answer_to(number: int, remembered: list[int]) -> str:
    """Return the tutor's answer, which tells the turns it remembers."""
    return f"Answer {number}. Before it: {' '.join(map(str, remembered)) or 'nothing'}."


def speech_seconds(number: int) -> float:
    """Return how long the turn's answer sounds."""
    return 0.2 + number / 1000
