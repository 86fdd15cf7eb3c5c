"""How long each stage takes and how many can run at a time, as measured: the basis of every estimate."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Float, func, select, union_all
from sqlalchemy.orm import Session

from shared import steps, workers
from shared.models import QueueName, Stage, StepKind
from shared.steps import QUEUE_OF_STAGE, STAGE_OF_KIND

RUNS = 50
"""The number of a stage's last runs whose median is its duration."""

_KEPT_SECONDS = 2.0
_KINDS = (StepKind.TRANSCRIBE, StepKind.REPLY, StepKind.SPEAK)


@dataclass(frozen=True, slots=True)
class StageDurations:
    """`seconds`: what a stage takes for one job; absent where none ever ran.

    `slots`: how many steps the live workers of a queue run at a time; absent where there is none.
    `piece_seconds`: what one piece of speech takes, of which a job has several.
    """

    seconds: Mapping[Stage, float]
    slots: Mapping[QueueName, int]
    piece_seconds: float = 0.0

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
    last = union_all(*(steps.last_runs(kind, RUNS) for kind in _KINDS)).subquery()
    took = func.percentile_cont(0.5).within_group(last.c.took)
    pieces = func.count() / func.count(last.c.job_id.distinct()).cast(Float)
    seconds: dict[Stage, float] = {}
    piece_seconds = 0.0
    for kind, median, per_job in session.execute(select(last.c.kind, took, pieces).group_by(last.c.kind)):
        seconds[STAGE_OF_KIND[kind]] = median.total_seconds()
        if kind is StepKind.SPEAK:
            # Other kinds run more than once for a job only where it was retried.
            piece_seconds = median.total_seconds()
            seconds[Stage.SYNTHESIZE] = piece_seconds * per_job
    slots: Counter[QueueName] = Counter()
    for worker in workers.live(session):
        slots.update({QueueName(name): worker.concurrency for name in set(worker.queues) & set(QueueName)})
    return StageDurations(seconds, dict(slots), piece_seconds)


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
