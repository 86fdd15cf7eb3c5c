"""Jobs and replies as clients see them."""

from datetime import datetime
from uuid import UUID

from pydantic import (
    BaseModel,
    Field,
)

from api.http.problems import Problem
from api.schemas import PageQuery, PageView
from shared.models import JobKind, JobStatus, MistakeCategory, MistakeState, SpokenPart, Stage


class JobsQuery(PageQuery):
    """Which jobs are asked for."""

    status: JobStatus | None = Field(default=None, description="only jobs in this state")


class ReplyWarning(BaseModel):
    """Why a reply has less than was asked for."""

    code: str
    detail: str


class SpeechPiece(BaseModel):
    """A piece of the answer that can be heard. Pieces are played by part and index, one behind the other."""

    part: SpokenPart
    index: int
    text: str
    audio_url: str | None = Field(description="null where it cannot be reached any more")
    seconds: float


class TranscriptWord(BaseModel):
    """A recognised word; seconds from the start, probability 0–1."""

    word: str
    start: float
    end: float
    probability: float


class ChatReply(BaseModel):
    """The tutor's answer."""

    reply_text: str
    correction: str | None = Field(
        description="`wrong → right`, or null: nothing to correct, or not heard surely enough"
    )
    mistake_category: MistakeCategory | None = Field(description="null without a correction")
    mistake_id: UUID | None = Field(
        description="the mistake in the learner's list; null without a correction"
    )
    hinglish_explanation: str | None
    score: int | None = Field(description="0–100, or null where nothing can be judged")
    audio_url: str | None
    audio_url_expires_at: datetime | None
    speech: list[SpeechPiece] = Field(description="the pieces that can be heard so far")
    explanation_audio_url: str | None
    conversation_id: str
    transcript: str | None = Field(description="what was heard; voice only")
    unsure_words: list[TranscriptWord] | None = Field(
        description="the words that were not heard surely; voice only, null where it cannot be told"
    )
    warnings: list[ReplyWarning]


class WordDifference(BaseModel):
    """Where a review differs from what was expected; one of them may be empty."""

    expected: str
    said: str


class ReviewReply(ChatReply):
    """The answer to a review: the mistake that was reviewed, and how it stands with it now.

    All but the reply is null where the mistake has been erased meanwhile.
    """

    passed: bool | None = Field(
        description="null where too little was heard surely to tell: nothing is counted"
    )
    differences: list[WordDifference] = Field(description="from the right words, in their order")
    due_at: datetime | None = Field(description="when the mistake should come up again")
    state: MistakeState | None


class Timings(BaseModel):
    """Milliseconds each part took; null while unknown or where a part was skipped."""

    queued_ms: int | None = None
    transcribe_ms: int | None = None
    reply_ms: int | None = None
    synthesize_ms: int | None = None
    first_sound_ms: int | None = Field(default=None, description="from `created_at` to the first piece")
    total_ms: int | None = None


class EnginesUsed(BaseModel):
    """The engines that worked on a job, `(cached)` behind one that had given the same answer before."""

    stt: str | None = None
    llm: str | None = None
    tts: str | None = None


class Links(BaseModel):
    """Where to go from a job."""

    self: str
    wait: str
    events: str
    cancel: str
    retry: str


class JobView(BaseModel):
    """A job."""

    id: UUID
    kind: JobKind
    user_id: str
    conversation_id: str
    status: JobStatus
    stage: Stage | None
    done: bool
    queue_position: int | None
    eta_seconds: float | None
    transcript: str | None
    transcript_words: list[TranscriptWord] | None
    result: ReviewReply | ChatReply | None = Field(description="a `ReviewReply` where `kind` is `review`")
    error: Problem | None
    timings: Timings
    engines: EnginesUsed
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    links: Links


class JobPage(PageView[JobView]):
    """Jobs, newest first."""
