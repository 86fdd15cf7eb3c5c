"""What the synthesizer asks of a model: one voice, which says one utterance at a time."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float32]
"""Mono sound of shape `(n,)` at `RATE`, about −1 to 1."""

RATE = 24_000
"""Hz; what both models speak at."""


class Voice(Protocol):
    """A loaded model. One thread at a time."""

    name: str
    """Under which operators know it."""
    longest: int
    """How many characters it speaks well in one go."""

    def say(self, text: str) -> Wave:
        """Return `text` spoken, which is not empty and not longer than `longest`. Raises `EngineError`."""
        ...
