"""How long each stage takes and how many can run at a time, as measured: the basis of every estimate."""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from statistics import median
from uuid import UUID

from sqlalchemy import union_all
from sqlalchemy.orm import Session

from shared import steps, workers
from shared.models import QueueName, SpokenPart, Stage, StepKind
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
    `part_seconds`: what all pieces of a part take; absent where none was ever spoken.
    """

    seconds: Mapping[Stage, float]
    slots: Mapping[QueueName, int]
    piece_seconds: float = 0.0
    part_seconds: Mapping[SpokenPart, float] = field(default_factory=dict)

    def of_job(self, parts: Collection[SpokenPart]) -> Mapping[Stage, float]:
        """Return what the stages take for a job with these parts; parts never spoken yet add nothing."""
        known = [self.part_seconds[part] for part in parts if part in self.part_seconds]
        return {**self.seconds, Stage.SYNTHESIZE: sum(known)} if known else self.seconds

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
    took: defaultdict[StepKind, list[float]] = defaultdict(list)
    spoken: defaultdict[tuple[UUID, SpokenPart], float] = defaultdict(float)
    for kind, job_id, part, duration in session.execute(
        union_all(*(steps.last_runs(kind, RUNS) for kind in _KINDS))
    ):
        took[kind].append(duration.total_seconds())
        if kind is StepKind.SPEAK:
            spoken[job_id, part] += duration.total_seconds()
    seconds = {STAGE_OF_KIND[kind]: median(runs) for kind, runs in took.items()}
    jobs, parts = defaultdict[UUID, float](float), defaultdict[SpokenPart, list[float]](list)
    for (job_id, part), total in spoken.items():
        jobs[job_id] += total
        parts[part].append(total)
    if jobs:
        seconds[Stage.SYNTHESIZE] = median(jobs.values())
    slots: Counter[QueueName] = Counter()
    for worker in workers.live(session):
        slots.update({QueueName(name): worker.concurrency for name in set(worker.queues) & set(QueueName)})
    return StageDurations(
        seconds,
        dict(slots),
        median(took[StepKind.SPEAK] or [0.0]),
        {part: median(totals) for part, totals in parts.items()},
    )


class RecentStageDurations:
    """Caches the durations and measures them again once they are older than two seconds."""

    def __init__(self) -> None:
        self._paces = StageDurations({}, {})
        self._measured_at = -math.inf

    def read(self, session: Session) -> StageDurations:
        """Return the durations, at most two seconds old."""
        kept = self.kept()
        if kept is None:
            self._paces = kept = measure(session)
            self._measured_at = time.monotonic()
        return kept

    def kept(self) -> StageDurations | None:
        """Return the durations if they are at most two seconds old; None where they have to be measured."""
        return self._paces if time.monotonic() - self._measured_at <= _KEPT_SECONDS else None
