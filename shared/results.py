"""What each kind of step produces, and the job's columns that it fills."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NotRequired, TypedDict
from uuid import UUID

from shared.audio_objects import WrittenAudio
from shared.models import Job, MistakeCategory, SpokenPart


class HeardWord(TypedDict):
    """A word of a transcript; `start` and `end` in seconds from the recording's start, `probability` 0–1.

    `unsure`: it may not have been said, so nothing that rests on it is corrected; nor on what was spoken in
    Hindi amid English, which alone has `hindi`.
    """

    word: str
    start: float
    end: float
    probability: float
    unsure: bool
    hindi: NotRequired[Literal[True]]


class ReplyWarning(TypedDict):
    """Why a reply has less than was asked for; `detail` is safe to show a learner."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a reply corrects: `wrong` as the learner said it, `right` in its place.

    `edit` identifies it within its category (`shared.learning.edits`).
    """

    wrong: str
    right: str
    category: MistakeCategory
    edit: str | None = None


class FormUse(TypedDict):
    """That the form of a mistake in the ledger was used, rightly (`passed`) or not; `kind`: a `UseKind`."""

    mistake_id: str
    kind: str
    passed: bool


class ReviewOutcome(TypedDict):
    """What a review showed. `passed` is None where too little was surely heard to tell.

    The ledger adds when the mistake comes back and its state.
    """

    mistake_id: str
    passed: bool | None
    differences: list[dict[str, str]]
    due_at: NotRequired[str]
    state: NotRequired[str]


@dataclass(frozen=True, slots=True)
class StoredSpeech:
    """An audio object with the same text spoken for another job; it may have been removed by now.

    `engine`: what to show for the voice.
    """

    audio_id: UUID
    engine: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a part's text, to be spoken by itself. `stored`: its speech, if the cache knows it."""

    part: SpokenPart
    position: int
    text: str
    stored: StoredSpeech | None = None


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What was heard in a recording. `engine`: what to show for the ear.

    `articulation_rate` in syllables a second and `pauses_per_minute`: how fluent it was, where that is known.
    """

    kind: ClassVar[str] = "stt"
    engine: str
    text: str
    language: str | None = None
    words: Sequence[HeardWord] | None = None
    articulation_rate: float | None = None
    pauses_per_minute: float | None = None


@dataclass(frozen=True, slots=True)
class Replied:
    """What the tutor answered. `engine`: what to show for the tutor.

    `uses`: the forms of earlier mistakes that the learner used; `invited`: the mistakes whose form the reply
    invites. `review`: what a review showed.
    `last_sentences`: the numbers and texts of the sentences that were not told before.
    `pieces`: the pieces to be spoken that were not handed over before.
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
    uses: Sequence[FormUse] = ()
    invited: Sequence[UUID] = ()
    review: ReviewOutcome | None = None
    last_sentences: Sequence[tuple[int, str]] = ()
    pieces: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of speech that was made; its audio's row does not say yet that the bytes are there.

    `engine`: what to show for the voice.
    """

    kind: ClassVar[str] = "tts"
    engine: str
    written: WrittenAudio


@dataclass(frozen=True, slots=True)
class Repeated:
    """A piece of speech that need not be made: it was spoken before."""

    stored: StoredSpeech


@dataclass(frozen=True, slots=True)
class Joined:
    """A part's pieces as one file; its audio's row does not say yet that the bytes are there."""

    written: WrittenAudio


StepResult = Transcribed | Replied | Spoken | Repeated | Joined


def write_transcript(job: Job, heard: Transcribed) -> None:
    """Fill the job's columns with what was heard."""
    job.transcript, job.transcript_language = heard.text, heard.language
    job.articulation_rate, job.pauses_per_minute = heard.articulation_rate, heard.pauses_per_minute
    job.transcript_words = None if heard.words is None else [{**word} for word in heard.words]
    job.engines = job.engines | {heard.kind: heard.engine}


def write_reply(job: Job, reply: Replied) -> None:
    """Fill the job's columns with what the tutor answered."""
    mistake = reply.mistake
    job.reply_text = reply.text
    job.mistake_wrong = mistake.wrong if mistake else None
    job.mistake_right = mistake.right if mistake else None
    job.mistake_category = mistake.category if mistake else None
    job.mistake_edit = mistake.edit if mistake else None
    job.uses = [{**use} for use in reply.uses] or None
    job.invited = list(reply.invited) or None
    job.review = {**reply.review} if reply.review else None
    job.hinglish_explanation = reply.hinglish_explanation
    job.devanagari_explanation = reply.devanagari_explanation
    job.score = reply.score
    job.tokens_in, job.tokens_out = reply.tokens_in, reply.tokens_out
    job.warnings = [{"code": warning["code"], "detail": warning["detail"]} for warning in reply.warnings]
    job.engines = job.engines | {reply.kind: reply.engine}
