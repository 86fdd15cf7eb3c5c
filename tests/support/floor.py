"""A sweep with its servers, and what lies on the queues, for tests."""

import json
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from celery import Celery
from redis import Redis

from shared.models import QueueName, Step
from shared.queue import STEP_TASKS
from tests.support.factories import Bench
from worker.upkeep.sweep import Sweep

_OF_STEPS = {"ready_at", "published_at", "lease_expires_at", "deadline_at"}


@dataclass(frozen=True, slots=True)
class Floor:
    """One sweep on a database and a Redis."""

    bench: Bench
    redis: Redis
    app: Celery
    sweep: Sweep

    def swept(self) -> list[tuple[QueueName, UUID]]:
        """Sweep; return the queues and jobs of the steps whose hints it sent, best first.

        A hint names no step, so each step that was noted as sent must have brought one more to its queue.
        """
        before = {step.id: step.published_at for step in self.bench.all(Step)}
        lay = Counter(self.queued())
        self.sweep.run()
        sent = [
            step
            for step in sorted(
                self.bench.all(Step), key=lambda step: (step.rank, str(step.ready_at), step.id)
            )
            if step.published_at is not None and step.published_at != before[step.id]
        ]
        assert Counter(self.queued()) - lay == Counter(STEP_TASKS[step.queue] for step in sent)
        return [(step.queue, step.job_id) for step in sent]

    def queued(self) -> list[str]:
        """Return the task names of the hints that lie on the queues, oldest first."""
        return [
            json.loads(message)["headers"]["task"]
            for queue in (QueueName.GPU, QueueName.LLM)
            for message in reversed(self.redis.lrange(queue, 0, -1))
        ]

    def forget_queues(self) -> None:
        """Take every message away, as workers would."""
        self.redis.delete(*QueueName)

    def fill(self, queue: QueueName, count: int) -> None:
        """Put messages of others on a queue."""
        self.redis.lpush(queue, *(["another's message"] * count))

    def age(self, column: str, seconds: float) -> None:
        """Set the moment in a column of every step, or else of every job, back."""
        table = "steps" if column in _OF_STEPS else "jobs"
        self.bench.sql(
            f"UPDATE {table} SET {column} = {column} - make_interval(secs => :s)",  # noqa: S608
            s=seconds,
        )
