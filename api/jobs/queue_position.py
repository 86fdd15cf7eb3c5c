"""The queue position of a job that has not started, and its estimated time to completion.

**The estimate.** A queue `q` has `c` slots (its live workers'), a run of stage `s` takes `p(s)` seconds
(`api.jobs.stage_durations`); the job's own speech takes what the parts do that it wants. It goes through its
stages one after another:

    t ← max(W(s) / c, t + L(s) / c) + p(s)     for each of its stages s, from t = earlier turns' time

- `W(s)`: the seconds of work in the queue of `s` before the job's stage gets a slot, if no more jobs arrive:
  what runs there now, half done on average, and what waits there ahead of the job. For a later stage,
  all that waits there counts, and so does what the job itself and those ahead of it will add.
- `L(s)`: the seconds of work in the queue of `s` when the job joins it, if jobs arrive as fast as they leave:
  all that is in that queue now. 0 for the first stage, whose queue the job has joined already.

The larger one counts, since nobody knows who will come: after a burst it is the first, under a steady
load the second, which at most doubles what the first alone would say. A slot takes the next in line
when it is free, so work is divided by slots. Earlier turns of the conversation are answered first.
Not counted: dispatch (some 10 ms a stage) and models that are still to be loaded.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from api.jobs.line import Line, Others, RecentLine, Standing, standing
from api.jobs.stage_durations import RecentStageDurations, StageDurations
from shared.models import Job, QueueName, SpokenPart, Stage, Step
from shared.steps import QUEUE_OF_STAGE, STAGE_OF_KIND

_HALF_DONE = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """`position`: 1 is next. `eta_seconds`: time until the job ends; None if nothing is measured yet."""

    position: int
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Places:
    """Finds places, by the line and the durations as they are or were a moment ago."""

    line: RecentLine = field(default_factory=RecentLine)
    durations: RecentStageDurations = field(default_factory=RecentStageDurations)

    def find(self, session: Session, job: Job, first: Step | None) -> Place | None:
        """Return the place of a job by its `first` step, None once it has begun or ended."""
        if job.started_at is not None or job.finished_at is not None or first is None:
            return None
        return _place(standing(job, first), self.line.read(session), self.durations.read(session))

    def find_kept(self, job: Job, first: Step) -> Place | None:
        """Return the place of a job that waits, if nothing has to be read for it; else None."""
        line, durations = self.line.kept(), self.durations.kept()
        if line is None or durations is None:
            return None
        return _place(standing(job, first), line, durations)

    def find_all(self, session: Session, job_ids: Collection[UUID]) -> dict[UUID, Place]:
        """Return the places of those of these jobs that have not begun."""
        line, durations = self.line.read(session), self.durations.read(session)
        waiting = (line.waiting(job_id) for job_id in job_ids)
        return {own.job_id: _place(own, line, durations) for own in waiting if own is not None}


def _place(own: Standing, line: Line, durations: StageDurations) -> Place:
    stages = stages_from(STAGE_OF_KIND[own.kind], speaks=bool(own.speak))
    return place(stages, line.others(own), durations, [SpokenPart(part) for part in own.speak])


def place(
    stages: Sequence[Stage],
    others: Sequence[Others],
    durations: StageDurations,
    parts: Collection[SpokenPart] = (),
) -> Place:
    """Return the place among the others of a job with these stages, and parts to speak, to go.

    The module says how.
    """
    queue = QUEUE_OF_STAGE[stages[0]]
    waiting = (each for each in others if each.ahead and not each.runs and _at(each, queue))
    return Place(1 + sum(each.count for each in waiting), _eta(stages, others, durations, parts))


def stages_from(stage: Stage, *, speaks: bool) -> list[Stage]:
    """Return the stage and those that follow it."""
    order = list(Stage)
    return [each for each in order[order.index(stage) :] if speaks or each is not Stage.SYNTHESIZE]


def _eta(
    stages: Sequence[Stage],
    others: Sequence[Others],
    durations: StageDurations,
    parts: Collection[SpokenPart],
) -> float | None:
    if not all(stage in durations.seconds and QUEUE_OF_STAGE[stage] in durations.slots for stage in stages):
        return None
    takes = durations.of_job(parts)
    earlier_turns = (each for each in others if each.earlier_turn)
    done_at = sum(each.count * _until_answered(each, durations) for each in earlier_turns)
    for number, stage in enumerate(stages):
        queue = QUEUE_OF_STAGE[stage]
        if number == 0:
            work, line = sum(_before_first(each, queue, durations) for each in others), 0.0
        else:
            own = sum(takes[before] for before in stages[:number] if QUEUE_OF_STAGE[before] is queue)
            work = own + sum(_before_later(each, queue, durations) for each in others)
            line = sum(_in_line(each, queue, durations) for each in others)
        slots = durations.slots[queue]
        done_at = max(work / slots, done_at + line / slots) + takes[stage]
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
    there = _at(each, queue) and (each.runs or each.ready or each.ahead or each.begun)
    return each.count * _now(each, durations) if there else 0.0


def _at(each: Others, queue: QueueName) -> bool:
    return QUEUE_OF_STAGE[each.stage] is queue


def _now(each: Others, durations: StageDurations) -> float:
    seconds = durations.seconds.get(each.stage, 0.0)
    if each.stage is Stage.SYNTHESIZE and durations.piece_seconds:
        seconds = durations.piece_seconds
    return seconds * (_HALF_DONE if each.runs else 1.0)


def _later(each: Others, queue: QueueName, durations: StageDurations) -> float:
    """Return the seconds of the queue that their stages after this one take."""
    later = stages_from(each.stage, speaks=each.speaks)[1:]
    return sum(durations.seconds.get(stage, 0.0) for stage in later if QUEUE_OF_STAGE[stage] is queue)


def _until_answered(each: Others, durations: StageDurations) -> float:
    """Return the seconds until an earlier turn is answered: its voice is in no later turn's way."""
    if each.stage is Stage.SYNTHESIZE:
        return 0.0
    later = stages_from(each.stage, speaks=False)[1:]
    return _now(each, durations) + sum(durations.seconds.get(stage, 0.0) for stage in later)
