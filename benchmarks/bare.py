"""The floor: a Celery chain of as many tasks, with our settings and our pools, that does nothing but wait.

`celery -A benchmarks.bare worker …` is started by `running_bare`.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from celery import Celery, chain

from benchmarks.timed_engines import LLM, STT, TTS
from local.processes import spawn, stop_group
from local.servers import EmbeddedRedis
from shared.models import QueueName
from shared.queue import WORKER_SOCKET_TIMEOUT_SECONDS, create_celery

ADDRESS = "BENCHMARK_BROKER"


def create_bare(url: str) -> Celery:
    """Return an application with our own one's settings and, as a chain needs one, a result backend."""
    app = create_celery(url, socket_timeout_seconds=WORKER_SOCKET_TIMEOUT_SECONDS)
    app.conf.update(
        result_backend=url,
        task_ignore_result=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_pool_start_method="spawn",
        worker_send_task_events=True,
        task_routes={task.__name__: {"queue": queue} for task, queue in _QUEUES.items()},
    )
    for task in _QUEUES:
        app.task(name=task.__name__)(task)
    return app


def _wait(*variables: str) -> None:
    time.sleep(sum(float(os.environ[variable]) for variable in variables))


def transcribe(value: int) -> int:
    """Take the transcriber's time."""
    _wait(STT)
    return value


def reply(value: int) -> int:
    """Take the tutor's time."""
    _wait(LLM)
    return value


def synthesize(value: int) -> int:
    """Take the synthesizer's time."""
    _wait(TTS)
    return value


def all_in_one(value: int) -> int:
    """Be the worker that runs the whole chain in one piece."""
    _wait(STT, LLM, TTS)
    return value


_QUEUES = {
    transcribe: QueueName.GPU,
    reply: QueueName.LLM,
    synthesize: QueueName.GPU,
    all_in_one: QueueName.GPU,
}


class Bare:
    """The bare workers at work."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def run(self, *stages: str) -> None:
        """Run a chain of these tasks and wait for its result."""
        first, *others = stages
        signatures = [self._app.signature(first, args=(1,)), *map(self._app.signature, others)]
        chain(*signatures, app=self._app).apply_async().get(timeout=60)

    def all_in_one(self, count: int) -> None:
        """Send so many whole chains to the one worker, and wait for all of them."""
        sent = [self._app.send_task(all_in_one.__name__, args=(1,)) for _ in range(count)]
        for each in sent:
            each.get(timeout=120)


@contextmanager
def running_bare(directory: Path, seconds: dict[str, str]) -> Iterator[Bare]:
    """Run a GPU worker and an LLM worker on a Redis of their own."""
    with EmbeddedRedis(directory / "bare-redis") as redis, ExitStack() as ending:
        environment = os.environ | seconds | {ADDRESS: redis.url}
        for queue, pool, concurrency in ((QueueName.GPU, "prefork", 1), (QueueName.LLM, "threads", 16)):
            command = (
                *(sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "benchmarks.bare"),
                *("worker", "--without-gossip", "--without-mingle", "--loglevel", "WARNING", "-Q", queue),
                *("-n", f"bare-{queue}@%h", "--pool", pool, "--concurrency", str(concurrency)),
            )
            with (directory / f"bare-{queue}.log").open("ab") as log:
                worker = spawn(command, environment, output=log)
            ending.callback(stop_group, worker, signal.SIGTERM, 10.0)
        bare = Bare(create_bare(redis.url))
        bare.run(transcribe.__name__, reply.__name__, synthesize.__name__)
        yield bare


if ADDRESS in os.environ:
    app = create_bare(os.environ[ADDRESS])
