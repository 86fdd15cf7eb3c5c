"""The fair order in which ready steps are taken.

Fairness is start-time fair queueing (Goyal, Vin, Cheng 1996) over learners, one unit a job: see `next_rank`.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, any_, bindparam, exists, func, literal, select
from sqlalchemy.orm import Session

from shared.models import Job, Step, Worker
from shared.steps.kinds import FIRST_KINDS, QUEUE_OF_KIND
from shared.workers import LIVE_FOR

_steps: Table = Step.metadata.tables["steps"]
_jobs: Table = Job.metadata.tables["jobs"]
_workers: Table = Worker.metadata.tables["workers"]
_step, _job = _steps.c, _jobs.c


ORDER = (_step.rank, _step.number, _step.ready_at, _step.id)
"""Who comes first, as `ix_steps_ready` has it."""


def ready() -> ColumnElement[bool]:
    """Return the condition that a step could be claimed now. `ix_steps_ready` has exactly these."""
    return and_(_step.finished_at.is_(None), _step.lease_token.is_(None), _step.ready_at.is_not(None))


def virtual_time() -> ColumnElement[int]:
    """Return how far the service has come: the lowest rank that is ready where a worker serves.

    With nothing ready it is the rank of what was started last; else a newcomer to empty queues would begin at
    1 and overtake whoever has had more turns, for as many turns. What becomes ready later than it was ranked
    is raised to the virtual time then, so that this never goes back.
    """
    worker = _workers.c
    foremost = func.least(
        *(
            select(_step.rank)
            .where(
                _step.queue == queue,
                ready(),
                exists().where(literal(queue) == any_(worker.queues), worker.seen_at > func.now() - LIVE_FOR),
            )
            .order_by(*ORDER)
            .limit(1)
            .scalar_subquery()
            for queue in sorted(set(QUEUE_OF_KIND.values()))
        )
    )
    started = func.greatest(
        *(
            select(_step.rank)
            .where(_step.kind == kind, _step.started_at.is_not(None))
            .order_by(_step.started_at.desc())
            .limit(1)
            .scalar_subquery()
            for kind in FIRST_KINDS
        )
    )
    return func.coalesce(foremost, started, 0)


def next_rank(learner_id: ColumnElement[UUID]) -> ColumnElement[int]:
    """Return the rank of a learner's new job: the larger of their last rank plus one and the virtual time.

    So a newcomer goes beside the foremost that wait, behind one step of each at most. What was cancelled
    before it began was no service, so it does not count.
    """
    last = func.greatest(
        select(func.max(_job.rank))
        .where(_job.learner_id == learner_id, _job.finished_at.is_(None))
        .scalar_subquery(),
        select(_job.rank)
        .where(_job.learner_id == learner_id, _job.started_at.is_not(None))
        .order_by(_job.created_at.desc(), _job.id.desc())
        .limit(1)
        .scalar_subquery(),
    )
    return func.greatest(func.coalesce(last, 0) + 1, virtual_time())


def rank_of_next_job(session: Session, learner_id: UUID) -> int:
    """Return the rank for a job of a locked learner that is to be run again."""
    rank: int = session.execute(select(next_rank(bindparam("its_learner", learner_id)))).scalar_one()
    return rank


MADE_READY: dict[str, Any] = {
    "ready_at": func.now(),
    "published_at": func.now(),
    "rank": func.greatest(_step.rank, virtual_time() + _step.number),
}
"""What a step is once it may be claimed; its hint counts as sent."""
