"""The floor that keeps its promises: procrastinate, with as many tasks, on the product's PostgreSQL server.

Every task is stored before it runs, and so is its end; each defers the next, and the last tells the submitter
by NOTIFY. They do nothing but wait. `procrastinate --app benchmarks.durable.app worker …` is
started by `running_durable`, one for each queue.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from procrastinate import App, BaseConnector, JobContext, PsycopgConnector, SyncPsycopgConnector

from benchmarks.product import another_database
from benchmarks.timed_engines import LLM, STT, TTS
from local.processes import spawn, stop_group
from shared.models import QueueName

ADDRESS = "BENCHMARK_DURABLE_DATABASE"
_ENDED = "benchmark_ended"
_QUEUES = {"transcribe": QueueName.GPU, "reply": QueueName.LLM, "synthesize": QueueName.GPU}
_SECONDS = {"transcribe": STT, "reply": LLM, "synthesize": TTS}


def create_durable(connector: BaseConnector) -> App:
    """Return an application that has the tasks."""
    app = App(connector=connector)
    for stage, queue in _QUEUES.items():
        app.task(name=stage, queue=queue, pass_context=True)(work)
    return app


async def work(context: JobContext, turn: str, stages: list[str]) -> None:
    """Take the first stage's time; then defer the next one, or tell the submitter that the turn has ended."""
    first, *others = stages
    await asyncio.sleep(float(os.environ[_SECONDS[first]]))
    if others:
        await context.app.configure_task(others[0], allow_unknown=False).defer_async(
            turn=turn, stages=list(others)
        )
    else:
        notify = "SELECT pg_notify(%(channel)s, %(turn)s)"
        await context.app.connector.execute_query_async(notify, channel=_ENDED, turn=turn)


class Durable:
    """The durable workers at work."""

    def __init__(self, app: App, url: str, listening: psycopg.Connection) -> None:
        self.url = url
        self._app = app
        self._listening = listening
        listening.execute(f"LISTEN {_ENDED}")

    def run(self, *stages: str) -> None:
        """Run these tasks one after another and return once their end is known."""
        turn = uuid4().hex
        self._app.configure_task(stages[0], allow_unknown=False).defer(turn=turn, stages=list(stages))
        for told in self._listening.notifies(timeout=60):
            if told.payload == turn:
                return
        raise TimeoutError("no worker ended the turn")


@contextmanager
def running_durable(directory: Path, database_url: str, seconds: dict[str, str]) -> Iterator[Durable]:
    """Run a worker for each queue on a database of their own, on the server of the one that is given."""
    url = another_database(database_url, "durable")
    app = create_durable(SyncPsycopgConnector(conninfo=url))
    with app.open(), psycopg.connect(url, autocommit=True) as listening, ExitStack() as ending:
        app.schema_manager.apply_schema()
        environment = os.environ | seconds | {ADDRESS: url}
        for queue, concurrency in ((QueueName.GPU, 1), (QueueName.LLM, 16)):
            command = (
                *(sys.executable, "-m", "procrastinate", "--app", f"{__spec__.name}.app"),
                *("worker", "--queues", queue, "--concurrency", str(concurrency)),
            )
            with (directory / f"durable-{queue}.log").open("ab") as log:
                worker = spawn(command, environment, output=log)
            ending.callback(stop_group, worker, signal.SIGTERM, 10.0)
        durable = Durable(app, url, listening)
        durable.run(*_QUEUES)
        yield durable


if ADDRESS in os.environ:
    app = create_durable(PsycopgConnector(conninfo=os.environ[ADDRESS]))
