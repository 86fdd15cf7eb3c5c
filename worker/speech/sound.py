"""What the models say, made into one sound of even loudness."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from worker.errors import EngineUnavailableError
from worker.ports import Samples
from worker.speech.voice import RATE, Wave

PAUSE_SECONDS = 0.25
"""Between two utterances, about what a speaker leaves between sentences."""
SPEECH_LEVEL = 0.1
"""Root mean square of the loud frames: −20 dB of full scale, at which spoken word is often delivered."""
PEAK = 0.95

_FRAME = RATE // 100
_EDGE = 3 * _FRAME
"""Kept around the first and the last sound, so that a soft consonant is not cut off."""
_SILENT_UNDER = 0.01
_LOUD_OVER = 0.1
"""Both as shares of the loudest frame: 40 dB and 20 dB below it."""
_FADE = RATE // 200


def joined(waves: Sequence[Wave]) -> Samples:
    """Return the waves in order as one: each trimmed of silence, equally loud, with a short pause between.

    Root mean square rather than a loudness library's measure, which would bring SciPy into every
    environment for two voices that differ by a gain. Raises `EngineUnavailableError` for a wave that
    has no sound, or holds what is not a number.
    """
    pause = np.zeros(round(PAUSE_SECONDS * RATE), np.float32)
    sounds = [pause]
    for wave in waves:
        sounds += [_faded(_leveled(trimmed(wave))), pause]
    whole = np.concatenate(sounds[1:-1])
    return np.round(whole * np.iinfo(np.int16).max).astype(np.int16)


def trimmed(wave: Wave) -> Wave:
    """Return `wave` without silence at its ends. Raises `EngineUnavailableError` where it has no sound."""
    frames = _frame_levels(wave)
    if not np.isfinite(wave).all() or not frames.any():
        raise EngineUnavailableError("There is no sound in what was spoken.")
    heard = np.flatnonzero(frames > _SILENT_UNDER * frames.max())
    start, end = heard[0] * _FRAME - _EDGE, (heard[-1] + 1) * _FRAME + _EDGE
    return wave[max(0, start) : end]


def _leveled(wave: Wave) -> Wave:
    """Return `wave` at `SPEECH_LEVEL`, or less where its peaks would pass `PEAK`."""
    frames = _frame_levels(wave)
    loud = frames[frames > _LOUD_OVER * frames.max()]
    gain = SPEECH_LEVEL / np.sqrt(np.mean(loud**2))
    return wave * np.float32(min(gain, PEAK / np.abs(wave).max()))


def _faded(wave: Wave) -> Wave:
    """Return `wave` with soft ends: a cut in the middle of a swing clicks."""
    ramp = np.linspace(0, 1, min(_FADE, len(wave) // 2), dtype=np.float32)
    faded = wave.copy()
    faded[: len(ramp)] *= ramp
    faded[len(wave) - len(ramp) :] *= ramp[::-1]
    return faded


def _frame_levels(wave: Wave) -> npt.NDArray[np.float64]:
    """Return the root mean square of each 10 ms; an incomplete last frame is filled with silence."""
    filled = np.pad(wave.astype(np.float64), (0, -len(wave) % _FRAME))
    levels: npt.NDArray[np.float64] = np.sqrt(np.mean(filled.reshape(-1, _FRAME) ** 2, axis=1))
    return levels
