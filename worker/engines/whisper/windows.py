"""Where Hindi was spoken amid English: Whisper's own detection of the language, on short windows.

Measured with base: docs/accuracy.md.
"""

from collections.abc import Sequence

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper.audio import pad_or_trim

from worker.engines.whisper.languages import ENGLISH, INDIAN

WINDOW_SECONDS = 2.0
"""In less the language is mistaken too often; in more there are both."""
STEP_SECONDS = 0.5
FRAMES, STATES = 100, 50
"""A second's, of Whisper's features and of its encoder."""
SUSPICIOUS_FROM = 0.7
HINDI_FROM = 0.9
NEITHER_UNDER = 0.002
"""English and Hindi together: less says nothing of either."""

Features = npt.NDArray[np.float32]


def hindi_windows(
    model: ctranslate2.models.Whisper, features: Features, encoded: ctranslate2.StorageView
) -> list[tuple[float, float]]:
    """Return the windows of a recording in which Hindi was spoken, in seconds; they may overlap.

    `features` are the recording's, at most 30 s, and `encoded` what the encoder made of them. First the
    decoder is asked for the language of each window's part of `encoded`, which takes hardly any time. A part
    knows what was said around it, so only windows that look like Hindi are encoded by themselves, and asked
    again.
    """
    starts = _starts(features.shape[-1] / FRAMES)
    states = np.asarray(encoded.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32))[0]
    shares = _hindi_shares(model, [_part(states, start, STATES, axis=0) for start in starts])
    suspicious = [start for start, share in zip(starts, shares, strict=True) if share >= SUSPICIOUS_FROM]
    shares = _hindi_shares(model, [_part(features, start, FRAMES, axis=-1) for start in suspicious])
    return [
        (start, start + WINDOW_SECONDS)
        for start, share in zip(suspicious, shares, strict=True)
        if share >= HINDI_FROM
    ]


def _starts(seconds: float) -> list[float]:
    last = max(0.0, seconds - WINDOW_SECONDS)
    return [*np.arange(0.0, last, STEP_SECONDS).tolist(), last]


def _part(whole: Features, start: float, per_second: int, *, axis: int) -> Features:
    first = round(start * per_second)
    size = round(WINDOW_SECONDS * per_second)
    within = np.take(whole, range(first, min(first + size, whole.shape[axis])), axis=axis)
    part: Features = pad_or_trim(within, size, axis=axis)
    return part


def _hindi_shares(model: ctranslate2.models.Whisper, parts: Sequence[Features]) -> list[float]:
    """Return for parts of features, or of what was encoded, how much likelier Hindi is than English, 0 to 1.

    Other languages do not count: short sounds are taken for any. Hindi is any of `INDIAN`.
    """
    if not parts:
        return []
    asked = ctranslate2.StorageView.from_array(np.ascontiguousarray(np.stack(parts)))
    return [
        _hindi_share({token[2:-2]: share for token, share in each}) for each in model.detect_language(asked)
    ]


def _hindi_share(probabilities: dict[str, float]) -> float:
    indian = sum(probabilities.get(language, 0.0) for language in INDIAN)
    either = indian + probabilities.get(ENGLISH, 0.0)
    return indian / either if either >= NEITHER_UNDER else 0.0
