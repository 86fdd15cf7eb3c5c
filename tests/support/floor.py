"""A sweep with its servers, and what lies on the queues, for tests."""

import base64
import json
from dataclasses import dataclass
from uuid import UUID

from celery import Celery
from redis import Redis

from shared.queue import QueueName
from tests.support.factories import Bench
from worker.upkeep.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Floor:
    """One sweep on a database and a Redis."""

    bench: Bench
    redis: Redis
    app: Celery
    sweep: Sweep

    def swept(self) -> list[tuple[str, UUID]]:
        """Sweep; return what lies on the queues, as task names and job ids."""
        self.sweep.run()
        return self.queued()

    def queued(self) -> list[tuple[str, UUID]]:
        """Return what lies on the queues, oldest first."""
        messages = [
            json.loads(message)
            for queue in (QueueName.GPU, QueueName.LLM)
            for message in reversed(self.redis.lrange(queue, 0, -1))
        ]
        return [(message["headers"]["task"], _job_of(message["body"])) for message in messages]

    def forget_queues(self) -> None:
        """Take every message away, as workers would."""
        self.redis.delete(*QueueName)

    def fill(self, queue: QueueName, count: int) -> None:
        """Put messages of others on a queue."""
        self.redis.lpush(queue, *(["another's message"] * count))

    def age(self, column: str, seconds: float) -> None:
        """Set the moment in a column of every job back."""
        self.bench.sql(f"UPDATE jobs SET {column} = {column} - make_interval(secs => :s)", s=seconds)  # noqa: S608


def _job_of(body: str) -> UUID:
    return UUID(json.loads(base64.b64decode(body))[0][0])
