"""Jobs: accepting, starting and finding them. A repository: it never commits.

What workers own of a job are its steps (`shared.steps`); how they end is in `shared.transitions`.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    inspect,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col

from shared import events, steps
from shared.conversations import TakenTurn
from shared.errors import DomainError, ErrorCode
from shared.models import EventType, Job, JobKind, JobStatus, Learner, Step, StepKind
from shared.retries import retryable
from shared.statements import built_once
from shared.steps import Hint

IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=24)
_jobs: Table = Job.metadata.tables["jobs"]

Row = TypeVar("Row", Job, Step)


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


class AcceptedTurn(NamedTuple):
    """A new job and its first step, as their rows are, and what can run at once."""

    job: Job
    first: Step
    hints: Sequence[Hint]


def accept(
    session: Session, new: NewJob, learner: Learner, turn: TakenTurn, upload_id: UUID | None
) -> AcceptedTurn:
    """Insert the job as this turn of its conversation, with its event and its first step: one statement.

    The hint is to be sent after the commit, and counts as sent from then on (`steps.mark_unpublished`).
    Raises SQLAlchemy's `IntegrityError` on `uq_jobs_idempotency` where the same key is accepted
    at the same moment: the caller rolls back and calls `find_replay`.
    """
    if new.idempotency_key is not None:
        _forget_expired_key(session, learner.id, new.idempotency_key)
    its: dict[str, Any] = {
        "id": uuid4(),
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
    kind = StepKind.REPLY if upload_id is None else StepKind.TRANSCRIBE
    first: dict[str, Any] = {"id": uuid4(), "kind": kind, "queue": steps.QUEUE_OF_KIND[kind]}
    values = {f"its_{name}": value for name, value in its.items()}
    values |= {f"first_{name}": value for name, value in first.items()}
    row = session.execute(_accept(), values).one()
    read = {"rank": row.rank, "last_event": row.last_event, "created_at": row.now, "queued_at": row.now}
    job = _as_read(Job, its | deepcopy(_AT_FIRST) | read)
    step = _as_read(
        Step, first | _STEP_AT_FIRST | {"job_id": job.id, "rank": row.rank, "ready_at": row.ready_at}
    )
    hints = [] if row.ready_at is None else [Hint(step.id, job.id, step.queue)]
    return AcceptedTurn(job, step, hints)


_GIVEN = (
    *("id", "app_id", "learner_id", "kind", "conversation_id", "turn", "speak", "idempotency_key"),
    *("request_fingerprint", "request_id", "message", "upload_id", "review_of"),
)
_AT_FIRST = {
    "status": JobStatus.QUEUED,
    "attempt": 0,
    "retries": 0,
    "last_event": 1,
    "tokens_in": 0,
    "tokens_out": 0,
    "warnings": [],
    "engines": {},
}
_STEP_AT_FIRST = {"attempt": 0, "position": 0, "number": 0, "deaths": 0}


def _as_read(model: type[Row], values: Mapping[str, Any]) -> Row:
    """Return a row as if it had been read, with None in what is not given. Making one takes longer."""
    row: Row = inspect(model).class_manager.new_instance()
    for name, value in values.items():
        set_committed_value(row, name, value)
    return row


@built_once
def _accept() -> Select[Any]:
    """Return the INSERT of a turn, whose step is ready unless an earlier turn is in its way."""
    given = {name: bindparam(f"its_{name}", type_=_jobs.c[name].type) for name in _GIVEN}
    earlier = exists().where(_jobs.c.conversation_id == given["conversation_id"], *steps.unanswered())
    job = (
        insert(_jobs)
        .values(given | _AT_FIRST | {"rank": steps.next_rank(given["learner_id"])})
        .returning(_jobs.c.id, _jobs.c.rank, _jobs.c.last_event)
        .cte("accepted")
    )
    first = steps.insert_first(job, is_ready=~earlier)
    written, notified = events.appended(job, EventType.QUEUED)
    columns = (job.c.rank, job.c.last_event, first.c.ready_at, func.now().label("now"), notified)
    return select(*columns).join_from(job, first, true()).add_cte(written)


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


@built_once
def _start() -> Select[Job, None]:
    # The attempt fences: a claim that was lost must not start a job that was retried meanwhile.
    of_the_claim = _jobs.c.attempt == bindparam("its_attempt")
    waits = (of_the_claim, _jobs.c.status == JobStatus.QUEUED, _jobs.c.cancel_requested_at.is_(None))
    # An UPDATE that waited for a row keeps its lock even where the row does not match any more; whoever then
    # locks the conversation could deadlock.
    free = select(_jobs.c.id).where(_jobs.c.id == bindparam("its_id"), *waits)
    started = (
        update(_jobs)
        .where(_jobs.c.id == free.with_for_update(skip_locked=True).scalar_subquery())
        .values(status=JobStatus.RUNNING, started_at=func.now(), last_event=_jobs.c.last_event + 1)
        .returning(_jobs)
        .cte("started")
    )
    written, notified = events.appended(started, EventType.STARTED)
    return select(aliased(Job, started), notified).add_cte(written).execution_options(populate_existing=True)


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
