"""How long each stage takes and how many can run at a time, as measured: the basis of every estimate."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Interval, Select, func, select, type_coerce, union_all
from sqlalchemy.orm import Session
from sqlmodel import col

from shared import workers
from shared.models import Stage, StageRun
from shared.queue import QUEUE_OF_STAGE, QueueName

RUNS = 50
"""The number of a stage's last runs whose median is its duration."""

_KEPT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class StageDurations:
    """`seconds`: how long a run of each stage takes; absent if the stage has never run.

    `slots`: how many stages the live workers of a queue run at a time; absent if the queue has none.
    """

    seconds: Mapping[Stage, float]
    slots: Mapping[QueueName, int]

    @property
    def seconds_a_job(self) -> float | None:
        """How long the slowest queue needs for one job with all its stages; None if unknown."""
        busy = dict.fromkeys((QUEUE_OF_STAGE[stage] for stage in self.seconds), 0.0)
        for stage, seconds in self.seconds.items():
            busy[QUEUE_OF_STAGE[stage]] += seconds
        if not busy or not busy.keys() <= self.slots.keys():
            return None
        return max(seconds / self.slots[queue] for queue, seconds in busy.items())


def measure(session: Session) -> StageDurations:
    """Return the current durations.

    Failed runs count too: they kept a worker busy.
    """
    last = union_all(*(_last_runs(stage) for stage in Stage)).subquery()
    medians = session.execute(
        select(last.c.stage, func.percentile_cont(0.5).within_group(last.c.took)).group_by(last.c.stage)
    )
    slots: Counter[QueueName] = Counter()
    for worker in workers.live(session):
        slots.update({QueueName(name): worker.concurrency for name in set(worker.queues) & set(QueueName)})
    return StageDurations({stage: took.total_seconds() for stage, took in medians}, dict(slots))


def _last_runs(stage: Stage) -> Select[Stage, timedelta]:
    took: ColumnElement[timedelta] = type_coerce(
        col(StageRun.finished_at) - col(StageRun.started_at), Interval
    )
    return (
        select(col(StageRun.stage), took.label("took"))
        .where(col(StageRun.stage) == stage)
        .order_by(col(StageRun.finished_at).desc())
        .limit(RUNS)
    )


class RecentStageDurations:
    """Caches the durations and measures them again once they are older than two seconds."""

    def __init__(self) -> None:
        self._paces = StageDurations({}, {})
        self._measured_at = -math.inf

    def read(self, session: Session) -> StageDurations:
        """Return the durations, at most two seconds old."""
        if time.monotonic() - self._measured_at > _KEPT_SECONDS:
            self._paces = measure(session)
            self._measured_at = time.monotonic()
        return self._paces
