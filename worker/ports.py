"""The ports: three protocols that engines implement, and the values that pass between.

Any class with a port's method, built without arguments, is an engine: name it as
`package.module:ClassName` in `STT_ENGINE`, `LLM_ENGINE` or `TTS_ENGINE`. Building it loads its
model; it is built once per process. An engine may have a `name` attribute, shown to clients and
operators (for instance `"whisper large-v3"`); without one its setting's value is shown. One of
several models may have `parts`, their names with the state of each.

A tutor that gets its reply piece by piece may write it to the request's `draft`, so that a learner hears
the first sentence while the last is being written. One that does not is heard when it has answered.

A tutor may have a `version`: a text that changes whenever the same request could get another answer,
for instance because the prompt has changed. With the setting's value and the name it tells
which cached replies are its own.

An engine may have a method `release_memory()`: it frees the device's memory that the engine holds
and does not use, for instance a library's cache, and never raises. It is called when one of a
worker's engines has raised `EngineOutOfMemoryError`, before that engine is tried once more.

Threads: a `Transcriber` and a `Synthesizer` are called by one thread at a time; a `Tutor` is
called by up to 16 threads at once and must be safe for that.

Errors: an engine raises only `worker.errors.EngineError`; anything else is a defect, recorded as
`engine_unavailable` (`tutor_unavailable` for a tutor) and logged with its cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from shared.errors import WarningCode
from shared.models import MistakeCategory

Samples = npt.NDArray[np.int16]

RECORDING_RATE = 16_000

SHORTEST_PAUSE_SECONDS = 0.25
"""What parts two stretches of speech: shorter silences belong to articulation (De Jong & Bosker 2013,
"Choosing a threshold for silent pauses to measure second language fluency").
"""


@dataclass(frozen=True, slots=True)
class Recording:
    """A learner's speech: mono, 16 kHz. `samples` has shape `(n,)`, signed 16-bit."""

    samples: Samples
    sample_rate: int = RECORDING_RATE

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; `start` and `end` in seconds from the recording's start, `probability` 0–1.

    `is_hindi`: it was spoken in Hindi amid another language, so what is written may be a translation.
    """

    word: str
    start: float
    end: float
    probability: float
    is_hindi: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard, in the language that was spoken. `text` is never empty.

    `words` is None if the engine gives no timings. `language` is the spoken one's ISO 639 code, such as
    `"en"` or `"hi"`, None if the engine cannot tell. A small model may recognise Hindi by its sound but
    write it badly: speech that is certainly Hindi is `"hi"`, whatever its text. `speech` says when somebody
    spoke, as a detector of voices has it: from when to when in seconds, parted by silences of
    `SHORTEST_PAUSE_SECONDS` and more; None if the engine has no detector.
    """

    text: str
    words: tuple[Word, ...] | None = None
    language: str | None = None
    speech: tuple[tuple[float, float], ...] | None = None


class Transcriber(Protocol):
    """Speech to text."""

    def transcribe(self, recording: Recording) -> Transcript:
        """Return what the learner said.

        Raises `NoSpeechError` rather than inventing words for silence or noise.
        A long native call should release the interpreter or work in small pieces, so that the soft
        time limit can end it; the hard one kills the process.
        """
        ...


@dataclass(frozen=True, slots=True)
class Mistake:
    """The one mistake a reply corrects: `wrong` as the learner said it, `right` in its place.

    `category` is a `shared.models.MistakeCategory`. What another name means is looked up; one that nobody
    knows means `other`.
    """

    wrong: str
    right: str
    category: str


@dataclass(frozen=True, slots=True)
class DueMistake:
    """A mistake that the learner made before and should meet again: only the words that change.

    `was_invited`: the reply before this message invited its form, and need not do so again.
    """

    id: str
    category: MistakeCategory
    wrong: str
    right: str
    was_invited: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """A past turn of the conversation: what the learner said and how the tutor answered."""

    message: str
    reply: str
    mistake: Mistake | None = None


class Draft(Protocol):
    """A reply's text while a tutor writes it. Each sentence is shown and spoken as soon as it is whole.

    Only for the tutor that it is given to, within its call and in the thread of that call. What the reply's
    `text` at last says counts: where that differs from what was written, the learner is told to forget it.
    What these methods raise is not the tutor's to handle: let it pass.
    """

    def write(self, text: str) -> None:
        """Add the next piece of the text, of any length. It need not be plain, nor short enough."""
        ...

    def end(self) -> None:
        """Say that the text is whole, though the rest of the reply is not: its last sentence is one."""
        ...

    def restart(self) -> None:
        """Take back all that was written: the reply begins anew."""
        ...


class IgnoredDraft:
    """The `Draft` of those who wait for the whole reply."""

    def write(self, text: str) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""

    def restart(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class TutorRequest:
    """The learner's message, the succeeded turns before it (oldest first), and the time there is.

    `timeout_seconds` bounds the whole call, retries included. `spoken_language` is a recording's
    (`Transcript.language`), None for a text: what was not spoken in English gets neither mistake nor score,
    and in Hindi an answer in Hinglish; `message` may then be badly written. `unsure` are the words of a
    recording that may not have been said, each by its start and end in `message`, None for a text: a mistake
    that rests on one is not corrected (`worker.hearing`), and should not count in the score. `hindi` are, in
    the same way, those that were spoken in Hindi amid English: nothing that rests on one is corrected, and
    there is no score. `due` are at most two mistakes whose right form the reply may invite, by a question and
    without saying why; what matters to the learner comes first. `draft` is where a tutor that can writes its
    reply while it makes it.
    """

    message: str
    history: Sequence[Turn]
    timeout_seconds: float
    spoken_language: str | None = None
    unsure: Sequence[tuple[int, int]] | None = None
    hindi: Sequence[tuple[int, int]] = ()
    due: Sequence[DueMistake] = ()
    draft: Draft = field(default_factory=IgnoredDraft, compare=False, repr=False)

    @property
    def is_english(self) -> bool:
        """Tell whether English may be in the message: as far as is known, no other language was spoken."""
        return self.spoken_language in {None, "en"}


@dataclass(frozen=True, slots=True)
class TutorWarning:
    """Why a reply lacks something that was asked for; `detail` is safe to show a learner."""

    code: WarningCode
    detail: str


@dataclass(frozen=True, slots=True)
class TutorReply:
    """The tutor's answer.

    `text`: friendly English, never empty. `mistake`: at most one, None if there is nothing to correct.
    `hinglish_explanation` (romanized) and `devanagari_explanation` (the same, for a Hindi voice)
    explain the mistake and are None without one. `score`: 0–100, or None if nothing can be judged.
    `doubtful`: without a `mistake`, one that may not have been said (`TutorRequest.unsure`); the learner is
    asked about it.
    `invited`: the ids of the due mistakes whose form the text invites. `used`: of the due mistakes whose form
    is in the message, whether it was used rightly; one that is not there is left to a rule.
    `tokens_in` and `tokens_out`: what the provider counted, 0 for an engine that counts none.
    `warnings` reach the client with the reply.
    """

    text: str
    mistake: Mistake | None
    hinglish_explanation: str | None
    devanagari_explanation: str | None
    score: int | None
    doubtful: Mistake | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    warnings: Sequence[TutorWarning] = ()
    invited: Sequence[str] = ()
    used: Mapping[str, bool] = field(default_factory=dict)


class Tutor(Protocol):
    """Answers a learner."""

    def reply(self, request: TutorRequest) -> TutorReply:
        """Return the answer to `request.message`. Thread-safe.

        The message is data: whatever it says, it never instructs the engine.
        Raises `TutorUnavailableError`, `TutorTimeoutError` or `InvalidTutorReplyError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken text: mono, `samples` of shape `(n,)`, signed 16-bit, at `sample_rate` Hz."""

    samples: Samples
    sample_rate: int

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.sample_rate


class Synthesizer(Protocol):
    """Text to speech."""

    def speak(self, text: str) -> Speech:
        """Return `text` spoken whole. `text` is never empty; English, romanized Hinglish or Devanagari.

        Raises `EngineOutOfMemoryError` or `EngineUnavailableError`.
        """
        ...
