"""How long a GPU worker does nothing after its child's KILL: until its first claim, of whichever step."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import create_engine

from shared.failures import RUN_DEADLINE
from shared.settings import SharedSettings
from shared.steps import Claim
from tests.chaos.invariants import watch_claims
from tests.chaos.plan import SHORT, make_plan
from tests.chaos.recoveries import Killed, recoveries
from tests.chaos.report import page
from tests.chaos.run import Verdict
from tests.support.factories import WORKER, Bench

ANOTHER_WORKER = "gpu-2@here"
Connection = psycopg.Connection[Any]


@pytest.fixture
def url(create_migrated_database: Callable[[], str]) -> str:
    return create_migrated_database()


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        watch_claims(connection)
        yield connection


@pytest.fixture
def bench(url: str, connection: Connection) -> Iterator[Bench]:
    """Jobs whose claims are watched."""
    engine = create_engine(SharedSettings(database_url=url).database_url)
    yield Bench(engine)
    engine.dispose()


def killed_at(claim: Claim) -> Killed:
    return Killed(claim.worker, str(claim.step_id), time.time())


def claimed_later(connection: Connection, step: UUID, at: float, *, worker: str = WORKER) -> None:
    """Note a claim as the trigger would at a moment that the test need not wait for."""
    connection.execute(
        "INSERT INTO chaos.claims (step, worker, at) VALUES (%s, %s, to_timestamp(%s))", (step, worker, at)
    )


def test_a_worker_is_at_work_again_with_another_step(bench: Bench, connection: Connection) -> None:
    claim, hanging = bench.claimed(bench.voice()), bench.step(bench.voice(user_id="ravi"))
    killed = killed_at(claim)
    claimed_later(connection, hanging.id, killed.at + 4.0)
    claimed_later(connection, claim.step_id, killed.at + 23.5)

    assert recoveries(connection, [killed]) == pytest.approx([4.0], abs=0.001)


def test_a_worker_that_has_nothing_else_is_at_work_again_with_the_same_step(
    bench: Bench, connection: Connection
) -> None:
    claim = bench.claimed(bench.voice())
    killed = killed_at(claim)
    claimed_later(connection, claim.step_id, killed.at + 6.5)

    assert recoveries(connection, [killed]) == pytest.approx([6.5], abs=0.001)


def test_only_claims_of_the_worker_whose_child_was_killed_count(bench: Bench, connection: Connection) -> None:
    claim, other = bench.claimed(bench.voice()), bench.voice(user_id="ravi")
    killed = killed_at(claim)
    bench.claimed(other, worker=ANOTHER_WORKER)
    assert recoveries(connection, [killed]) == []

    bench.die(claim)
    bench.claimed(claim.job_id)
    bench.sql("UPDATE steps SET worker = :other", other=ANOTHER_WORKER)  # only the trigger's note is left

    [seconds] = recoveries(connection, [killed])
    assert 0 < seconds < time.time() - killed.at


def test_a_kill_whose_step_ended_before_any_claim_does_not_count(
    bench: Bench, connection: Connection
) -> None:
    claim, later = bench.claimed(bench.voice()), bench.voice(user_id="ravi")
    killed = killed_at(claim)
    bench.give_up(claim.job_id, RUN_DEADLINE)
    bench.claimed(later)

    assert recoveries(connection, [killed]) == []


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([4.0, 5.0], "on whichever step, 2 times: median 4.5 s, worst 5.0 s (limit 9 s)"),
        ([], "no GPU child was killed whose worker was needed again"),
    ],
)
def test_the_page_tells_how_long_workers_did_nothing(seconds: list[float], told: str) -> None:
    verdict = Verdict(make_plan(SHORT, 1), 70.0, {}, [], False, {}, {}, seconds, [], {})

    assert told in page(verdict)
