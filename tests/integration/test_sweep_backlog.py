"""The sweep under a long backlog, with one look at its cost, and through its own death."""

import subprocess
import sys
from collections import Counter

from sqlalchemy import Engine

from local.servers import EmbeddedRedis
from shared.models import Job, Stage
from shared.queue import QueueName
from tests.conftest import ROOT
from tests.support.factories import Bench
from tests.support.floor import Floor
from tests.support.plans import plan, statements
from tests.support.stack import eventually

BACKLOG = 5_000
BATCH = 200
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
        "INSERT INTO conversations (id, user_id, public_id, last_turn)"
        " SELECT gen_random_uuid(), 'user-' || n, 'filled', 1 FROM generate_series(1, :count) n",
        count=count,
    )
    bench.sql(
        "INSERT INTO jobs (id, user_id, kind, conversation_id, turn, speak, request_fingerprint, request_id,"
        " status, stage, deaths, tokens_in, tokens_out, warnings, engines, message, created_at,"
        " stage_ready_at, finished_at)"
        " SELECT gen_random_uuid(), user_id, 'text', id, CASE WHEN :ended THEN 1 ELSE 2 END,"
        " '{}', '', '', CASE WHEN :ended THEN 'succeeded' ELSE 'queued' END,"
        " CASE WHEN :ended THEN NULL ELSE 'reply' END, 0, 0, 0, '[]', '{}', 'word',"
        " now() - interval '1 minute', now() - interval '1 minute',"
        " CASE WHEN :ended THEN now() END"
        " FROM conversations WHERE public_id = 'filled'",
        ended=ended,
    )


def copies(floor: Floor) -> Counter[int]:
    """Return how many hints there are of which number of copies."""
    return Counter(Counter(floor.queued()).values())


def test_of_a_long_backlog_nothing_is_published_twice(floor: Floor) -> None:
    fill(floor.bench, BACKLOG)

    for _ in range(BACKLOG // BATCH):
        floor.sweep.run()
    assert copies(floor) == {1: BACKLOG}

    floor.age("published_at", 60)  # a minute in which no worker took any
    for _ in range(30):
        floor.sweep.run()

    assert copies(floor) == {1: BACKLOG}


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
        return all(job.published_at for job in floor.bench.all(Job))

    eventually(all_are_published, what="everything published")
    copied = copies(floor)
    assert copied.keys() <= {1, 2}
    assert sum(copied.values()) == 2_000
    assert copied[2] <= BATCH


def test_what_the_broker_does_not_take_is_published_once_it_does(floor: Floor) -> None:
    fill(floor.bench, 2)
    floor.redis.config_set("maxmemory", "1")  # takes no more, but answers
    floor.sweep.run()
    assert [job.published_at for job in floor.bench.all(Job)] == [None, None]
    floor.redis.config_set("maxmemory", "0")

    assert len(floor.swept()) == 2


def test_no_query_of_the_sweep_reads_the_jobs_that_have_ended(floor: Floor, database: Engine) -> None:
    fill(floor.bench, 5_000, ended=True)
    for number in range(20):
        floor.bench.text(conversation=f"waits-{number}")
    floor.bench.claimed(floor.bench.voice(conversation="dies"), worker="dead@here")
    floor.age("stage_ready_at", 5)
    floor.bench.sql("ANALYZE")
    floor.redis.flushall()

    engine = floor.bench.sessions.kw["bind"]
    with statements(engine) as executed:
        floor.age("lease_expires_at", 60)
        floor.sweep.run()  # settles a death, finds the broker empty, publishes
        floor.age("published_at", 60)
        floor.forget_queues()
        floor.sweep.run()  # publishes again

    of_the_sweep = [each for each in executed if " jobs" in each[0] and "make_interval" not in each[0]]
    plans = {
        statement: plan(database, statement, parameters)
        for statement, parameters in of_the_sweep
        if not statement.startswith("INSERT")
    }
    assert len(plans) > 6
    assert [statement for statement, text in plans.items() if "Seq Scan on jobs" in text] == []
    searches = [text for statement, text in plans.items() if "finished_at IS NULL" in statement]
    assert len(searches) > 3
    assert all("ix_jobs_unfinished" in text for text in searches)


def test_the_next_turn_whose_hint_was_lost_is_published(floor: Floor) -> None:
    first, second = floor.bench.text(), floor.bench.text()
    floor.age("stage_ready_at", 60)
    floor.sweep.run()
    floor.forget_queues()

    floor.bench.finish(first)  # whoever recorded it died before it could publish the next turn

    assert floor.swept() == [(Stage.REPLY, second)]
