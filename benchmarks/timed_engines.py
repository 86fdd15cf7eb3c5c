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
    """Write word by word, as tutors do; the last word of a sentence comes with the first of the next.

    That a sentence has ended shows only when the next one begins: so it is known to be whole when it is.
    """
    began, before = time.monotonic(), 0.0
    ends = [float(each) for each in os.environ[SENTENCES].split(",")]
    sentences = [
        f"This is sentence number {number} of what I have to say." for number in range(1, len(ends) + 1)
    ]
    open_words = sentences[0].split()
    for whole, following in zip(ends, [*sentences[1:], ""], strict=True):
        first, *rest = following.split() or [""]
        open_words[-1] += f" {first}"
        for count, word in enumerate(open_words, start=1):
            moment = began + before + (whole - before) * count / len(open_words)
            time.sleep(max(0.0, moment - time.monotonic()))
            request.draft.write(word if count == 1 and not before else f" {word}")
        before, open_words = whole, rest
    request.draft.end()
    return TutorReply(" ".join(sentences), None, None, None, 90)
