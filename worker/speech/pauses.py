"""The pause that a piece of speech ends with, so that pieces can be played one right after the other."""

import re

import numpy as np

from worker.ports import Speech
from worker.speech.sound import PAUSE_SECONDS

SHORT_PAUSE_SECONDS = 0.18
"""After a piece that ends within a sentence. No shorter: joining cuts the pause to make up for the silence
that MP3 adds to each piece, up to 123 ms at 16 kHz (`worker.stages.joining`)."""

_SENTENCE_END = re.compile(r"[.!?…।॥][\W_]*\Z")


def with_pause(speech: Speech, text: str) -> Speech:
    """Return `speech`, which says `text`, with the pause that a speaker leaves after it."""
    seconds = PAUSE_SECONDS if _SENTENCE_END.search(text) else SHORT_PAUSE_SECONDS
    pause = np.zeros(round(seconds * speech.sample_rate), np.int16)
    return Speech(np.concatenate([speech.samples, pause]), speech.sample_rate)
