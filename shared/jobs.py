"""Jobs: accepting, claiming and finding them. A repository: it never commits.

PostgreSQL holds the truth; a message on a queue is only a `Hint` that a job's stage waits.
How a claimed stage ends is in `shared.transitions`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Interval,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlmodel import col

from shared import conversations
from shared.errors import DomainError, ErrorCode
from shared.models import Job, JobKind, JobStatus, SpokenPart, Stage, Worker
from shared.retries import retryable
from shared.workers import LIVE_FOR

IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=24)
AUDIO_COLUMNS = {SpokenPart.REPLY: "reply_audio_id", SpokenPart.EXPLANATION: "explanation_audio_id"}
"""The columns of a job that name its speech."""

LEASE_COLUMNS = (
    "lease_token",
    "lease_worker",
    "lease_expires_at",
    "stage_started_at",
    "stage_deadline_at",
)
"""The columns of a job that are set while a worker owns its stage."""


class LeaseLostError(Exception):
    """Someone else owns the stage now, or the job has ended: the loss is logged and the result dropped."""


class IdempotencyKeyReusedError(DomainError):
    """The key came before with another request."""

    code = ErrorCode.IDEMPOTENCY_KEY_REUSED


@dataclass(frozen=True, slots=True)
class Hint:
    """What a queue's message carries: this stage of this job may be ready to run."""

    job_id: UUID
    stage: Stage


@dataclass(frozen=True, slots=True)
class NewJob:
    """An accepted turn.

    `conversation` is the client's id, or None for a new one; `message` is set for a text.
    `fingerprint` identifies the request for its idempotency key.
    """

    user_id: str
    kind: JobKind
    conversation: str | None
    speak: Sequence[str]
    fingerprint: str
    request_id: str
    message: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A stage of a job, owned until its lease ends. `job` is the row as it was when claimed, detached."""

    token: UUID
    stage: Stage
    job: Job


@cache  # building it costs more than asking it
def waiting() -> ColumnElement[bool]:
    """Return the condition that a job's stage could be claimed now.

    The earlier-turn condition keeps a conversation in order: turn numbers only grow, so no earlier
    turn can appear after this one was found ready. It asks for a minimum, which PostgreSQL always finds
    by `ix_jobs_unfinished_turns`: a NOT EXISTS read every unfinished job for each one where the table's
    statistics were older than a burst.
    """
    earlier = aliased(Job)
    return and_(
        col(Job.finished_at).is_(None),
        col(Job.lease_token).is_(None),
        col(Job.cancel_requested_at).is_(None),
        col(Job.turn)
        == select(func.min(col(earlier.turn)))
        .where(col(earlier.conversation_id) == col(Job.conversation_id), col(earlier.finished_at).is_(None))
        .scalar_subquery(),
    )


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a job may wait for its first claim, and run from there on."""

    queue: timedelta
    run: timedelta

    def overdue(self, since: timedelta = timedelta()) -> ColumnElement[bool]:
        """Return the condition that the sweep should have ended an unfinished job, or its claim, `since` ago.

        Its lease ran out, it was to be cancelled while nobody ran it, or it is past a deadline.
        """
        moment = func.now() - since
        return and_(
            col(Job.finished_at).is_(None),
            or_(
                col(Job.lease_expires_at) < moment,
                col(Job.lease_token).is_(None) & (col(Job.cancel_requested_at) < moment),
                col(Job.started_at).is_(None) & (col(Job.stage_ready_at) < moment - self.queue),
                col(Job.started_at) < moment - self.run,
            ),
        )


def texts_to_speak(job: Job) -> dict[SpokenPart, str]:
    """Return the texts that the learner asked to hear, the tutor gave, and no audio speaks yet."""
    wanted = wanted_texts(job, job.reply_text, job.hinglish_explanation, job.devanagari_explanation)
    return {part: text for part, text in wanted.items() if getattr(job, AUDIO_COLUMNS[part]) is None}


def wanted_texts(
    job: Job, reply: str | None, hinglish: str | None, devanagari: str | None
) -> dict[SpokenPart, str]:
    """Return those of a tutor's texts that the job's learner asked to hear. Devanagari is spoken best."""
    texts = {SpokenPart.REPLY: reply, SpokenPart.EXPLANATION: devanagari or hinglish}
    return {part: text for part, text in texts.items() if part in job.speak and text}


def find_replay(session: Session, user_id: str, key: str, fingerprint: str) -> UUID | None:
    """Return the job that the user's idempotency key made within its lifetime, or None.

    Raises `IdempotencyKeyReusedError` where the key came with another request.
    """
    found = session.execute(
        select(col(Job.id), col(Job.request_fingerprint)).where(
            col(Job.user_id) == user_id,
            col(Job.idempotency_key) == key,
            col(Job.created_at) > func.now() - IDEMPOTENCY_KEY_LIFETIME,
        )
    ).one_or_none()
    if found is None:
        return None
    if found.request_fingerprint != fingerprint:
        raise IdempotencyKeyReusedError("This Idempotency-Key was used for another request.")
    return UUID(str(found.id))


def accept(session: Session, new: NewJob, upload_id: UUID | None) -> tuple[UUID, Hint | None]:
    """Insert the job as the next turn of its conversation; return its id and, if it can run now, its hint.

    The hint is to be published after the commit, and counts as sent from then on (`mark_unpublished`).
    Raises SQLAlchemy's `IntegrityError` on `uq_jobs_idempotency` where the same key is accepted
    at the same moment: the caller rolls back and calls `find_replay`.
    """
    turn = conversations.take_turn(session, new.user_id, new.conversation)
    if new.idempotency_key is not None:
        _forget_expired_key(session, new.user_id, new.idempotency_key)
    stage = Stage.TRANSCRIBE if new.kind is JobKind.VOICE else Stage.REPLY
    row = {
        "user_id": new.user_id,
        "kind": new.kind,
        "conversation_id": turn.conversation_id,
        "turn": turn.number,
        "speak": list(new.speak),
        "idempotency_key": new.idempotency_key,
        "request_fingerprint": new.fingerprint,
        "request_id": new.request_id,
        "stage": stage,
        "message": new.message,
        "upload_id": upload_id,
    }
    inserted = session.execute(_insert_turn(), row | {"its_conversation": turn.conversation_id}).one()
    return inserted.id, Hint(inserted.id, stage) if inserted.published_at is not None else None


@cache
def _insert_turn() -> ReturningInsert[UUID, datetime | None]:
    """Return the INSERT of a turn whose hint is sent at once, unless an earlier turn is unfinished."""
    table = Job.metadata.tables["jobs"]
    earlier = exists().where(
        col(Job.conversation_id) == bindparam("its_conversation"), col(Job.finished_at).is_(None)
    )
    sent_at = case((earlier, None), else_=func.now())
    return insert(table).values(published_at=sent_at).returning(table.c.id, table.c.published_at)


def _forget_expired_key(session: Session, user_id: str, key: str) -> None:
    session.execute(
        update(Job)
        .where(
            col(Job.user_id) == user_id,
            col(Job.idempotency_key) == key,
            col(Job.created_at) <= func.now() - IDEMPOTENCY_KEY_LIFETIME,
        )
        .values(idempotency_key=None)
        .execution_options(synchronize_session=False)
    )


def mark_published(session: Session, hints: Collection[Hint]) -> None:
    """Note that the hints were sent again. A stage that has moved on meanwhile is left alone.

    So is a job that others have locked: they may be at it for long, and a second copy costs nothing.
    """
    free = select(col(Job.id)).where(col(Job.id).in_([hint.job_id for hint in hints]))
    held = session.scalars(free.with_for_update(skip_locked=True)).all()
    _note(session, [hint for hint in hints if hint.job_id in held], func.now())


def mark_unpublished(session: Session, hints: Collection[Hint]) -> None:
    """Note that the hints, which count as sent since their stage is ready, were not: the sweep sends them.

    A stage that has moved on meanwhile is left alone.
    """
    _note(session, hints, None)


def _note(session: Session, hints: Collection[Hint], published_at: object) -> None:
    for stage in {hint.stage for hint in hints}:
        ids = [hint.job_id for hint in hints if hint.stage is stage]
        session.execute(
            update(Job)
            .where(col(Job.id).in_(ids), col(Job.stage) == stage, col(Job.lease_token).is_(None))
            .values(published_at=published_at)
            .execution_options(synchronize_session=False)
        )


def claim(  # noqa: PLR0913
    session: Session, hint: Hint, *, token: UUID, worker: str, lease: timedelta, stage_limit: timedelta
) -> Claim | None:
    """Take the stage for `worker`, or return None: it is done, owned, ended, cancelled, or not yet its turn.

    One conditional UPDATE decides, so repeated, stale and competing messages find nothing to do.
    `token` names this claim alone: whatever is done with the lease later is fenced by it.
    """
    job = session.scalars(
        _claim(),
        {
            "its_id": hint.job_id,
            "its_stage": hint.stage,
            "token": token,
            "worker": worker,
            "lease": lease,
            "stage_limit": stage_limit,
        },
    ).one_or_none()
    if job is None:
        return None
    session.expunge(job)
    return Claim(token, hint.stage, job)


@cache
def _claim() -> ReturningUpdate[Job]:
    return (
        update(Job)
        .where(col(Job.id) == bindparam("its_id"), col(Job.stage) == bindparam("its_stage"), waiting())
        .values(
            status=JobStatus.RUNNING,
            started_at=func.coalesce(col(Job.started_at), func.now()),
            lease_token=bindparam("token"),
            lease_worker=bindparam("worker"),
            lease_expires_at=func.now() + bindparam("lease", type_=Interval),
            stage_started_at=func.now(),
            stage_deadline_at=func.now() + bindparam("stage_limit", type_=Interval),
        )
        .returning(Job)
        .execution_options(synchronize_session=False)
    )


def renew(session: Session, tokens: Collection[UUID], *, lease: timedelta) -> None:
    """Prolong the leases with these tokens, never past their stage's deadline."""
    held = select(col(Job.id)).where(col(Job.lease_token).in_(tokens), col(Job.finished_at).is_(None))
    session.execute(
        update(Job)
        # In one order, so that two renewals never wait for each other.
        .where(col(Job.id).in_(held.order_by(col(Job.id)).with_for_update()))
        .values(lease_expires_at=func.least(func.now() + lease, col(Job.stage_deadline_at)))
        .execution_options(synchronize_session=False)
    )


def is_outlived_by_its_worker(session: Session, job_id: UUID) -> bool:
    """Tell whether the job's lease was kept to its stage's deadline by a worker that still lives.

    Lives: was heard of lately, and has not been started anew since it claimed the stage.
    """
    outlived = exists().where(
        col(Job.id) == job_id,
        col(Job.lease_expires_at) >= col(Job.stage_deadline_at),
        col(Worker.name) == col(Job.lease_worker),
        col(Worker.seen_at) > func.now() - LIVE_FOR,
        col(Worker.started_at) <= col(Job.stage_started_at),
    )
    return bool(session.scalar(select(outlived)))


def drop_recordings(session: Session, *, window: timedelta, limit: int) -> Sequence[UUID]:
    """Let up to `limit` failed or cancelled jobs that nothing can retry name their recordings no more.

    Returns these recordings, whose rows and bytes are left. A job that others have locked is passed by.
    """
    without_use = (
        col(Job.upload_id).is_not(None),
        col(Job.status).in_([JobStatus.FAILED, JobStatus.CANCELLED]),
        ~retryable(window),
    )
    found = session.execute(
        select(col(Job.id), col(Job.upload_id))
        .where(*without_use)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(
        update(Job)
        .where(col(Job.id).in_([row.id for row in found]))
        .values(upload_id=None)
        .execution_options(synchronize_session=False)
    )
    return [row.upload_id for row in found]


def delete_expired(session: Session, *, keep: timedelta, limit: int) -> int:
    """Delete up to `limit` jobs, oldest first, that ended longer than `keep` ago; return how many.

    Their runs go with them. Messages stay, without a job; so do the rows of their audio.
    """
    expired = session.scalars(
        select(col(Job.id))
        .where(col(Job.finished_at) < func.now() - keep)
        .order_by(col(Job.finished_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(delete(Job).where(col(Job.id).in_(expired)).execution_options(synchronize_session=False))
    return len(expired)
