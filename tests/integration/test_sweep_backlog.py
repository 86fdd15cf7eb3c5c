"""The sweep under a long backlog, with one look at its cost, and through its own death."""

import subprocess
import sys

from sqlalchemy import Engine

from local.servers import EmbeddedRedis
from shared.models import BUILT_IN_APP_ID, QueueName, Step
from tests.conftest import ROOT
from tests.support.factories import Bench
from tests.support.floor import Floor
from tests.support.plans import plan, statements
from tests.support.stack import eventually

BACKLOG = 5_000
BATCH = 200
LOW_WATER = 20
SWEEP_FOR_EVER = """
import logging, os
from celery import current_app
from redis import Redis
from shared.queue import create_celery
from worker.runtime import create_sessions
from worker.settings import WorkerSettings
from worker.upkeep.sweep import Sweep
settings = WorkerSettings(_env_file=None)
app = create_celery(settings.redis_url, socket_timeout_seconds=2)
sweep = Sweep(settings, create_sessions(settings, pool_size=2), Redis.from_url(settings.redis_url), app, {})
while True:
    sweep.run()
"""


def fill(bench: Bench, count: int, *, ended: bool = False) -> None:
    """Add text jobs of many conversations, accepted a minute ago and never published; or ended ones."""
    bench.sql(
        "INSERT INTO learners (id, app_id, user_id)"
        " SELECT gen_random_uuid(), :app, 'user-' || n FROM generate_series(1, :count) n",
        count=count,
        app=BUILT_IN_APP_ID,
    )
    bench.sql(
        "INSERT INTO conversations (id, learner_id, public_id, last_turn)"
        " SELECT gen_random_uuid(), id, 'filled', 1 FROM learners WHERE starts_with(user_id, 'user-')"
    )
    bench.sql(
        "INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,"
        " request_id, status, tokens_in, tokens_out, warnings, engines, message, created_at, queued_at,"
        " finished_at)"
        " SELECT gen_random_uuid(), :app, learner_id, 'text', id, CASE WHEN :ended THEN 1 ELSE 2 END,"
        " '{}', '', '', CASE WHEN :ended THEN 'succeeded' ELSE 'queued' END, 0, 0, '[]', '{}', 'word',"
        " now() - interval '1 minute', now() - interval '1 minute', CASE WHEN :ended THEN now() END"
        " FROM conversations WHERE public_id = 'filled'",
        ended=ended,
        app=BUILT_IN_APP_ID,
    )
    bench.sql(
        "INSERT INTO steps (id, job_id, attempt, kind, position, number, queue, rank, deaths, ready_at,"
        " finished_at, outcome) SELECT gen_random_uuid(), id, 0, 'reply', 0, 0, 'llm', 1, 0,"
        " CASE WHEN NOT :ended THEN now() - interval '1 minute' END, CASE WHEN :ended THEN now() END,"
        " CASE WHEN :ended THEN 'succeeded' END FROM jobs WHERE message = 'word'",
        ended=ended,
    )


def test_of_a_long_backlog_nothing_is_published_twice(floor: Floor) -> None:
    fill(floor.bench, BACKLOG)

    for _ in range(BACKLOG // BATCH):
        floor.sweep.run()
    assert floor.redis.llen(QueueName.LLM) == BACKLOG
    assert all(step.published_at for step in floor.bench.all(Step))

    floor.age("published_at", 60)  # a minute in which no worker took any
    for _ in range(30):
        floor.sweep.run()

    assert floor.redis.llen(QueueName.LLM) == BACKLOG


def test_a_sweep_that_is_killed_while_it_publishes_loses_nothing(
    floor: Floor, database: Engine, floor_redis: EmbeddedRedis
) -> None:
    fill(floor.bench, 2_000)
    environment = {
        "DATABASE_URL": database.url.render_as_string(hide_password=False),
        "REDIS_URL": floor_redis.url,
    }
    sweeper = subprocess.Popen([sys.executable, "-c", SWEEP_FOR_EVER], cwd=ROOT, env=environment)
    try:
        eventually(lambda: floor.redis.llen(QueueName.LLM) > BATCH, what="the sweep at work")
    finally:
        sweeper.kill()
        sweeper.wait()
    assert floor.redis.llen(QueueName.LLM) < 2_000  # it died in the middle

    def all_are_published() -> bool:
        floor.sweep.run()  # does nothing before PostgreSQL has noticed that the lock's holder is dead
        return all(step.published_at for step in floor.bench.all(Step))

    eventually(all_are_published, what="everything published")
    # What it had noted as sent, and not sent, is lost: at most a batch, which a short queue brings to light.
    assert 2_000 - BATCH <= floor.redis.llen(QueueName.LLM) <= 2_000
    floor.forget_queues()
    floor.age("published_at", 60)
    for _ in range(2_000 // LOW_WATER):
        assert len(floor.swept()) == LOW_WATER
        floor.forget_queues()


def test_what_the_broker_does_not_take_is_published_once_it_does(floor: Floor) -> None:
    fill(floor.bench, 2)
    floor.redis.config_set("maxmemory", "1")  # takes no more, but answers
    floor.sweep.run()
    assert [step.published_at for step in floor.bench.all(Step)] == [None, None]
    floor.redis.config_set("maxmemory", "0")

    assert len(floor.swept()) == 2


def test_no_query_of_the_sweep_reads_what_has_ended(floor: Floor, database: Engine) -> None:
    fill(floor.bench, 5_000, ended=True)
    for number in range(20):
        floor.bench.text(conversation=f"waits-{number}")
    floor.bench.claimed(floor.bench.voice(conversation="dies"), worker="dead@here")
    floor.age("ready_at", 5)
    floor.bench.sql("ANALYZE")
    floor.redis.flushall()

    engine = floor.bench.sessions.kw["bind"]
    with statements(engine) as executed:
        floor.age("lease_expires_at", 60)
        floor.sweep.run()  # settles a death, finds the broker empty, publishes
        floor.age("published_at", 60)
        floor.forget_queues()
        floor.sweep.run()  # publishes again

    of_the_sweep = [
        each
        for each in executed
        if (" jobs" in each[0] or " steps" in each[0]) and "make_interval" not in each[0]
    ]
    plans = {
        statement: plan(database, statement, parameters)
        for statement, parameters in of_the_sweep
        if not statement.startswith("INSERT")
    }
    assert len(plans) > 6
    scans = ("Seq Scan on jobs", "Seq Scan on steps")
    assert [statement for statement, text in plans.items() if any(scan in text for scan in scans)] == []
    searches = [text for statement, text in plans.items() if "finished_at IS NULL" in statement]
    assert len(searches) > 3
    few = ("ix_jobs_unfinished", "ix_steps_ready", "ix_steps_blocked", "ix_steps_unfinished")
    assert all(any(index in text for index in few) for text in searches)


def test_the_next_turn_whose_hint_was_lost_is_published(floor: Floor) -> None:
    floor.bench.sends = True
    first, second = floor.bench.text(), floor.bench.text()

    floor.bench.finish(first)  # whoever recorded it died before it could publish the next turn
    assert floor.swept() == []
    floor.age("published_at", 60)

    assert floor.swept() == [(QueueName.LLM, second)]
