"""How many stages wait and run now, and which workers live, read from PostgreSQL on request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from shared import workers
from shared.jobs import waiting
from shared.metrics import NAMESPACE
from shared.models import Job, Stage
from shared.queue import QUEUE_OF_STAGE, QueueName

ByQueue = Mapping[QueueName, float]


@dataclass(frozen=True, slots=True)
class Backlog:
    """By queue: stages that could be claimed now, the oldest one's wait, stages running, live workers.

    Every queue has its workers; only one that stages wait in has the rest.
    """

    depth: ByQueue
    oldest_seconds: ByQueue
    running: ByQueue
    workers: ByQueue


def read(session: Session) -> Backlog:
    """Return the current backlog. The queries on jobs read only the unfinished ones, by an index."""
    stage = col(Job.stage)
    wait = func.extract("epoch", func.now() - func.min(col(Job.stage_ready_at)))
    waits = session.execute(select(stage, func.count(), wait).where(waiting()).group_by(stage)).all()
    at_work = (col(Job.finished_at).is_(None), col(Job.lease_token).is_not(None))
    runs = session.execute(select(stage, func.count()).where(*at_work).group_by(stage)).all()
    live = workers.live(session)
    return Backlog(
        depth=_by_queue(sum, [(row[0], row[1]) for row in waits]),
        oldest_seconds=_by_queue(max, [(row[0], float(row[2])) for row in waits]),
        running=_by_queue(sum, [(row[0], row[1]) for row in runs]),
        workers={queue: sum(queue in worker.queues for worker in live) for queue in QueueName},
    )


def _by_queue(join: Callable[[list[float]], float], figures: Sequence[tuple[Stage | None, float]]) -> ByQueue:
    """Return the figures of each queue's stages as one; 0 where no stage has any."""
    return {
        queue: join([0, *(figure for stage, figure in figures if stage and QUEUE_OF_STAGE[stage] is queue)])
        for queue in sorted(set(QUEUE_OF_STAGE.values()))
    }


class BacklogCollector:
    """Shows to Prometheus what `read` returns: None where the database does not answer."""

    def __init__(self, read: Callable[[], Backlog | None]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Yield the figures as they are now; without the database only that it is away."""
        backlog = self._read()
        up = f"{NAMESPACE}_database_up"
        yield GaugeMetricFamily(up, "Whether PostgreSQL answered now.", value=float(backlog is not None))
        if backlog is None:
            return
        for name, text, figures in (
            ("queue_depth", "Stages that could be claimed now.", backlog.depth),
            ("queue_oldest_seconds", "How long the oldest of them has waited.", backlog.oldest_seconds),
            ("stages_running", "Stages that a worker owns.", backlog.running),
            ("workers_live", "Workers heard of lately.", backlog.workers),
        ):
            family = GaugeMetricFamily(f"{NAMESPACE}_{name}", text, labels=["queue"])
            for queue, figure in figures.items():
                family.add_metric([queue], figure)
            yield family
