"""How steps come to be, become ready, wait again and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnElement,
    Select,
    Table,
    Update,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from shared.models import Job, SpokenPart, Step, StepKind, StepOutcome
from shared.statements import built_once
from shared.steps.hints import Hint
from shared.steps.kinds import QUEUE_OF_KIND
from shared.steps.ranks import MADE_READY, virtual_time

_steps: Table = Step.metadata.tables["steps"]
_jobs: Table = Job.metadata.tables["jobs"]
_step, _job = _steps.c, _jobs.c


_RELEASED: dict[str, Any] = {"lease_token": None, "lease_expires_at": None, "deadline_at": None}
_ENDED: dict[str, Any] = {"finished_at": func.now(), "ready_at": None, **_RELEASED}
DROPPED: dict[str, Any] = _ENDED | {"outcome": StepOutcome.DROPPED}
"""What a step is once nobody needs it any more."""


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step to be added. With `is_ready` it may be claimed at once, and its hint counts as sent.

    `rank` is its job's; a piece is ranked by its `number` behind that.
    """

    job_id: UUID
    attempt: int
    kind: StepKind
    rank: int
    is_ready: bool = True
    part: SpokenPart | None = None
    position: int = 0
    number: int = 0
    text: str | None = None


def add(session: Session, new: Sequence[NewStep]) -> list[Hint]:
    """Insert the steps; return the hints of those that are ready."""
    if not new:
        return []
    rows = [
        _row(step) | {"is_ready": step.is_ready, "its_rank": step.rank, "its_number": step.number}
        for step in new
    ]
    session.execute(_add(), rows)
    return [Hint(row["id"], row["job_id"], row["queue"]) for row in rows if row["is_ready"]]


def _row(step: NewStep) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "job_id": step.job_id,
        "attempt": step.attempt,
        "kind": step.kind,
        "part": step.part,
        "position": step.position,
        "number": step.number,
        "text": step.text,
        "queue": QUEUE_OF_KIND[step.kind],
        "deaths": 0,
    }


@built_once
def _add() -> Any:
    moment = case((bindparam("is_ready", type_=Boolean), func.now()), else_=None)
    its_rank = func.greatest(bindparam("its_rank", type_=BigInteger), virtual_time())
    rank = its_rank + bindparam("its_number", type_=BigInteger)
    return insert(_steps).values(ready_at=moment, published_at=moment, rank=rank)


def insert_first(job: CTE, *, is_ready: ColumnElement[bool]) -> CTE:
    """Return the INSERT of a new job's first step, for the statement that inserts the job.

    `job` gives its `id` and `rank`. The step's `id`, `kind` and `queue` are the statement's parameters
    `first_id`, `first_kind` and `first_queue`. The hint of one that is ready counts as sent.
    """
    moment = case((is_ready, func.now()), else_=None)
    values: dict[str, ColumnElement[Any]] = {
        **{name: bindparam(f"first_{name}", type_=_step[name].type) for name in ("id", "kind", "queue")},
        "job_id": job.c.id,
        "rank": job.c.rank,
        "ready_at": moment,
        "published_at": moment,
        **dict.fromkeys(("attempt", "position", "number", "deaths"), literal(0)),
    }
    inserted = insert(_steps).from_select(list(values), select(*values.values()), include_defaults=False)
    return inserted.returning(_step.ready_at).cte("first")


class JobStep(NamedTuple):
    """A step of a job, as what decides about the job needs it."""

    id: UUID
    attempt: int
    kind: StepKind
    part: SpokenPart | None
    audio_id: UUID | None
    outcome: StepOutcome | None
    lease_token: UUID | None
    lease_expires_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


def of_job(session: Session, job_id: UUID) -> Sequence[JobStep]:
    """Return all steps of a locked job, whatever was changed of the job itself and is not written yet."""
    with session.no_autoflush:
        return [JobStep(*row) for row in session.execute(_of_job(), {"its_job": job_id})]


@built_once
def _of_job() -> Select[Any]:
    columns = (
        *(_step.id, _step.attempt, _step.kind, _step.part, _step.audio_id, _step.outcome),
        *(_step.lease_token, _step.lease_expires_at, _step.started_at, _step.finished_at),
    )
    return select(*columns).where(_step.job_id == bindparam("its_job"))


def unfinished(session: Session, job_id: UUID) -> Sequence[JobStep]:
    """Return the steps of a locked job that have not ended."""
    return open_ones(of_job(session, job_id))


def open_ones(its_steps: Sequence[JobStep]) -> Sequence[JobStep]:
    """Return those that have not ended."""
    return [step for step in its_steps if step.finished_at is None]


def finish(session: Session, step_id: UUID, outcome: StepOutcome, **values: Any) -> None:
    """End a step of a locked job; `values` are further columns of it."""
    its = {f"its_{name}": value for name, value in values.items()}
    session.execute(_finish(*values), its | {"its_id": step_id, "its_outcome": outcome})


@built_once
def _finish(*names: str) -> Update:
    further: dict[str, Any] = {name: bindparam(f"its_{name}") for name in names}
    ended = _ENDED | {"outcome": bindparam("its_outcome")} | further
    return update(_steps).where(_step.id == bindparam("its_id")).values(ended)


def drop_all(session: Session, job_id: UUID) -> None:
    """Drop all unfinished steps of a locked job, whoever owns them."""
    _drop(session, _step.job_id == job_id)


def drop_waiting(session: Session, job_id: UUID) -> None:
    """Drop those unfinished steps of a locked job that nobody owns."""
    _drop(session, _step.job_id == job_id, _step.lease_token.is_(None))


def drop_waiting_pieces(session: Session, job_id: UUID) -> int:
    """Drop the pieces of a locked job that nobody speaks yet; return how many."""
    waiting = (_step.kind == StepKind.SPEAK, _step.lease_token.is_(None))
    return _drop(session, _step.job_id == job_id, *waiting)


def drop_rest_of_part(session: Session, step: Step) -> None:
    """Drop the unfinished pieces that come after one of a locked job's, whoever owns them."""
    of_the_part = (_step.job_id == step.job_id, _step.attempt == step.attempt, _step.part == step.part)
    _drop(session, *of_the_part, _step.position > step.position)


def _drop(session: Session, *conditions: ColumnElement[bool]) -> int:
    dropped = update(_steps).where(*conditions, _step.finished_at.is_(None)).values(DROPPED)
    return int(session.connection().execute(dropped).rowcount)


def begin_anew(session: Session, job_id: UUID, attempt: int) -> None:
    """Let the reply that a locked job's tutor is writing belong to a new attempt."""
    writing = (_step.job_id == job_id, _step.kind == StepKind.REPLY, _step.finished_at.is_(None))
    session.execute(update(_steps).where(*writing).values(attempt=attempt))


def add_spoken(session: Session, new: NewStep, *, audio_id: UUID, engine: str) -> None:
    """Insert a piece that was spoken before, as finished."""
    row = _row(new) | {"finished_at": func.now(), "outcome": StepOutcome.SUCCEEDED, "rank": new.rank}
    session.execute(insert(_steps).values(row | {"audio_id": audio_id, "engine": engine}))


def wait_again(session: Session, step: Step, *, died: bool) -> Hint:
    """Let a step of a locked job be claimed anew; return its hint, which counts as sent."""
    again = MADE_READY | {"deaths": _step.deaths + int(died)}
    session.execute(update(_steps).where(_step.id == step.id).values(again | _RELEASED))
    return Hint(step.id, step.job_id, step.queue)


def make_next_turn_ready(
    session: Session, conversation_id: UUID, *, answered: UUID | None = None
) -> list[Hint]:
    """Make the first step of a locked conversation's next turn ready, if nothing is in its way any more.

    `answered`: a job that is not in the way, though its row may not say so yet.
    """
    its = {"its_conversation": conversation_id, "its_answered": answered}
    return [Hint(*row) for row in session.execute(_make_ready(), its)]


@built_once
def _make_ready() -> ReturningUpdate[Any]:
    next_turn = (
        select(_job.id)
        .where(_job.conversation_id == bindparam("its_conversation"), *unanswered())
        .where(_job.id.is_distinct_from(bindparam("its_answered")))
        .order_by(_job.turn)
        .limit(1)
        .scalar_subquery()
    )
    waits = (_step.finished_at.is_(None), _step.lease_token.is_(None), _step.ready_at.is_(None))
    return (
        update(_steps)
        .where(_step.job_id == next_turn, *waits)
        .values(MADE_READY)
        .returning(_step.id, _step.job_id, _step.queue)
    )


def unanswered() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a job is in the way of its conversation's later turns."""
    return (_job.finished_at.is_(None), _job.answered_at.is_(None))


def free_what_may_run(session: Session) -> int:
    """Make ready what waits for an earlier turn that is not in its way any more; return how many steps.

    Whatever ends a turn does so itself, but for a job that was abandoned. Without the conversation's lock:
    turns only get higher numbers, so nothing can come into the way of what is free.
    """
    earlier = _jobs.alias("earlier")
    # A minimum, which PostgreSQL always finds by an index; a NOT EXISTS read every unfinished job for each
    # one where the table's statistics were older than a burst.
    first_turn = (
        select(func.min(earlier.c.turn))
        .where(
            earlier.c.conversation_id == _job.conversation_id,
            earlier.c.finished_at.is_(None),
            earlier.c.answered_at.is_(None),
        )
        .scalar_subquery()
    )
    blocked = (_step.finished_at.is_(None), _step.ready_at.is_(None))
    may_run = (_job.finished_at.is_(None), _job.cancel_requested_at.is_(None), _job.turn == first_turn)
    freed = (
        update(_steps)
        .where(_step.job_id == _job.id, *blocked, *may_run)
        .values(MADE_READY | {"published_at": None})
    )
    return int(session.connection().execute(freed).rowcount)


def last_runs(kind: StepKind, limit: int) -> Select[Any]:
    """Return the query for how long the last ended runs of a kind took."""
    return (
        select(_step.kind, _step.job_id, _step.part, (_step.finished_at - _step.started_at).label("took"))
        .where(_step.kind == kind, _step.started_at.is_not(None), _step.finished_at.is_not(None))
        .order_by(_step.started_at.desc())
        .limit(limit)
    )
