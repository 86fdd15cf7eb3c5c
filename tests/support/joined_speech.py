"""What is heard of an MP3, and whether pieces are heard in a joined one as they are alone."""

from collections.abc import Sequence
from io import BytesIO

import av
import numpy as np
import numpy.typing as npt

from worker.ports import Speech
from worker.speech.pauses import SHORT_PAUSE_SECONDS

Heard = npt.NDArray[np.float32]
"""Decoded samples, about −1 to 1."""


def decoded(mp3: bytes) -> Heard:
    """Return what PyAV decodes, at the MP3's own rate."""
    with av.open(BytesIO(mp3), "r", format="mp3") as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def voiced(seconds: float, rate: int, *, seed: int) -> Speech:
    """Return sound with the shape of speech, loud from its first sample to its last, then a short pause.

    The ends are the hardest that a joint can meet: a voice ends softly.
    """
    chance = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * chance.uniform(120, 900) * times) * (1.5 + np.sin(2 * np.pi * 4 * times))
    samples = 8_000 * tone + chance.normal(0, 500, len(times))
    pause = np.zeros(round(SHORT_PAUSE_SECONDS * rate), np.int16)
    return Speech(np.concatenate([samples.astype(np.int16), pause]), rate)


def frame_length(rate: int) -> int:
    """Return how many samples an MP3 frame has (MPEG-1 from 32 kHz on, MPEG-2 and 2.5 below)."""
    return 1_152 if rate >= 32_000 else 576


def largest_difference(whole: Heard, pieces: Sequence[Heard], rate: int) -> float:
    """Return how far any sample of a piece's sound is from what is heard in its place in the whole.

    The place is the frame nearest to where the pieces before it end.
    """
    frame, pause = frame_length(rate), round(SHORT_PAUSE_SECONDS * rate)
    differences, ended = [], 0
    for piece in pieces:
        sound = piece[: len(piece) - pause]
        start = round(ended / frame) * frame
        differences.append(np.abs(whole[start : start + len(sound)] - sound).max())
        ended += len(piece)
    return float(max(differences))


def largest_jump(samples: Heard) -> float:
    """Return the largest step from one sample to the next."""
    return float(np.abs(np.diff(samples)).max())
