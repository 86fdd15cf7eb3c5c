"""The sweep against a real PostgreSQL and a real Redis: what waits unpublished, or is lost, is published."""

import os
import signal
import time
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from local.servers import EmbeddedRedis
from shared.models import QueueName, Stage
from tests.support.floor import Floor
from worker.upkeep.locks import Lock

# Generous: a pass that nothing slows down takes milliseconds.
BOUND_SECONDS = 10.0
LOW_WATER = 20


@pytest.mark.parametrize(
    ("kind", "queue"), [("text", QueueName.LLM), ("voice", QueueName.GPU)], ids=["text", "voice"]
)
def test_what_was_never_sent_is_published_on_its_steps_queue(
    floor: Floor, kind: str, queue: QueueName
) -> None:
    job_id = floor.bench.text() if kind == "text" else floor.bench.voice()
    floor.age("ready_at", 5)

    assert floor.swept() == [(queue, job_id)]

    assert floor.redis.llen(queue) == 1
    assert floor.bench.step(job_id).published_at is not None


def test_what_was_published_is_not_published_again_by_the_next_pass(floor: Floor) -> None:
    floor.bench.text()
    floor.age("ready_at", 5)

    floor.sweep.run()

    assert floor.swept() == []
    assert floor.redis.llen(QueueName.LLM) == 1


def test_what_has_just_become_ready_is_left_to_its_publisher(floor: Floor) -> None:
    floor.bench.text()
    floor.bench.sql("UPDATE steps SET ready_at = now() + interval '1 minute'")

    assert floor.swept() == []


def test_a_step_taken_from_the_dead_is_published_in_the_same_pass(floor: Floor) -> None:
    job_id = floor.bench.at_stage(Stage.REPLY).job_id
    floor.age("lease_expires_at", 60)

    assert floor.swept() == [(QueueName.LLM, job_id)]

    assert floor.bench.step(job_id).published_at is not None


def test_a_step_taken_from_the_dead_while_the_broker_is_away_waits_for_it(
    floor: Floor, floor_redis: EmbeddedRedis
) -> None:
    job_id = floor.bench.at_stage(Stage.REPLY).job_id
    floor.age("lease_expires_at", 60)
    floor_redis.kill()
    floor.sweep.run()
    assert floor.bench.step(job_id).published_at is None

    floor_redis.start()
    floor.age("ready_at", 5)

    assert floor.swept() == [(QueueName.LLM, job_id)]


def test_every_waiting_job_is_published(floor: Floor) -> None:
    ids = [floor.bench.text(conversation=f"talk-{number}") for number in range(5)]
    floor.age("ready_at", 5)

    assert [job_id for _, job_id in floor.swept()] == ids


def test_a_turn_whose_earlier_one_is_unfinished_is_not_published(floor: Floor) -> None:
    first, _ = floor.bench.text(), floor.bench.text()
    floor.age("ready_at", 5)

    assert floor.swept() == [(QueueName.LLM, first)]


def test_a_step_that_runs_is_not_published(floor: Floor) -> None:
    floor.bench.claimed(floor.bench.text())
    floor.age("ready_at", 5)

    assert floor.swept() == []


def test_after_redis_was_wiped_everything_that_waits_is_published_again(floor: Floor) -> None:
    waiting, running = floor.bench.text(conversation="waits"), floor.bench.text(conversation="runs")
    floor.age("ready_at", 5)
    floor.sweep.run()
    floor.bench.claimed(running)

    floor.redis.flushall()

    assert floor.swept() == [(QueueName.LLM, waiting)]
    assert floor.swept() == []
    assert floor.redis.llen(QueueName.LLM) == 1


def test_what_was_sent_long_ago_and_is_on_no_queue_is_published_again(floor: Floor) -> None:
    job_id = floor.bench.text()
    floor.age("ready_at", 120)
    floor.sweep.run()
    floor.forget_queues()
    assert floor.swept() == []

    floor.age("published_at", 60)

    assert floor.swept() == [(QueueName.LLM, job_id)]


def test_a_long_queue_is_not_made_longer(floor: Floor) -> None:
    for number in range(3):
        floor.bench.text(conversation=f"talk-{number}")
    floor.age("ready_at", 120)
    floor.sweep.run()
    floor.forget_queues()
    floor.fill(QueueName.LLM, LOW_WATER)
    floor.age("published_at", 60)

    for _ in range(3):
        floor.sweep.run()

    assert floor.redis.llen(QueueName.LLM) == LOW_WATER


def test_a_short_queue_is_only_filled_to_its_low_water_mark(floor: Floor) -> None:
    for number in range(5):
        floor.bench.text(conversation=f"talk-{number}")
    floor.age("ready_at", 120)
    floor.sweep.run()
    floor.forget_queues()
    floor.fill(QueueName.LLM, LOW_WATER - 2)
    floor.age("published_at", 60)

    floor.sweep.run()

    assert floor.redis.llen(QueueName.LLM) == LOW_WATER


def test_a_second_sweep_at_the_same_time_does_nothing(floor: Floor, database: Engine) -> None:
    job_id = floor.bench.text()
    floor.age("ready_at", 5)
    with database.begin() as another:
        another.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": Lock.SWEEP.value})
        assert floor.swept() == []

    assert floor.swept() == [(QueueName.LLM, job_id)]


def prepare_a_death(floor: Floor) -> UUID:
    """Return a job that waits again after the pass, beside one that would be published."""
    floor.bench.text(conversation="waits")
    claim = floor.bench.claimed(floor.bench.voice())
    floor.age("ready_at", 5)
    floor.age("lease_expires_at", 60)
    return claim.job_id


def test_without_redis_deaths_are_settled_and_nothing_is_raised(
    floor: Floor, floor_redis: EmbeddedRedis
) -> None:
    job_id = prepare_a_death(floor)
    floor_redis.kill()

    floor.sweep.run()

    assert floor.bench.step(job_id).deaths == 1
    floor_redis.start()
    floor.age("ready_at", 5)
    assert len(floor.swept()) == 2


def test_a_hung_redis_does_not_hold_the_sweep_for_long(floor: Floor, floor_redis: EmbeddedRedis) -> None:
    job_id = prepare_a_death(floor)
    assert floor_redis.pid is not None
    os.kill(floor_redis.pid, signal.SIGSTOP)
    started = time.monotonic()
    try:
        floor.sweep.run()
    finally:
        os.kill(floor_redis.pid, signal.SIGCONT)

    assert time.monotonic() - started < BOUND_SECONDS
    assert floor.bench.step(job_id).deaths == 1
