"""Recordings that a test makes itself. Synthetic sound is no speech: use it where nothing is recognised."""

import wave
from pathlib import Path

import numpy as np

RATE = 16_000


def write_tone(path: Path, *, seconds: float = 1.0, hertz: float = 440.0) -> Path:
    """Write a 16 kHz mono WAV of a tone and return its path."""
    samples = np.sin(np.arange(round(RATE * seconds)) * hertz * 2 * np.pi / RATE) * 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype(np.int16).tobytes())
    return path
