"""The queue position of a job that has not started, and its estimated time to completion.

**The estimate.** A queue `q` has `c` slots (its live workers'), a run of stage `s` takes `p(s)` seconds
(`api.jobs.stage_durations`). The job goes through its stages one after another:

    t ← max(W(s) / c, t + L(s) / c) + p(s)     for each of its stages s, from t = earlier turns' time

- `W(s)`: the seconds of work in the queue of `s` before the job's stage gets a slot, if no more jobs arrive:
  what runs there now, half done on average, and what waits there ahead of the job. For a later stage,
  all that waits there counts, and so does what the job itself and those ahead of it will add.
- `L(s)`: the seconds of work in the queue of `s` when the job joins it, if jobs arrive as fast as they leave:
  all that is in that queue now. 0 for the first stage, whose queue the job has joined already.

Arrivals cannot be known in advance, so the larger term counts: the first after a burst, the second under
a steady load, where it at most doubles the estimate from the first alone. A free slot takes the next
stage in the queue, so work is divided by slots. Earlier turns of the conversation are completed first.
Not counted: dispatch (some 10 ms per stage) and the loading of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from api.jobs.stage_durations import RecentStageDurations, StageDurations
from shared.models import Job, Stage
from shared.queue import QUEUE_OF_STAGE, QueueName

_HALF_DONE = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """`position`: 1 is next. `eta_seconds`: time until the job ends; None if nothing is measured yet."""

    position: int
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Others:
    """`count` unfinished jobs that affect a waiting job in the same way.

    `stage`: their current stage; `runs`: a worker runs it; `queued`: its hint was sent; `ahead`: sent before
    the waiting job's; `begun`: an earlier stage has run; `speaks`: the last stage is speech;
    `earlier_turn`: they belong to earlier turns of the waiting job's conversation.
    """

    stage: Stage
    count: int
    runs: bool = False
    queued: bool = True
    ahead: bool = True
    begun: bool = False
    speaks: bool = True
    earlier_turn: bool = False


def find(session: Session, job: Job, durations: RecentStageDurations) -> Place | None:
    """Return the job's place, or None once it has started or ended. Reads the unfinished jobs once."""
    if job.started_at is not None or job.stage is None:
        return None
    return place(
        stages_from(job.stage, speaks=bool(job.speak)), look_around(session, job), durations.read(session)
    )


def look_around(session: Session, job: Job) -> Sequence[Others]:
    """Return the other unfinished jobs, grouped."""
    own = {
        "own_id": job.id,
        "own_conversation": job.conversation_id,
        "own_turn": job.turn,
        "since": job.published_at or job.created_at,
    }
    rows = session.execute(_look_around(sent=job.published_at is not None), own)
    return [Others(**row._asdict()) for row in rows]


@cache  # building the statement costs more than running it
def _look_around(*, sent: bool) -> Select[Any]:
    """Return the query for a job whose hint was sent, or was not yet."""
    of_its_conversation = col(Job.conversation_id) == bindparam("own_conversation")
    flags = {
        "runs": col(Job.lease_token).is_not(None),
        "queued": col(Job.published_at).is_not(None),
        "ahead": _is_ahead(sent=sent),
        "begun": col(Job.started_at).is_not(None),
        "speaks": func.cardinality(col(Job.speak)) > 0,
        "earlier_turn": and_(of_its_conversation, col(Job.turn) < bindparam("own_turn")),
    }
    named = (
        select(col(Job.stage), *(flag.label(name) for name, flag in flags.items()))
        .where(col(Job.finished_at).is_(None), col(Job.id) != bindparam("own_id"))
        .subquery()
    )
    return select(*named.c, func.count().label("count")).group_by(*named.c)


def _is_ahead(*, sent: bool) -> ColumnElement[bool]:
    """Return whose hint was sent before the job's; where it has none yet, also who was accepted before."""
    since = bindparam("since", type_=DateTime(timezone=True))
    if sent:
        return func.coalesce(col(Job.published_at) < since, False)
    return or_(col(Job.published_at).is_not(None), col(Job.created_at) < since)


def place(stages: Sequence[Stage], others: Sequence[Others], durations: StageDurations) -> Place:
    """Return the place among the others of a job with these stages to go; the module says how."""
    queue = QUEUE_OF_STAGE[stages[0]]
    waiting = (each for each in others if each.ahead and not each.runs and _at(each, queue))
    return Place(1 + sum(each.count for each in waiting), _eta(stages, others, durations))


def stages_from(stage: Stage, *, speaks: bool) -> list[Stage]:
    """Return the stage and those that follow it."""
    order = list(Stage)
    return [each for each in order[order.index(stage) :] if speaks or each is not Stage.SYNTHESIZE]


def _eta(stages: Sequence[Stage], others: Sequence[Others], durations: StageDurations) -> float | None:
    if not all(stage in durations.seconds and QUEUE_OF_STAGE[stage] in durations.slots for stage in stages):
        return None
    earlier_turns = (each for each in others if each.earlier_turn)
    done_at = sum(
        each.count * (_now(each, durations) + _later(each, None, durations)) for each in earlier_turns
    )
    for number, stage in enumerate(stages):
        queue = QUEUE_OF_STAGE[stage]
        if number == 0:
            work, line = sum(_before_first(each, queue, durations) for each in others), 0.0
        else:
            own = sum(
                durations.seconds[before] for before in stages[:number] if QUEUE_OF_STAGE[before] is queue
            )
            work = own + sum(_before_later(each, queue, durations) for each in others)
            line = sum(_in_line(each, queue, durations) for each in others)
        slots = durations.slots[queue]
        done_at = max(work / slots, done_at + line / slots) + durations.seconds[stage]
    return round(done_at, 1)


def _before_first(each: Others, queue: QueueName, durations: StageDurations) -> float:
    """Return the seconds of the queue that these others take before a job at its end gets there."""
    in_front = each.runs or each.ahead
    return each.count * _now(each, durations) if in_front and _at(each, queue) else 0.0


def _before_later(each: Others, queue: QueueName, durations: StageDurations) -> float:
    """Return the seconds of the queue that they take before a job comes to it with a later stage."""
    in_front = each.runs or each.begun or each.ahead
    later = _later(each, queue, durations) if in_front else 0.0
    return _in_line(each, queue, durations) + each.count * later


def _in_line(each: Others, queue: QueueName, durations: StageDurations) -> float:
    """Return the seconds of the queue that they are waiting for, or taking, now."""
    there = _at(each, queue) and (each.runs or each.queued or each.ahead or each.begun)
    return each.count * _now(each, durations) if there else 0.0


def _at(each: Others, queue: QueueName) -> bool:
    return QUEUE_OF_STAGE[each.stage] is queue


def _now(each: Others, durations: StageDurations) -> float:
    return durations.seconds.get(each.stage, 0.0) * (_HALF_DONE if each.runs else 1.0)


def _later(each: Others, queue: QueueName | None, durations: StageDurations) -> float:
    """Return the seconds of their stages after this one, at the queue where one is named."""
    later = stages_from(each.stage, speaks=each.speaks)[1:]
    return sum(durations.seconds.get(stage, 0.0) for stage in later if queue in {None, QUEUE_OF_STAGE[stage]})
