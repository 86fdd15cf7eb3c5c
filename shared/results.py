"""What each stage produces, and which columns of a job it fills. Nothing else writes those columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypedDict
from uuid import UUID

from sqlalchemy.orm import Session

from shared import audio_objects
from shared.audio_objects import WrittenAudio
from shared.jobs import AUDIO_COLUMNS
from shared.models import Job, SpokenPart


class HeardWord(TypedDict):
    """A word of a transcript; `start` and `end` in seconds from the recording's start, `probability` 0–1."""

    word: str
    start: float
    end: float
    probability: float


class ReplyWarning(TypedDict):
    """Why a reply has less than was asked for; `detail` is safe to show a learner."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a reply corrects: `wrong` as the learner said it, `right` in its place."""

    wrong: str
    right: str
    category: str


@dataclass(frozen=True, slots=True)
class StoredSpeech:
    """An audio object with the same text spoken for another job; it may have been removed by now.

    `engine`: what to show for the voice.
    """

    audio_id: UUID
    engine: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What was heard in a recording. `engine`: what to show for the ear."""

    kind: ClassVar[str] = "stt"
    engine: str
    text: str
    language: str | None = None
    words: Sequence[HeardWord] | None = None


@dataclass(frozen=True, slots=True)
class Replied:
    """What the tutor answered. `engine`: what to show for the tutor.

    `speech`: what need not be spoken any more, if it still exists.
    """

    kind: ClassVar[str] = "llm"
    engine: str
    text: str
    mistake: Mistake | None = None
    hinglish_explanation: str | None = None
    devanagari_explanation: str | None = None
    score: int | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    warnings: Sequence[ReplyWarning] = ()
    speech: Mapping[SpokenPart, StoredSpeech] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Synthesized:
    """The sounds that were made, whose rows do not say yet that their bytes are there.

    `engine`: what to show for the voice.
    """

    kind: ClassVar[str] = "tts"
    engine: str
    sounds: Mapping[SpokenPart, WrittenAudio]


StageResult = Transcribed | Replied | Synthesized


def write(session: Session, job: Job, result: StageResult) -> None:
    """Fill the job's columns with what its stage produced."""
    match result:
        case Transcribed():
            job.transcript, job.transcript_language = result.text, result.language
            job.transcript_words = None if result.words is None else [{**word} for word in result.words]
        case Replied():
            _write_reply(job, result)
        case Synthesized():
            for written in result.sounds.values():
                audio_objects.mark_stored(session, written)
            for part, written in result.sounds.items():
                setattr(job, AUDIO_COLUMNS[part], written.audio_id)
    job.engines = job.engines | {result.kind: result.engine}
    if isinstance(result, Replied):
        name_speech(session, job, result.speech)


def _write_reply(job: Job, reply: Replied) -> None:
    mistake = reply.mistake
    job.reply_text = reply.text
    job.mistake_wrong = mistake.wrong if mistake else None
    job.mistake_right = mistake.right if mistake else None
    job.mistake_category = mistake.category if mistake else None
    job.hinglish_explanation = reply.hinglish_explanation
    job.devanagari_explanation = reply.devanagari_explanation
    job.score = reply.score
    job.tokens_in, job.tokens_out = reply.tokens_in, reply.tokens_out
    job.warnings = [{"code": warning["code"], "detail": warning["detail"]} for warning in reply.warnings]


def name_speech(session: Session, job: Job, speech: Mapping[SpokenPart, StoredSpeech]) -> None:
    """Let the job name what still exists of stored speech: from then on nobody removes it."""
    if not speech:
        return
    held = audio_objects.hold(session, [stored.audio_id for stored in speech.values()])
    for part, stored in speech.items():
        if stored.audio_id in held:
            setattr(job, AUDIO_COLUMNS[part], stored.audio_id)
            job.engines = job.engines | {Synthesized.kind: stored.engine}
