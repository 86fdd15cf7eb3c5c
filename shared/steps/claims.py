"""Claims: a worker takes a step, keeps it by a lease, and is known by the lease's token."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Float,
    Interval,
    Select,
    Table,
    bindparam,
    case,
    cast,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from shared.models import Job, JobStatus, QueueName, SpokenPart, Stage, Step, StepKind, Worker
from shared.statements import built_once
from shared.steps.hints import best_of_queue
from shared.steps.kinds import STAGE_OF_KIND
from shared.workers import LIVE_FOR

_steps: Table = Step.metadata.tables["steps"]
_workers: Table = Worker.metadata.tables["workers"]
_job = Job.metadata.tables["jobs"].c
_step = _steps.c


_CLAIMED = (
    _step.id,
    _step.job_id,
    _step.attempt,
    _step.kind,
    _step.part,
    _step.position,
    _step.text,
    _step.worker,
)


class LeaseLostError(Exception):
    """Someone else owns the step now, or it has ended: drop the result silently."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A step, owned until its lease ends. `text` is what a piece of speech says."""

    token: UUID
    step_id: UUID
    job_id: UUID
    attempt: int
    kind: StepKind
    part: SpokenPart | None
    position: int
    text: str | None
    worker: str

    @property
    def stage(self) -> Stage:
        """The stage of the job that the step belongs to."""
        return STAGE_OF_KIND[self.kind]


@dataclass(frozen=True, slots=True)
class Held:
    """What a worker owns by a lease's token; `seconds_left` until its deadline."""

    token: UUID
    job_id: UUID
    seconds_left: float


def claim(  # noqa: PLR0913
    session: Session,
    queue: QueueName,
    *,
    token: UUID,
    worker: str,
    lease: timedelta,
    limits: Mapping[StepKind, timedelta],
) -> tuple[Claim, JobStatus] | None:
    """Take the best ready step of the queue for `worker`; return it and its job's status; None without one.

    One UPDATE decides. It waits for no lock and locks nothing but the step. `token` names this claim
    alone: whatever is done with the lease later is fenced by it. `limits`: how long a step may run.

    Raises SQLAlchemy's `IntegrityError` where a step is leased under the token already: see `claimed`.
    """
    row = session.execute(
        _claim(),
        {"its_queue": queue, "token": token, "its_worker": worker, "lease": lease}
        | {f"{kind}_limit": limits[kind] for kind in StepKind},
    ).one_or_none()
    if row is None:
        return None
    *its, status = row
    return Claim(token, *its), status


def claimed(session: Session, *, token: UUID, worker: str) -> Claim | None:
    """Return what `worker` has claimed with this token: whether a claim was committed could not be told.

    None where nothing is leased under it, or to another worker, to whom the broker gave the same task.
    """
    mine = select(*_CLAIMED).where(_step.lease_token == token, _step.worker == worker)
    row = session.execute(mine).one_or_none()
    return None if row is None else Claim(token, *row)


@built_once
def _claim() -> ReturningUpdate[Any]:
    limit = case(
        {kind: bindparam(f"{kind}_limit", type_=Interval) for kind in StepKind},
        value=_step.kind,
    )
    return (
        update(_steps)
        .where(_step.id == best_of_queue().scalar_subquery())
        .values(
            lease_token=bindparam("token"),
            worker=bindparam("its_worker"),
            lease_expires_at=func.now() + bindparam("lease", type_=Interval),
            started_at=func.now(),
            deadline_at=func.now() + limit,
        )
        .returning(*_CLAIMED, select(_job.status).where(_job.id == _step.job_id).scalar_subquery())
    )


def renew(session: Session, tokens: Collection[UUID], *, lease: timedelta) -> list[Held]:
    """Prolong the leases with these tokens, never past their deadline; return what they hold."""
    rows = session.execute(_renew(), {"tokens": list(tokens), "lease": lease})
    return [Held(*row) for row in rows]


@built_once
def _renew() -> ReturningUpdate[Any]:
    # What others have locked is being ended, or is renewed a heartbeat later: to wait could be a deadlock.
    held = (
        select(_step.id)
        .where(_step.lease_token.in_(bindparam("tokens", expanding=True)))
        .with_for_update(skip_locked=True)
    )
    # PostgreSQL counts exactly, in `numeric`, which no clock of Python's adds up with.
    left = cast(func.extract("epoch", _step.deadline_at - func.clock_timestamp()), Float)
    return (
        update(_steps)
        .where(_step.id.in_(held))
        .values(
            lease_expires_at=func.least(func.now() + bindparam("lease", type_=Interval), _step.deadline_at)
        )
        .returning(_step.lease_token, _step.job_id, left)
    )


def of_token(session: Session, token: UUID) -> Step | None:
    """Return the step leased under this token. Asked once its job is locked, the answer stays true."""
    return session.scalars(select(Step).where(_step.lease_token == token)).one_or_none()


def is_outlived_by_its_worker(session: Session, step: Step) -> bool:
    """Tell whether a lease was kept to its step's deadline by a worker that still lives.

    Lives: was heard of lately, and has not been started anew since it claimed the step.
    """
    worker = _workers.c
    outlived = exists().where(
        _step.id == step.id,
        _step.lease_expires_at >= _step.deadline_at,
        worker.name == _step.worker,
        worker.seen_at > func.now() - LIVE_FOR,
        worker.started_at <= _step.started_at,
    )
    return bool(session.scalar(select(outlived)))


def jobs_with_a_lease(*conditions: ColumnElement[bool]) -> Select[UUID]:
    """Return the query for the jobs of which a step is leased and meets the conditions."""
    return select(_step.job_id).where(_step.lease_token.is_not(None), *conditions)


def has_run_out(moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a step's lease ended before the moment."""
    return _step.lease_expires_at < moment
