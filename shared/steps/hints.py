"""Hints: messages that tell a queue that a step waits there, and which of them were sent."""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, func, select, update
from sqlalchemy.orm import Session

from shared.models import QueueName, Step
from shared.steps.ranks import ORDER, ready

_steps: Table = Step.metadata.tables["steps"]
_step = _steps.c


class Hint(NamedTuple):
    """A step that became ready. Only its queue is sent: PostgreSQL decides which step a worker takes."""

    step_id: UUID
    job_id: UUID
    queue: QueueName


def best_of_queue() -> Select[UUID]:
    """Return the query that locks the step which the queue's next worker takes; locked ones are passed by."""
    return (
        select(_step.id)
        .where(_step.queue == bindparam("its_queue"), ready())
        .order_by(*ORDER)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def mark_unpublished(session: Session, hints: Collection[Hint]) -> None:
    """Note that the hints, which count as sent since their steps are ready, were not: the sweep sends them.

    A step that has moved on meanwhile is left alone, as is one that others have locked: the sweep finds a
    hint that was lost.
    """
    ids = [hint.step_id for hint in hints]
    free = select(_step.id).where(_step.id.in_(ids), ready()).with_for_update(skip_locked=True)
    session.execute(update(_steps).where(_step.id.in_(free)).values(published_at=None))


def mark_foremost_unpublished(session: Session, queue: QueueName) -> None:
    """Note that the queue has one hint less than it has ready steps: the sweep sends it."""
    foremost = best_of_queue().params(its_queue=queue).scalar_subquery()
    session.execute(update(_steps).where(_step.id == foremost).values(published_at=None))


def take_unsent(session: Session, condition: ColumnElement[bool], *, limit: int) -> list[Hint]:
    """Note up to `limit` ready steps that meet the condition as sent, best first; return their hints.

    They are noted before they are sent: a step that is locked while its hint is on its way would be passed
    by. One that others have locked is at work.
    """
    chosen = (
        select(_step.id)
        .where(ready(), condition)
        .order_by(*ORDER)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # Chosen once: a subquery could be asked again for each step, and note more than the limit.
        .cte("chosen")
    )
    noted = (
        update(_steps)
        .where(_step.id.in_(select(chosen.c.id)))
        .values(published_at=func.now())
        .returning(_step.id, _step.job_id, _step.queue)
    )
    return [Hint(*row) for row in session.execute(noted)]


def unsent(*, grace: timedelta) -> ColumnElement[bool]:
    """Return the condition that a step is ready for longer than `grace`, and its hint was never sent."""
    return and_(_step.published_at.is_(None), _step.ready_at < func.now() - grace)


def sent_long_ago(queue: QueueName, *, age: timedelta) -> ColumnElement[bool]:
    """Return the condition that a step of the queue had its hint sent longer than `age` ago."""
    return and_(_step.queue == queue, _step.published_at < func.now() - age)


def forget_sent(session: Session) -> int:
    """Note that no hint is on its way any more: the broker lost them all. Returns how many steps wait."""
    free = select(_step.id).where(ready(), _step.published_at.is_not(None)).with_for_update(skip_locked=True)
    forgotten = update(_steps).where(_step.id.in_(free)).values(published_at=None)
    return int(session.connection().execute(forgotten).rowcount)
