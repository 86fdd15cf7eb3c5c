"""Engines of known speed that note each call, and break exactly where the plan says so."""

import itertools
import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from tests.chaos.conduct import (
    RATE,
    Conduct,
    Conducts,
    abandoned_start,
    answer_to,
    number_heard,
    number_in,
    sound_seconds,
    words_of,
)
from worker.ports import Mistake, Recording, Speech, Transcript, TutorReply, TutorRequest, Word

DIRECTORY = "CHAOS_DIR"
CONDUCTS, CALLS = "conducts.json", "calls.log"
# Slow enough that a worker is caught at it; the reply outlasts a transcription that two workers run.
SLOW_SECONDS = {"transcribe": 1.5, "reply": 3.0}
# A tutor's text comes in pieces of any size; these are none of its words or sentences.
_WRITTEN_AT_ONCE = 7
HANG_SECONDS = 600.0


@lru_cache(maxsize=1)
def _conducts() -> Conducts:
    return Conducts.read(Path(os.environ[DIRECTORY]) / CONDUCTS)


def _seconds(stage: str, number: int) -> float:
    """Return how long the stage of the turn takes."""
    known = _conducts().seconds
    return (known | SLOW_SECONDS if _conducts().of(number) is Conduct.SLOW else known)[stage]


def _begin(stage: str, number: int) -> None:
    """Note the call; break where that is planned."""
    with (Path(os.environ[DIRECTORY]) / CALLS).open("a") as calls:
        calls.write(f"{stage} {number} {os.getpid()}\n")
    conduct = _conducts().of(number)
    if conduct == f"poisons {stage}":
        os.kill(os.getpid(), signal.SIGKILL)
    if conduct is Conduct.HANGS_TRANSCRIBE and stage == "transcribe":
        sum(itertools.repeat(0))  # holds the interpreter: only the hard limit ends it
    if conduct == f"hangs {stage}":
        time.sleep(HANG_SECONDS)


def _work(stage: str, number: int) -> None:
    _begin(stage, number)
    time.sleep(_seconds(stage, number))


def _written(text: str) -> Sequence[str]:
    return [text[start : start + _WRITTEN_AT_ONCE] for start in range(0, len(text), _WRITTEN_AT_ONCE)]


def _in_time(pieces: Sequence[str], seconds: float) -> Iterator[str]:
    """Yield the pieces, evenly over the time."""
    for piece in pieces:
        yield piece
        time.sleep(seconds / len(pieces))


class KnownTranscriber:
    """Hears a turn's number in its pitch, and is sure of every word."""

    name = "known ear"

    def transcribe(self, recording: Recording) -> Transcript:
        number = number_heard(recording.samples)
        _work("transcribe", number)
        text = words_of(number)
        return Transcript(text, tuple(Word(word, 0.0, 0.0, 1.0) for word in text.split()))


class KnownTutor:
    """Answers with the turn's number and those it remembers, and writes it slowly.

    Every third turn has a mistake, and with every fifth the tutor begins anew.
    """

    name = "known tutor"

    def reply(self, request: TutorRequest) -> TutorReply:
        number = number_in(request.message)
        _begin("reply", number)
        text = " ".join(answer_to(number, [number_in(turn.message) for turn in request.history]))
        start = abandoned_start(number)
        seconds = _seconds("reply", number) / (1 if start is None else 2)
        if start is not None:
            for piece in _in_time(_written(start), seconds):
                request.draft.write(piece)
            request.draft.restart()
        for piece in _in_time(_written(text), seconds):
            request.draft.write(piece)
        request.draft.end()
        mistake = None if number % 3 else Mistake("Turn", "The turn", "article")
        explanation = None if mistake is None else "Yahan article chahiye."
        score = None if number % 7 == 0 else number % 101
        return TutorReply(text, mistake, explanation, None, score, tokens_in=number, tokens_out=number + 1)


class KnownSynthesizer:
    """Speaks each piece of an answer as long a tone as its turn's number says."""

    name = "known voice"

    def speak(self, text: str) -> Speech:
        number = number_in(text)
        _work("speak", number)
        wave = np.sin(np.arange(round(RATE * sound_seconds(number))) * 440 * 2 * np.pi / RATE) * 8000
        return Speech(wave.astype(np.int16), RATE)


ENGINES = {
    f"{kind}_ENGINE": f"{engine.__module__}:{engine.__name__}"
    for kind, engine in {"STT": KnownTranscriber, "LLM": KnownTutor, "TTS": KnownSynthesizer}.items()
}
