"""Engines of a known speed: each takes its time and does nothing else. Seconds come from the environment."""

import os
import random
import time

import numpy as np

from worker.ports import Recording, Speech, Transcript, TutorReply, TutorRequest

STT, LLM, TTS = "BENCHMARK_STT_SECONDS", "BENCHMARK_LLM_SECONDS", "BENCHMARK_TTS_SECONDS"
SPREAD = "BENCHMARK_SPREAD"
SENTENCES = "BENCHMARK_SENTENCES"
"""After how many seconds each sentence of a reply is whole, as `0.3,0.8`; unset, nothing is streamed."""


def _take(name: str) -> None:
    """Sleep for the seconds that the variable says, up to the spread's share more or less."""
    spread = float(os.environ[SPREAD])
    time.sleep(float(os.environ[name]) * random.uniform(1 - spread, 1 + spread))


class TimedTranscriber:
    def transcribe(self, recording: Recording) -> Transcript:
        _take(STT)
        return Transcript(f"I heard {recording.seconds:.0f} seconds")


class TimedTutor:
    def reply(self, request: TutorRequest) -> TutorReply:
        if SENTENCES in os.environ:
            return _streamed(request)
        _take(LLM)
        return TutorReply(f"You said: {request.message}", None, None, None, 90)


class TimedSynthesizer:
    def speak(self, text: str) -> Speech:
        _take(TTS)
        return Speech(np.full(1_600, 1_000, np.int16), 16_000)


def _streamed(request: TutorRequest) -> TutorReply:
    """Write word by word, as tutors do: that a sentence has ended shows only when the next word begins."""
    began, before, written = time.monotonic(), 0.0, ""
    for number, whole in enumerate(map(float, os.environ[SENTENCES].split(",")), start=1):
        words = f"This is sentence number {number} of what I have to say.".split()
        for count, word in enumerate(words, start=1):
            moment = began + before + (whole - before) * count / len(words)
            time.sleep(max(0.0, moment - time.monotonic()))
            request.draft.write(f" {word}" if written else word)
            written = f"{written} {word}".strip()
        before = whole
    request.draft.end()
    return TutorReply(written, None, None, None, 90)
