"""A Redis that becomes a read-only replica, as in a failover, costs time and nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from local.servers import EmbeddedRedis
from tests.support.stack import WORKERS, Stack, eventually, running_stack

# Of each program, many tries: a try that is said shows up in its log so often.
TRIES = 12
LINES_AN_OUTAGE = 6


@pytest.fixture(scope="module")
def failing_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("failover")
    with running_stack(directory, create_migrated_database()) as running:
        yield running


@pytest.fixture
def new_master(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "master") as server:
        yield server


def refused_writes(redis: Redis) -> int:
    return int(redis.info("errorstats").get("errorstat_READONLY", {"count": 0})["count"])


def test_workers_live_through_a_failover_with_their_models_and_say_it_once(
    failing_stack: Stack, new_master: EmbeddedRedis
) -> None:
    stack = failing_stack
    stack.finished(stack.text_chat("asha", "I am go to market")["id"])
    before = {name: len(stack.log(name).splitlines()) for name in ("api", *WORKERS)}
    family = {name: [stack.process(name), *stack.process(name).children()] for name in WORKERS}

    with Redis.from_url(stack.redis.url) as redis:
        redis.config_set("masterauth", new_master._password)
        redis.replicaof("127.0.0.1", str(new_master.port))
        during = [stack.text_chat("asha", f"I has {count} book")["id"] for count in range(3)]
        eventually(lambda: refused_writes(redis) >= TRIES * len(WORKERS), what="many tries")
        health = stack.client.get("/health").json()
        redis.replicaof("NO", "ONE")

    assert health["status"] == "degraded"
    assert health["dependencies"]["broker"] == {
        "ok": False,
        "detail": "refuses writes: it is a read-only replica",
    }
    for job in during:
        assert stack.finished(job)["status"] == "succeeded"
    assert stack.revive() == []
    for name, processes in family.items():
        assert [stack.process(name), *stack.process(name).children()] == processes, name
        said = [
            line
            for line in stack.log(name).splitlines()[before[name] :]
            if "worker.stages.runner" not in line
        ]
        about_it = [line for line in said if "broker" in line or "Redis" in line or "Traceback" in line]
        assert len(about_it) <= LINES_AN_OUTAGE, about_it
        assert not any("Traceback" in line for line in about_it)
    eventually(lambda: stack.client.get("/health").json()["status"] == "ok", what="all well again")


def test_a_replica_is_waited_out_by_a_worker_that_is_told_to_stop(
    failing_stack: Stack, new_master: EmbeddedRedis
) -> None:
    stack = failing_stack
    with Redis.from_url(stack.redis.url) as redis:
        redis.config_set("masterauth", new_master._password)
        redis.replicaof("127.0.0.1", str(new_master.port))
        eventually(
            lambda: "the broker is away" in stack.log("llm").rpartition("is back")[2], what="the outage"
        )
        stopped = stack.stop_one("llm")
        assert stopped.wait(timeout=30) in {0, None}
        redis.replicaof("NO", "ONE")
    assert stack.revive() == ["llm"]
    assert stack.finished(stack.text_chat("asha", "Hello")["id"])["status"] == "succeeded"


def test_a_clean_stop_warns_of_nothing(tmp_path: Path, create_migrated_database: Callable[[], str]) -> None:
    # So many hints of the sweep are on their way that one comes while the worker closes its channel.
    extra = {"SWEEP_SECONDS": "0.1"}
    with running_stack(tmp_path, create_migrated_database(), "api", "maintenance", extra=extra) as stack:
        for _ in range(3):
            stack.end("maintenance")
            stack.start("maintenance")
            stack.wait_until_ready()
        log = stack.log("maintenance")

    assert "WARNING" not in log
    assert "ERROR" not in log
