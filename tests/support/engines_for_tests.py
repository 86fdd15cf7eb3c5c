"""Engines with a known behaviour, plugged in by `package.module:ClassName` as anybody's are."""

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Lock
from typing import ClassVar, NoReturn

import numpy as np
from billiard.exceptions import SoftTimeLimitExceeded

from shared.errors import WarningCode
from worker.errors import (
    EngineOutOfMemoryError,
    EngineUnavailableError,
    InvalidTutorReplyError,
    NoSpeechError,
    TutorTimeoutError,
    TutorUnavailableError,
)
from worker.ports import Mistake, Recording, Speech, Transcript, TutorReply, TutorRequest, TutorWarning, Word

UNCLEAN = "a\0b\ud800c"
CLEANED = "abc"


def engine(cls: type[object]) -> str:
    """Return how a setting names the engine."""
    return f"{cls.__module__}:{cls.__qualname__}"


def _raise(error: Exception) -> NoReturn:
    raise error


class QuickTranscriber:
    """Hears how long the recording is, and the mistake of `QuickTutor`, both surely."""

    name = "quick ear"

    def transcribe(self, recording: Recording) -> Transcript:
        text = f"I am go {recording.seconds:.1f} seconds"
        return Transcript(text, tuple(Word(word, at, at + 0.1, 0.9) for at, word in enumerate(text.split())))


class UnsureTranscriber:
    """Hears as `QuickTranscriber`, but may have misheard a word of the mistake."""

    def transcribe(self, recording: Recording) -> Transcript:
        heard = QuickTranscriber().transcribe(recording)
        words = [replace(word, probability=0.2 if word.word == "go" else 1.0) for word in heard.words or ()]
        return replace(heard, words=tuple(words))


class MixedTranscriber:
    """Hears as `QuickTranscriber`; the words that it names were spoken in Hindi."""

    hindi = frozenset({"seconds"})

    def transcribe(self, recording: Recording) -> Transcript:
        heard = QuickTranscriber().transcribe(recording)
        words = [
            replace(word, probability=1.0, is_hindi=word.word in self.hindi) for word in heard.words or ()
        ]
        return replace(heard, words=tuple(words))


class HindiVerbTranscriber(MixedTranscriber):
    """Hears the word in Hindi that its tutor corrects."""

    hindi = frozenset({"go"})


class FluentTranscriber:
    """Hears six syllables in 1.25 s of speech, with a pause of 0.25 s."""

    def transcribe(self, recording: Recording) -> Transcript:
        return Transcript("We go to the market", None, "en", ((0.0, 0.5), (0.5, 1.0), (1.25, 1.5)))


class WordlessTranscriber:
    """Hears as `QuickTranscriber`, but says nothing of the words."""

    def transcribe(self, recording: Recording) -> Transcript:
        return replace(QuickTranscriber().transcribe(recording), words=None)


class HindiTranscriber:
    """Hears Hindi and writes it as a small model does."""

    def transcribe(self, recording: Recording) -> Transcript:
        return Transcript("Aaj Maasam Bhood", language="hi")


class UncleanTranscriber:
    """Gives text that neither PostgreSQL nor JSON can hold."""

    def transcribe(self, recording: Recording) -> Transcript:
        return Transcript(UNCLEAN, (Word(UNCLEAN, 0.0, 0.5, 0.9),))


class EmptyTranscriber:
    """Breaks the port's promise that a transcript is never empty."""

    def transcribe(self, recording: Recording) -> Transcript:
        return Transcript(" ")


class NotANumberTranscriber:
    """Gives a number that JSON does not have."""

    def transcribe(self, recording: Recording) -> Transcript:
        return Transcript("Hello.", (Word("Hello.", 0.0, 0.5, float("nan")),))


class BoundlessTranscriber:
    """Hears more than anyone can say, at times that there are none."""

    name = "boundless ear " * 100

    def transcribe(self, recording: Recording) -> Transcript:
        word = Word("Hello" * 50, -float("inf"), 1e300, 7.0)
        return Transcript("Hello " * 100_000, (word,) * 10_000)


class WordyTranscriber:
    """Says at length, and in colour, that it is not there."""

    def transcribe(self, recording: Recording) -> Transcript:
        raise EngineUnavailableError("\x1b[31mThe ear is <b>away</b>. " * 1_000)


class NoSpeechTranscriber:
    """Hears nothing in anything."""

    def transcribe(self, recording: Recording) -> Transcript:
        raise NoSpeechError("No speech was heard.")


class UnavailableTranscriber:
    """Is not there."""

    def transcribe(self, recording: Recording) -> Transcript:
        raise EngineUnavailableError("The ear is away.") from OSError("no device")


class OutOfMemoryTranscriber:
    """Has no memory left."""

    def transcribe(self, recording: Recording) -> Transcript:
        raise EngineOutOfMemoryError("Out of memory.")


class BrokenTranscriber:
    """Has a defect."""

    def transcribe(self, recording: Recording) -> Transcript:
        raise KeyError("a defect")


class OverrunTranscriber:
    """Is met by the soft time limit."""

    def transcribe(self, recording: Recording) -> Transcript:
        raise SoftTimeLimitExceeded


def _reply(text: str, *, score: int | None = 90, mistake: Mistake | None = None) -> TutorReply:
    return TutorReply(text, mistake, None, None, score)


class QuickTutor:
    """Corrects the same mistake in everything and repeats what it remembers."""

    name = "quick tutor"

    def reply(self, request: TutorRequest) -> TutorReply:
        remembered = "".join(f"[{turn.message} / {_wrong(turn.mistake)}]" for turn in request.history)
        return TutorReply(
            text=f"{remembered}{request.message}",
            mistake=Mistake("am go", "am going", "verb tense"),
            hinglish_explanation="Yahan 'going' chahiye.",
            devanagari_explanation="यहाँ 'going' चाहिए।",
            score=75,
            tokens_in=12,
            tokens_out=4,
        )


def _wrong(mistake: Mistake | None) -> str:
    return mistake.wrong if mistake else "-"


class TroubledTutor:
    """Fails in the way that the message names."""

    _WAYS: ClassVar[dict[str, Callable[[], TutorReply]]] = {
        "unavailable": lambda: _raise(TutorUnavailableError("The tutor is away.")),
        "timeout": lambda: _raise(TutorTimeoutError("The tutor is slow.")),
        "invalid": lambda: _raise(InvalidTutorReplyError("The tutor babbles.")),
        "memory": lambda: _raise(EngineOutOfMemoryError("Out of memory.")),
        "defect": lambda: _raise(ZeroDivisionError("a defect")),
        "soft limit": lambda: _raise(SoftTimeLimitExceeded()),
        "nothing": lambda: None,  # type: ignore[dict-item,return-value]  # breaks the port: the point
        "empty": lambda: _reply(" \n"),
        "only NUL": lambda: _reply("\0\0"),
        "score above": lambda: _reply("Good.", score=101),
        "score below": lambda: _reply("Good.", score=-1),
        "score of nothing": lambda: _reply("Good.", score=float("nan")),  # type: ignore[arg-type]  # so too
        "no mistake": lambda: _reply("Good.", mistake=Mistake("I go", "I go", "verb")),
    }

    def reply(self, request: TutorRequest) -> TutorReply:
        return self._WAYS[request.message]()


class DearTutor(QuickTutor):
    """Takes its tokens and says nothing."""

    def reply(self, request: TutorRequest) -> TutorReply:
        return replace(super().reply(request), text="")


class UncleanTutor:
    """Gives text that neither PostgreSQL nor JSON can hold."""

    def reply(self, request: TutorRequest) -> TutorReply:
        return TutorReply(UNCLEAN, Mistake(UNCLEAN, "right", UNCLEAN), UNCLEAN, UNCLEAN, 50)


class BoundlessTutor:
    """Writes and counts without end."""

    name = "boundless tutor " * 100

    def reply(self, request: TutorRequest) -> TutorReply:
        return TutorReply(
            text="Yes! " * 100_000,
            mistake=Mistake("am go" * 1_000, "am going" * 1_000, "verb" * 1_000),
            hinglish_explanation="haan " * 100_000,
            devanagari_explanation="हाँ " * 100_000,
            score=50,
            tokens_in=2_147_483_647,
            tokens_out=-5,
            warnings=[TutorWarning(WarningCode.MESSAGE_BLOCKED, "no " * 10_000)] * 100,
        )


class WaitingTutor(QuickTutor):
    """Says that a request has arrived, and answers it once it may go on."""

    arrived: ClassVar[Event] = Event()
    go_on: ClassVar[Event] = Event()

    def reply(self, request: TutorRequest) -> TutorReply:
        self.arrived.set()
        assert self.go_on.wait(60)
        return super().reply(request)


class AskedTutor(QuickTutor):
    """Notes what it is asked; warns, fails once or gives unclean text where the message says so."""

    version = "1"
    asked: ClassVar[list[str]] = []
    given_seconds: ClassVar[list[float]] = []

    def reply(self, request: TutorRequest) -> TutorReply:
        self.asked.append(request.message)
        self.given_seconds.append(request.timeout_seconds)
        reply = super().reply(request)
        if "warn" in request.message:
            return replace(reply, warnings=[TutorWarning(WarningCode.MESSAGE_BLOCKED, "Not this.")])
        if "fail once" in request.message and self.asked.count(request.message) == 1:
            raise TutorUnavailableError("The tutor is away.")
        return replace(reply, text=UNCLEAN) if "unclean" in request.message else reply


class RenamedTutor(AskedTutor):
    """Another model."""

    name = "quick tutor 2"


class RewordedTutor(AskedTutor):
    """The same with another prompt."""

    version = "2"


class CountedTutor(QuickTutor):
    """Takes its time to load and counts how often it is."""

    loads: ClassVar[int] = 0
    _lock: ClassVar[Lock] = Lock()

    def __init__(self) -> None:
        time.sleep(0.1)  # so that whoever loads at the same moment meets a load that is not done
        with self._lock:
            CountedTutor.loads += 1


class UnloadableTutor(QuickTutor):
    """Has a defect that shows while loading."""

    def __init__(self) -> None:
        raise RuntimeError("no weights at /secret/path")


class UnloadableVoice:
    """A voice whose weights are not there."""

    def __init__(self) -> None:
        raise FileNotFoundError("/secret/path")

    def speak(self, text: str) -> Speech:
        raise NotImplementedError(text)


class UnreadyTutor(QuickTutor):
    """Says itself why it cannot be loaded."""

    def __init__(self) -> None:
        raise EngineUnavailableError("The tutor's key is refused.")


class QuickSynthesizer:
    """Speaks a tenth of a second of a tone for each letter."""

    name = "quick voice"

    def speak(self, text: str) -> Speech:
        wave = np.sin(np.arange(1600 * len(text)) * 440 * 2 * np.pi / 16_000) * 8000
        return Speech(wave.astype(np.int16), 16_000)


class HeardSynthesizer(QuickSynthesizer):
    """Notes what it says."""

    said: ClassVar[list[str]] = []

    def speak(self, text: str) -> Speech:
        self.said.append(text)
        return super().speak(text)


class TwoVoices(QuickSynthesizer):
    """Has two models, as the neural voice has."""

    name = "two voices"
    parts: ClassVar[dict[str, str]] = {"turbo": "loaded", "indicf5": "loaded"}


class TroubledSynthesizer:
    """Fails in the way that the text names."""

    def speak(self, text: str) -> Speech:
        if "unavailable" in text:
            raise EngineUnavailableError("The voice is away.")
        if "memory" in text:
            raise EngineOutOfMemoryError("Out of memory.")
        if "soft limit" in text:
            raise SoftTimeLimitExceeded
        if "silent" in text:
            return Speech(np.zeros(0, np.int16), 16_000)
        if "endless" in text:
            return Speech(np.zeros(8_000 * 601, np.int16), 8_000)
        if "rate" in text:
            return Speech(np.zeros(16_000, np.int16), 0)
        if "float" in text:
            return Speech(np.zeros(16_000, np.float32), 16_000)
        raise ValueError("a defect")


class PaidButUnreadableTutor:
    """Gives what breaks the port's promises, and counts what it cost."""

    def reply(self, request: TutorRequest) -> TutorReply:
        return TutorReply("", None, None, None, None, tokens_in=50, tokens_out=5)
