"""The legal ends of a claimed stage, and of a job.

Everything that a stage leaves (its result, and the next stage or the job's end with its effects) is written
in the caller's one transaction, fenced by the lease's token, so it happens once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col

from shared import conversations, effects, metrics, results
from shared.effects import JobEnd
from shared.failures import POISONED, Failure
from shared.jobs import LEASE_COLUMNS, Claim, Hint, LeaseLostError, texts_to_speak, waiting
from shared.models import Conversation, Job, JobStatus, SpokenPart, Stage, StageOutcome, StageRun
from shared.results import StageResult, StoredSpeech, Synthesized
from shared.retries import check_retryable


@dataclass(frozen=True, slots=True)
class Transitions:
    """Moves jobs on within `session`. `usage_zone` decides which day a turn is counted on.

    Each method returns the hint to publish after the commit: the next stage, or the conversation's
    next turn if it was not sent before; None if nothing waits. The hint already counts as sent. A caller
    that cannot send it calls `jobs.mark_unpublished`; if the caller dies first, the sweep sends it later.
    """

    session: Session
    usage_zone: ZoneInfo

    def succeed(self, claim: Claim, result: StageResult) -> Hint | None:
        """Record a stage's result. Raises `LeaseLostError` where the claim is no longer held."""
        job, now = self._owned(claim)
        results.write(self.session, job, result)
        self._add_run(job, now, StageOutcome.SUCCEEDED, engine=result.engine)
        following = _stage_after(job)
        if following is None:
            return self._end(job, now, JobStatus.SUCCEEDED, _seconds_of_new_sounds(result))
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
        results.name_speech(self.session, job, speech)
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
        effects.bring_about(JobEnd(self.session, job, now, self.usage_zone, seconds or {}))
        self.session.flush()
        return self._next_turn(job.conversation_id)

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


def _stage_of(job: Job) -> Stage:
    if job.stage is None:
        raise ValueError(f"job {job.id} has ended")
    return job.stage


def _seconds_of_new_sounds(result: StageResult) -> dict[UUID, float]:
    sounds = result.sounds.values() if isinstance(result, Synthesized) else ()
    return {written.audio_id: written.seconds for written in sounds}


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
    for column in LEASE_COLUMNS:
        setattr(job, column, None)
