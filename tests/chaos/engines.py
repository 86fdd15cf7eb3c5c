"""Engines of known speed that note each call, and break exactly where the plan says so."""

import itertools
import os
import signal
import time
from functools import lru_cache
from pathlib import Path

import numpy as np

from tests.chaos.conduct import (
    RATE,
    Conduct,
    Conducts,
    answer_to,
    number_heard,
    number_in,
    speech_seconds,
    words_of,
)
from worker.ports import Mistake, Recording, Speech, Transcript, TutorReply, TutorRequest

DIRECTORY = "CHAOS_DIR"
CONDUCTS, CALLS = "conducts.json", "calls.log"
# Slow enough that a worker is caught at it; the reply outlasts a transcription that two workers run.
SLOW_SECONDS = {"transcribe": 1.5, "reply": 3.0}
HANG_SECONDS = 600.0


@lru_cache(maxsize=1)
def _conducts() -> Conducts:
    return Conducts.read(Path(os.environ[DIRECTORY]) / CONDUCTS)


def _work(stage: str, number: int) -> None:
    with (Path(os.environ[DIRECTORY]) / CALLS).open("a") as calls:
        calls.write(f"{stage} {number} {os.getpid()}\n")
    conduct = _conducts().of(number)
    if conduct == f"poisons {stage}":
        os.kill(os.getpid(), signal.SIGKILL)
    if conduct is Conduct.HANGS_TRANSCRIBE and stage == "transcribe":
        sum(itertools.repeat(0))  # holds the interpreter: only the hard limit ends it
    if conduct == f"hangs {stage}":
        time.sleep(HANG_SECONDS)
    known = _conducts().seconds
    time.sleep((known | SLOW_SECONDS if conduct is Conduct.SLOW else known)[stage])


class KnownTranscriber:
    """Hears a turn's number in its pitch."""

    name = "known ear"

    def transcribe(self, recording: Recording) -> Transcript:
        number = number_heard(recording.samples)
        _work("transcribe", number)
        return Transcript(words_of(number))


class KnownTutor:
    """Answers with the turn's number and those it remembers; every third turn has a mistake."""

    name = "known tutor"

    def reply(self, request: TutorRequest) -> TutorReply:
        number = number_in(request.message)
        _work("reply", number)
        mistake = None if number % 3 else Mistake("Turn", "The turn", "article")
        explanation = None if mistake is None else "Yahan article chahiye."
        score = None if number % 7 == 0 else number % 101
        text = answer_to(number, [number_in(turn.message) for turn in request.history])
        return TutorReply(text, mistake, explanation, None, score, tokens_in=number, tokens_out=number + 1)


class KnownSynthesizer:
    """Speaks an answer as long a tone as its turn's number says."""

    name = "known voice"

    def speak(self, text: str) -> Speech:
        number = number_in(text)
        _work("synthesize", number)
        wave = np.sin(np.arange(round(RATE * speech_seconds(number))) * 440 * 2 * np.pi / RATE) * 8000
        return Speech(wave.astype(np.int16), RATE)


ENGINES = {
    f"{kind}_ENGINE": f"{engine.__module__}:{engine.__name__}"
    for kind, engine in {"STT": KnownTranscriber, "LLM": KnownTutor, "TTS": KnownSynthesizer}.items()
}
