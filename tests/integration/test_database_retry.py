"""A stage whose database goes away before its engine has run, and how long anything waits for one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import psycopg
import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from psycopg import sql
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from local.servers import EmbeddedPostgres
from shared.models import JobStatus, StepOutcome
from tests.support.stack import eventually
from tests.support.workbench import Build
from worker.stages.database_retry import DatabaseAwayError, DatabaseRetry


class Outage:
    """Takes one database away, and brings it back."""

    def __init__(self, server: EmbeddedPostgres, database: Engine) -> None:
        self._server = server
        self.name = database.url.database or ""

    def begin(self) -> None:
        """End every connection and refuse new ones."""
        self._allow(connections=False)
        with psycopg.connect(self._server.url, autocommit=True) as operator:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.name]
            )

    def end(self) -> None:
        """Let everybody in again."""
        self._allow(connections=True)

    def _allow(self, *, connections: bool) -> None:
        statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
            sql.Identifier(self.name), sql.Literal(connections)
        )
        with psycopg.connect(self._server.url, autocommit=True) as operator:
            operator.execute(statement)

    @contextmanager
    def hold_up(self, table: str) -> Iterator[Callable[[], bool]]:
        """Let nobody read the table; yield what tells whether somebody tries to."""
        url = self._server.url.rpartition("/")[0] + f"/{self.name}"
        with psycopg.connect(self._server.url, autocommit=True) as operator:

            def held_up() -> bool:
                waiting = operator.execute(
                    "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
                    [self.name],
                )
                return bool(waiting.fetchall())

            locker = psycopg.connect(url)
            locker.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(table)))
            yield held_up
            locker.close()


@pytest.fixture
def outage(postgres: EmbeddedPostgres, database: Engine) -> Outage:
    return Outage(postgres, database)


@pytest.mark.parametrize(("kind", "table"), [("voice", "audio_objects"), ("text", "messages")])
def test_what_an_engine_needs_is_waited_for(
    build: Build, outage: Outage, kind: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    work = build()
    job_id = work.voice(speak=[]) if kind == "voice" else work.bench.text(speak=[])
    running = threading.Thread(target=work.run, args=(job_id,))
    with outage.hold_up(table) as held_up:
        running.start()
        eventually(held_up, what="the stage at its reading")
        outage.begin()
    eventually(lambda: "waiting for the database" in caplog.text, what="the stage waiting")
    outage.end()
    running.join(30)

    first = work.bench.steps(job_id)[0]
    assert (first.outcome, first.deaths) == (StepOutcome.SUCCEEDED, 0)


def test_a_stage_is_given_back_when_the_database_does_not_come_in_time(build: Build, outage: Outage) -> None:
    work = build(llm_timeout_seconds=1.0)
    job_id = work.bench.text(speak=[])
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work.run(job_id)
        except DatabaseAwayError as error:
            failures.append(error)

    running = threading.Thread(target=run)
    with outage.hold_up("messages") as held_up:
        running.start()
        eventually(held_up, what="the stage at its reading")
        outage.begin()
    running.join(30)
    outage.end()

    assert len(failures) == 1
    assert work.bench.job(job_id).status is JobStatus.RUNNING
    assert work.bench.step(job_id).lease_token is not None


def test_only_an_absent_database_is_waited_for(database: Engine) -> None:
    with database.connect() as connection, pytest.raises(ProgrammingError):
        DatabaseRetry(time.monotonic() + 60)(lambda: connection.execute(text("SELECT nonsense")))


def test_it_gives_up_at_its_moment_and_not_before_it_has_tried(unreachable: Engine) -> None:
    tries: list[float] = []

    def connect() -> NoReturn:
        tries.append(time.monotonic())
        with unreachable.connect():
            raise AssertionError("nobody listens there")

    with pytest.raises(DatabaseAwayError):
        DatabaseRetry(time.monotonic() - 1)(connect)
    assert len(tries) == 1
    until = time.monotonic() + 3
    with pytest.raises(DatabaseAwayError):
        DatabaseRetry(until)(connect)
    assert 2 <= len(tries) - 1 <= 10
    assert tries[-1] <= until + 2


def test_a_soft_time_limit_that_fires_while_waiting_changes_nothing() -> None:
    answers = iter([OperationalError, SoftTimeLimitExceeded, None])

    def work() -> str:
        error = next(answers)
        if error is OperationalError:
            raise OperationalError("SELECT 1", {}, Exception())
        if error is not None:
            raise error
        return "done"

    assert DatabaseRetry(time.monotonic() + 30)(work) == "done"


@pytest.fixture
def unreachable() -> Iterator[Engine]:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    yield engine
    engine.dispose()
