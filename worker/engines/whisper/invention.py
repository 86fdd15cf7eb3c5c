"""Tells what was said from what the model hallucinated: words for silence, and loops.

A learner who repeats one sentence (a drill) and a model in a loop both give a text that repeats itself. The
words' times tell them apart: a word that was said takes time, while a loop's words match no sound, so many
of them end where they begin.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from faster_whisper.transcribe import Segment

from worker.engines.whisper.languages import ENGLISH

NO_SPEECH_OVER = 0.6
UNSURE_UNDER = -1.0
"""Whisper's own limits: no speech is likely, and the words were guessed (mean log probability a token)."""
REPETITIVE_OVER = 2.4
"""Bytes of text for a compressed byte, Whisper's own limit: more is a drill or a loop."""
REPETITIVE_OVER_ELSEWHERE = 3.6
"""The same in other scripts: a letter of Devanagari takes three bytes, so honest text reaches 2.3."""
TIMELESS_OVER = 0.3
"""The share of a window's words without a length from which it is a loop: drills reach 0.18, loops begin at
0.37 (Whisper base, 24 drills of people and voices against loops on music, noise and cut speech).
"""


def what_was_said(segments: Iterable[Segment], language: str) -> list[Segment]:
    """Return the segments without what was made up. They need words; a window's are judged together."""
    windows = [list(window) for _, window in groupby(segments, key=lambda segment: segment.seek)]
    return [segment for window in windows for segment in _said_in(window, language)]


def _said_in(window: Sequence[Segment], language: str) -> Sequence[Segment]:
    """Return what was said in a window, whose segments share all numbers but their words.

    A loop is sure of itself, whatever it writes, so only the chance of silence decides: where someone spoke,
    the loop is a drill's that ran on, and its words that take time were said.
    """
    numbers = window[0]
    silent = numbers.no_speech_prob > NO_SPEECH_OVER
    if silent and numbers.avg_logprob < UNSURE_UNDER:
        return ()
    limit = REPETITIVE_OVER if language == ENGLISH else REPETITIVE_OVER_ELSEWHERE
    if numbers.compression_ratio <= limit or not _is_loop(window):
        return window
    return () if silent else [said for segment in window if (said := _with_times(segment)).words]


def _is_loop(window: Sequence[Segment]) -> bool:
    lengths = [word.end - word.start for segment in window for word in segment.words or ()]
    timeless = sum(length <= 0 for length in lengths)
    return timeless > TIMELESS_OVER * len(lengths) or not lengths


def _with_times(segment: Segment) -> Segment:
    words = [word for word in segment.words or () if word.end > word.start]
    return replace(segment, words=words, text="".join(word.word for word in words))
