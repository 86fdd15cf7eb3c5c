"""Jobs: accepting, starting and finding them. A repository: it never commits.

What workers own of a job are its steps (`shared.steps`); how they end is in `shared.transitions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlmodel import col

from shared import events, steps
from shared.conversations import TakenTurn
from shared.errors import DomainError, ErrorCode
from shared.models import EventType, Job, JobKind, JobStatus, Learner, StepKind
from shared.retries import retryable
from shared.steps import Hint, NewStep

IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=24)
_jobs: Table = Job.metadata.tables["jobs"]


class IdempotencyKeyReusedError(DomainError):
    """The key came before with another request."""

    code = ErrorCode.IDEMPOTENCY_KEY_REUSED


@dataclass(frozen=True, slots=True)
class NewJob:
    """An accepted turn.

    `conversation` is the client's id, or None for a new one; `message` is set for a text.
    `fingerprint` identifies the request for its idempotency key. `review_of`: the mistake to review.
    """

    kind: JobKind
    conversation: str | None
    speak: Sequence[str]
    fingerprint: str
    request_id: str
    message: str | None = None
    idempotency_key: str | None = None
    review_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a job may wait for its first claim, and how long it may run after that."""

    queue: timedelta
    run: timedelta

    def overdue(self, since: timedelta = timedelta()) -> ColumnElement[bool]:
        """Return the condition that the sweep should have settled an unfinished job at least `since` ago.

        One of its leases ran out, it was to be cancelled and nobody runs it, or it is past a deadline.
        """
        moment = func.now() - since
        return and_(
            col(Job.finished_at).is_(None),
            or_(
                col(Job.id).in_(steps.jobs_with_a_lease(steps.has_run_out(moment))),
                (col(Job.cancel_requested_at) < moment) & col(Job.id).not_in(steps.jobs_with_a_lease()),
                col(Job.started_at).is_(None) & (col(Job.queued_at) < moment - self.queue),
                col(Job.started_at) < moment - self.run,
            ),
        )


def find_replay(session: Session, learner_id: UUID, key: str, fingerprint: str) -> UUID | None:
    """Return the job that the learner's idempotency key made within its lifetime, or None.

    Raises `IdempotencyKeyReusedError` where the key came with another request.
    """
    found = session.execute(
        select(col(Job.id), col(Job.request_fingerprint)).where(
            col(Job.learner_id) == learner_id,
            col(Job.idempotency_key) == key,
            col(Job.created_at) > func.now() - IDEMPOTENCY_KEY_LIFETIME,
        )
    ).one_or_none()
    if found is None:
        return None
    if found.request_fingerprint != fingerprint:
        raise IdempotencyKeyReusedError("This Idempotency-Key was used for another request.")
    return UUID(str(found.id))


def accept(
    session: Session, new: NewJob, learner: Learner, turn: TakenTurn, upload_id: UUID | None
) -> tuple[UUID, Sequence[Hint]]:
    """Insert the job as this turn of its conversation; return its id and, if it can run now, its hint.

    The hint is to be sent after the commit, and counts as sent from then on (`steps.mark_unpublished`).
    Raises SQLAlchemy's `IntegrityError` on `uq_jobs_idempotency` where the same key is accepted
    at the same moment: the caller rolls back and calls `find_replay`.
    """
    if new.idempotency_key is not None:
        _forget_expired_key(session, learner.id, new.idempotency_key)
    row = {
        "app_id": learner.app_id,
        "learner_id": learner.id,
        "kind": new.kind,
        "conversation_id": turn.conversation_id,
        "turn": turn.number,
        "speak": list(new.speak),
        "idempotency_key": new.idempotency_key,
        "request_fingerprint": new.fingerprint,
        "request_id": new.request_id,
        "message": new.message,
        "upload_id": upload_id,
        "review_of": new.review_of,
    }
    its = {"its_conversation": turn.conversation_id, "its_learner": learner.id}
    job = session.execute(_insert_turn(), row | its).one()
    events.write(session, job.id, 1, EventType.QUEUED)
    kind = StepKind.REPLY if upload_id is None else StepKind.TRANSCRIBE
    return job.id, steps.add(session, [NewStep(job.id, 0, kind, job.rank, is_ready=job.may_run)])


@cache  # building a statement costs more than running it
def _insert_turn() -> ReturningInsert[Any]:
    """Return the INSERT of a turn, which says whether it may run at once or an earlier turn is in its way."""
    earlier = exists().where(_jobs.c.conversation_id == bindparam("its_conversation"), *steps.unanswered())
    return (
        insert(_jobs)
        .values(rank=steps.next_rank(bindparam("its_learner")), last_event=1)
        .returning(_jobs.c.id, _jobs.c.rank, (~earlier).label("may_run"))
    )


def _forget_expired_key(session: Session, learner_id: UUID, key: str) -> None:
    session.execute(
        update(Job)
        .where(
            col(Job.learner_id) == learner_id,
            col(Job.idempotency_key) == key,
            col(Job.created_at) <= func.now() - IDEMPOTENCY_KEY_LIFETIME,
        )
        .values(idempotency_key=None)
        .execution_options(synchronize_session=False)
    )


def start(session: Session, job_id: UUID, attempt: int) -> Job | None:
    """Note that a queued job runs, and return it.

    None where it was cancelled, has ended, runs already, or is locked by somebody else at the moment.
    """
    its = {"its_id": job_id, "its_attempt": attempt}
    return session.scalars(_start(), its).one_or_none()


@cache
def _start() -> ReturningUpdate[Job]:
    # The attempt fences: a claim that was lost must not start a job that was retried meanwhile.
    of_the_claim = col(Job.attempt) == bindparam("its_attempt")
    waits = (of_the_claim, col(Job.status) == JobStatus.QUEUED, col(Job.cancel_requested_at).is_(None))
    # An UPDATE that waited for a row keeps its lock even where the row does not match any more; whoever then
    # locks the conversation could deadlock.
    free = select(col(Job.id)).where(col(Job.id) == bindparam("its_id"), *waits)
    return (
        update(Job)
        .where(col(Job.id) == free.with_for_update(skip_locked=True).scalar_subquery())
        .values(status=JobStatus.RUNNING, started_at=func.now(), last_event=col(Job.last_event) + 1)
        .returning(Job)
        .execution_options(synchronize_session=False)
    )


def being_spoken(session: Session, conversation_id: UUID) -> Sequence[UUID]:
    """Return the unfinished jobs of a conversation whose reply is recorded."""
    in_speech = (col(Job.finished_at).is_(None), col(Job.answered_at).is_not(None))
    return session.scalars(
        select(col(Job.id)).where(col(Job.conversation_id) == conversation_id, *in_speech)
    ).all()


def drop_recordings(session: Session, *, window: timedelta, limit: int) -> Sequence[UUID]:
    """Make up to `limit` failed or cancelled jobs that nothing can retry give up their recordings.

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

    Their steps and events go with them. Messages stay, without a job; so do the rows of their audio.
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
