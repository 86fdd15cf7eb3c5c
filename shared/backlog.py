"""How much waits and runs now, and who is there for it: states, read from PostgreSQL when asked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from shared import steps, workers
from shared.metrics import NAMESPACE
from shared.models import QueueName, Step
from shared.queue import STEP_TASKS

ByQueue = Mapping[QueueName, float]


@dataclass(frozen=True, slots=True)
class Backlog:
    """By queue: steps that could be claimed now, the oldest one's wait, steps at work, live workers.

    Every queue has its workers; only one that steps wait in has the rest.
    """

    depth: ByQueue
    oldest_seconds: ByQueue
    running: ByQueue
    workers: ByQueue


def read(session: Session) -> Backlog:
    """Return the backlog as it is. What is asked of steps reads the unfinished ones alone, by an index."""
    queue = col(Step.queue)
    wait = func.extract("epoch", func.now() - func.min(col(Step.ready_at)))
    waits = session.execute(select(queue, func.count(), wait).where(steps.ready()).group_by(queue)).all()
    at_work = col(Step.lease_token).is_not(None)
    runs = session.execute(select(queue, func.count()).where(at_work).group_by(queue)).all()
    live = workers.live(session)
    none = dict.fromkeys(sorted(STEP_TASKS), 0.0)
    return Backlog(
        depth=none | {row[0]: row[1] for row in waits},
        oldest_seconds=none | {row[0]: float(row[2]) for row in waits},
        running=none | {row[0]: row[1] for row in runs},
        workers={queue: sum(queue in worker.queues for worker in live) for queue in QueueName},
    )


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
            ("queue_depth", "Steps that could be claimed now.", backlog.depth),
            ("queue_oldest_seconds", "How long the oldest of them has waited.", backlog.oldest_seconds),
            ("steps_running", "Steps that a worker owns.", backlog.running),
            ("workers_live", "Workers heard of lately.", backlog.workers),
        ):
            family = GaugeMetricFamily(f"{NAMESPACE}_{name}", text, labels=["queue"])
            for queue, figure in figures.items():
                family.add_metric([queue], figure)
            yield family
