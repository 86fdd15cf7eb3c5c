"""The legal ends of a claimed stage, and of a job.

Every effect of a stage (its output, the next stage or the job's end, the messages, the day's usage)
is written in the caller's one transaction, fenced by the lease's token, so it happens once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Float, Select, bindparam, case, func, insert, select, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col

from shared import audio_objects, conversations, events, metrics, usage
from shared.audio_objects import WrittenAudio
from shared.errors import RETRYABLE_FAILURES, DomainError, ErrorCode
from shared.failures import POISONED, Failure
from shared.jobs import AUDIO_COLUMNS, MAX_RETRIES, Claim, Hint, texts_to_speak, waiting
from shared.models import AudioObject, Conversation, Job, JobStatus, SpokenPart, Stage, StageOutcome, StageRun

_LEASE_COLUMNS = (
    "lease_token",
    "lease_worker",
    "lease_expires_at",
    "stage_started_at",
    "stage_deadline_at",
)


class LeaseLostError(Exception):
    """Someone else owns the stage now, or the job has ended: drop the result silently."""


class NotRetryableError(DomainError):
    """The job has not failed, would fail again, or was tried often or long ago."""

    code = ErrorCode.NOT_RETRYABLE


@dataclass(frozen=True, slots=True)
class StoredSpeech:
    """An audio object that spoke the same text before, for another job; it may be gone by now.

    `engine`: what to show for the voice.
    """

    audio_id: UUID
    engine: str


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage produced: the job's columns it fills, and the engine to show for it.

    `engine_kind` is `stt`, `llm` or `tts`. `speech`: what need not be spoken any more, if it still exists.
    `written`: the sounds among the columns, whose rows do not say yet that their bytes are there.
    """

    engine_kind: str
    engine: str
    columns: Mapping[str, object]
    speech: Mapping[SpokenPart, StoredSpeech] = field(default_factory=dict)
    written: Sequence[WrittenAudio] = ()


@dataclass(frozen=True, slots=True)
class Transitions:
    """Moves jobs on within `session`. `usage_zone` decides which day a turn is counted on.

    Each method returns the hint to publish after the commit: the next stage, or the conversation's
    next turn, where that was not sent before; None where nothing waits. It counts as sent already: whoever
    cannot send it says so (`jobs.mark_unpublished`), and whoever dies before leaves a hint that was lost.
    """

    session: Session
    usage_zone: ZoneInfo

    def succeed(self, claim: Claim, result: StageResult) -> Hint | None:
        """Record a stage's result. Raises `LeaseLostError` where the claim is no longer held."""
        job, now = self._owned(claim)
        for written in result.written:
            audio_objects.mark_stored(self.session, written)
        for column, value in result.columns.items():
            setattr(job, column, value)
        job.engines = job.engines | {result.engine_kind: result.engine}
        self._name(job, result.speech)
        self._add_run(job, now, StageOutcome.SUCCEEDED, engine=result.engine)
        following = _stage_after(job)
        if following is None:
            seconds = {written.audio_id: written.seconds for written in result.written}
            return self._end(job, now, JobStatus.SUCCEEDED, seconds)
        if job.cancel_requested_at is not None:
            return self._end(job, now, JobStatus.CANCELLED)
        job.stage, job.deaths = following, 0
        _make_ready(job, now)
        return Hint(job.id, following)

    def name_speech(self, claim: Claim, speech: Mapping[SpokenPart, StoredSpeech]) -> Job:
        """Let a claimed job name stored speech before its stage ends; return the job as it is then.

        Raises `LeaseLostError` where the claim is no longer held.
        """
        job, _ = self._owned(claim)
        self._name(job, speech)
        return job

    def fail(self, claim: Claim, failure: Failure) -> Hint | None:
        """Record that a stage failed. Raises `LeaseLostError` where the claim is no longer held."""
        job, now = self._owned(claim)
        self._add_run(job, now, failure.outcome, error_code=failure.code)
        job.tokens_in += failure.tokens_in
        job.tokens_out += failure.tokens_out
        return self._end_with(job, now, failure)

    def settle_death(self, job: Job, now: datetime, *, deaths_allowed: int) -> Hint | None:
        """Take the stage of a locked `job` from its dead worker: run it again, or quarantine it.

        Deaths in `reply` are not counted: the LLM worker runs many stages beside each other, and one
        crash must not cost the neighbours; `reply` is bounded by the run deadline instead.
        """
        stage = _stage_of(job)
        if stage is not Stage.REPLY:
            job.deaths += 1
        self._add_run(job, now, StageOutcome.LOST)
        if job.cancel_requested_at is not None:
            return self._end(job, now, JobStatus.CANCELLED)
        if job.deaths >= deaths_allowed:
            return self._end_with(job, now, POISONED[stage])
        _make_ready(job, now)
        return Hint(job.id, stage)

    def give_back(self, job: Job, now: datetime) -> Hint | None:
        """Take the stage of a locked `job` from a worker that could not finish it: nobody died."""
        stage = _stage_of(job)
        self._add_run(job, now, StageOutcome.LOST)
        if job.cancel_requested_at is not None:
            return self._end(job, now, JobStatus.CANCELLED)
        _make_ready(job, now)
        return Hint(job.id, stage)

    def give_up(self, job: Job, now: datetime, failure: Failure) -> Hint | None:
        """End a locked, unfinished `job` whoever holds its lease; a stage in flight counts as a run."""
        if job.lease_token is not None:
            self._add_run(job, now, failure.outcome, error_code=failure.code)
        return self._end_with(job, now, failure)

    def cancel(self, job: Job, now: datetime) -> Hint | None:
        """End a locked `job` that waits; ask one that runs to end after its stage; leave an ended one.

        One whose worker let its lease run out does not run any more.
        """
        if job.finished_at is not None:
            return None
        job.cancel_requested_at = job.cancel_requested_at or now
        if job.lease_token is not None:
            if job.lease_expires_at is None or job.lease_expires_at >= now:
                return None
            self._add_run(job, now, StageOutcome.LOST)
        return self._end(job, now, JobStatus.CANCELLED)

    def abandon(self, job_id: UUID, *, token: UUID | None = None) -> None:
        """End a job whose proper end cannot be written, unless it has ended.

        It is quarantined, or cancelled where that was asked for, with the least that can be written: without
        the run, messages and usage. The conversation's next turn is left to the sweep.
        With `token` only the owner of that lease may: raises `LeaseLostError` where it is not held any more.
        """
        owned = {} if token is None else {"its_token": token}
        ended = self.session.execute(_abandon(fenced=token is not None), {"its_id": job_id} | owned)
        row = ended.one_or_none()
        if row is None:
            if token is not None:
                raise LeaseLostError
            return
        count = partial(metrics.count_end, row.kind, row.status, row.error_code, row.seconds)
        metrics.on_commit(self.session, count)
        events.notify_job_ended(self.session, job_id)

    def retry(self, job: Job, now: datetime) -> Hint | None:
        """Let a locked, failed `job` run again from the stage that failed, as its conversation's last turn.

        Its last try has been counted. Raises `NotRetryableError`, as `check_retryable` without a window.
        """
        check_retryable(job, now)
        job.retries += 1
        job.tokens_in = job.tokens_out = 0
        job.turn = conversations.next_turn(self.session, job.conversation_id)
        job.status, job.stage, job.deaths = JobStatus.QUEUED, job.error_stage, 0
        job.error_code = job.error_detail = job.error_stage = None
        job.started_at = job.finished_at = job.cancel_requested_at = None
        job.stage_ready_at, job.published_at = now, None
        self.session.flush()
        return self._next_turn(job.conversation_id)

    def lock(self, job_id: UUID) -> tuple[Job, datetime]:
        """Lock the job's conversation, then the job; return it as it is now and the transaction's time.

        Raises SQLAlchemy's `NoResultFound` where the job was deleted.
        """
        job, now = self.session.execute(_lock(), {"job_id": job_id}).one()
        return job, now

    def _owned(self, claim: Claim) -> tuple[Job, datetime]:
        try:
            job, now = self.lock(claim.job.id)
        except NoResultFound:
            raise LeaseLostError from None  # deleted with its conversation
        if job.lease_token != claim.token:
            raise LeaseLostError
        return job, now

    def _name(self, job: Job, speech: Mapping[SpokenPart, StoredSpeech]) -> None:
        """Let the job name what still exists of stored speech: from then on nobody removes it."""
        if not speech:
            return
        held = audio_objects.hold(self.session, [stored.audio_id for stored in speech.values()])
        for part, stored in speech.items():
            if stored.audio_id in held:
                setattr(job, AUDIO_COLUMNS[part], stored.audio_id)
                job.engines = job.engines | {"tts": stored.engine}

    def _end_with(self, job: Job, now: datetime, failure: Failure) -> Hint | None:
        if job.stage is Stage.SYNTHESIZE:
            # A reply without a voice is still a reply.
            job.warnings = [*job.warnings, {"code": str(failure.code), "detail": failure.detail}]
            return self._end(job, now, JobStatus.SUCCEEDED)
        job.error_code, job.error_detail, job.error_stage = str(failure.code), failure.detail, job.stage
        return self._end(job, now, JobStatus.FAILED)

    def _end(
        self, job: Job, now: datetime, status: JobStatus, seconds: Mapping[UUID, float] | None = None
    ) -> Hint | None:
        """End the job. `seconds`: how long those of its sounds are that are known."""
        job.status, job.stage, job.finished_at = status, None, now
        _release(job)
        day = now.astimezone(self.usage_zone).date()
        if status is JobStatus.SUCCEEDED:
            conversations.add_messages(self.session, job)
            usage.count_turn(
                self.session,
                job,
                day=day,
                voice_seconds=self._seconds(seconds or {}, job.upload_id),
                speech_seconds=self._seconds(seconds or {}, job.reply_audio_id, job.explanation_audio_id),
            )
        elif job.tokens_in or job.tokens_out:
            usage.count_tokens(self.session, job, day=day)
        total = (now - job.created_at).total_seconds()
        metrics.on_commit(self.session, partial(metrics.count_end, job.kind, status, _code_of(job), total))
        events.notify_job_ended(self.session, job.id)
        self.session.flush()
        return self._next_turn(job.conversation_id)

    def _seconds(self, known: Mapping[UUID, float], *audio_ids: UUID | None) -> float:
        """Return how long the sounds are together; only what is not known is asked."""
        named = {audio_id for audio_id in audio_ids if audio_id is not None}
        total = sum(known[audio_id] for audio_id in named & known.keys())
        if unknown := named - known.keys():
            rest = select(func.sum(col(AudioObject.seconds))).where(col(AudioObject.id).in_(unknown))
            total += self.session.scalar(rest) or 0.0
        return total

    def _next_turn(self, conversation_id: UUID) -> Hint | None:
        row = self.session.execute(_send_next_turn(), {"its_conversation": conversation_id}).one_or_none()
        return Hint(row.id, row.stage) if row else None

    def _add_run(
        self,
        job: Job,
        now: datetime,
        outcome: StageOutcome,
        *,
        engine: str | None = None,
        error_code: str | None = None,
    ) -> None:
        stage, started = _stage_of(job), job.stage_started_at or now
        seconds = (now - started).total_seconds()
        metrics.on_commit(self.session, partial(metrics.count_run, stage, outcome, seconds))
        run = {
            "job_id": job.id,
            "stage": stage,
            "worker": job.lease_worker or "",
            "engine": engine,
            "outcome": outcome,
            "error_code": error_code,
            "started_at": started,
            "finished_at": now,
        }
        with self.session.no_autoflush:  # the job is still to be changed, and is to be written once
            self.session.execute(insert(StageRun.metadata.tables["stage_runs"]), run)


def check_retryable(job: Job, now: datetime, *, window: timedelta = timedelta.max) -> None:
    """Raise `NotRetryableError` unless a locked job may be retried: `window` after its end at the latest."""
    if job.status is not JobStatus.FAILED or job.finished_at is None:
        raise NotRetryableError("Only a failed job can be tried again.")
    if job.error_code not in RETRYABLE_FAILURES:
        raise NotRetryableError("This job would fail again.")
    if job.retries >= MAX_RETRIES:
        raise NotRetryableError(f"This job was tried again {MAX_RETRIES} times already.")
    if job.error_stage is Stage.TRANSCRIBE and job.upload_id is None:
        raise NotRetryableError("The recording of this job is not stored any more.")
    if now - job.finished_at > window:
        raise NotRetryableError("This job failed too long ago to be tried again.")


@cache  # building a statement costs more than running it
def _lock() -> Select[Job, datetime]:
    """Return the query whose FOR UPDATE locks a row of each table, in the order in which it names them."""
    return (
        select(Job, func.now())
        .join(Conversation, col(Conversation.id) == col(Job.conversation_id))
        .where(col(Job.id) == bindparam("job_id"))
        .with_for_update(of=[Conversation, Job])
        .execution_options(populate_existing=True)
    )


@cache
def _send_next_turn() -> ReturningUpdate[UUID, Stage | None]:
    unsent = col(Job.published_at).is_(None)
    return (
        update(Job)
        .where(col(Job.conversation_id) == bindparam("its_conversation"), unsent, waiting())
        .values(published_at=func.now())
        .returning(col(Job.id), col(Job.stage))
        .execution_options(synchronize_session=False)
    )


@cache
def _abandon(*, fenced: bool) -> ReturningUpdate[Any]:
    unfinished = (col(Job.id) == bindparam("its_id"), col(Job.finished_at).is_(None))
    of_the_owner = [col(Job.lease_token) == bindparam("its_token")] if fenced else []
    was_cancelled = col(Job.cancel_requested_at).is_not(None)
    poisoned = POISONED[Stage.REPLY]
    return (
        update(Job)
        .where(*unfinished, *of_the_owner)
        .values(
            status=case((was_cancelled, JobStatus.CANCELLED), else_=JobStatus.FAILED),
            error_code=case((was_cancelled, None), else_=str(poisoned.code)),
            error_detail=case((was_cancelled, None), else_=poisoned.detail),
            error_stage=case((was_cancelled, None), else_=col(Job.stage)),
            stage=None,
            finished_at=func.now(),
            **dict.fromkeys(_LEASE_COLUMNS),
        )
        .returning(
            col(Job.kind),
            col(Job.status),
            col(Job.error_code),
            func.extract("epoch", func.now() - col(Job.created_at)).cast(Float).label("seconds"),
        )
        .execution_options(synchronize_session=False)
    )


def _stage_of(job: Job) -> Stage:
    if job.stage is None:
        raise ValueError(f"job {job.id} has ended")
    return job.stage


def _code_of(job: Job) -> str | None:
    """Return the code that says how the job ended, where there is one: its error's or its last warning's."""
    if job.status is JobStatus.SUCCEEDED and job.warnings:
        return job.warnings[-1]["code"]
    return job.error_code


def _stage_after(job: Job) -> Stage | None:
    if job.stage is Stage.TRANSCRIBE:
        return Stage.REPLY
    if job.stage is Stage.REPLY and texts_to_speak(job):
        return Stage.SYNTHESIZE
    return None


def _make_ready(job: Job, now: datetime) -> None:
    job.stage_ready_at = job.published_at = now
    _release(job)


def _release(job: Job) -> None:
    for column in _LEASE_COLUMNS:
        setattr(job, column, None)
