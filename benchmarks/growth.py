"""What becomes slower and larger as the service grows: `python -m benchmarks.growth`.

A text turn is timed before and after 1,000,000 jobs have ended. Then the workers end, 10,000 jobs wait, and
1,000 clients follow theirs at one API process. Timed are what clients ask for and what runs all the time.
Beside that: what each table grows by, and how many commits NOTIFY allows.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import cycle
from uuid import UUID

from redis import Redis
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from api.jobs import stage_durations
from api.jobs.queue_position import Places
from benchmarks import committing
from benchmarks.clients import Connection
from benchmarks.fairness import claim_once
from benchmarks.history import LEARNERS, execute, fill_history
from benchmarks.overhead import SPEEDS, TEXT, alternate, text_turn
from benchmarks.product import Product, empty_database, running_product, warm_up
from benchmarks.table import Row, Took, print_table
from local.servers import EmbeddedRedis
from shared import audio_objects
from shared.queue import create_celery
from shared.settings import SharedSettings
from worker.settings import WorkerSettings
from worker.upkeep.sweep import Sweep

_LIMITS = {"MAX_UNFINISHED_JOBS": "1000000", "MAX_CONNECTIONS": "5000"}
# Each waits in a conversation of its own, ranked as its learner's next.
_WAITING = (
    """INSERT INTO conversations (id, learner_id, public_id, last_turn)
    SELECT gen_random_uuid(), md5('learner' || n % :learners)::uuid, 'waiting-' || n, 1
    FROM generate_series(1, :waiting) n""",
    """INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,
        request_id, status, rank, last_event, tokens_in, tokens_out, warnings, engines, message)
    SELECT gen_random_uuid(), (SELECT id FROM apps), learner_id, 'text', id, 1, '{reply}', repeat('f', 64),
        'request', 'queued', row_number() OVER (PARTITION BY learner_id), 1, 0, 0, '[]', '{}', 'I am go'
    FROM conversations WHERE starts_with(public_id, 'waiting-')""",
    """INSERT INTO steps (id, job_id, attempt, kind, position, number, queue, rank, deaths, ready_at,
        published_at)
    SELECT gen_random_uuid(), id, 0, 'reply', 0, 0, 'llm', rank, 0, now(), now()
    FROM jobs WHERE finished_at IS NULL""",
    """INSERT INTO job_events (job_id, seq, type, data)
    SELECT id, 1, 'job.queued', '{}' FROM jobs WHERE finished_at IS NULL""",
)
_TABLES = """SELECT relname, reltuples, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 1000
    ORDER BY pg_total_relation_size(oid) DESC"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many jobs have ended and wait, how many clients follow, how often each thing is timed."""

    ended: int = 1_000_000
    waiting: int = 10_000
    followers: int = 1_000
    times: int = 200


def timed(work: Callable[[], object], times: int) -> Took:
    """Do the work so many times."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return Took(took)


def _row(what: str, took: Took) -> Row:
    return Row(what, f"{took.p50:.1f} ms p50, {took.percentile(99):.1f} p99")


def turns(product: Product, engine: Engine, size: Size) -> Iterator[Row]:
    """Time texts of learners without a past, let jobs have ended, and time texts of learners with one."""
    [before] = alternate(TEXT, text_turn(product, "newcomer"), pairs=size.times)
    began = time.monotonic()
    fill_history(engine, size.ended)
    filled = time.monotonic() - began
    [after] = alternate(TEXT, text_turn(product), pairs=size.times)
    yield Row(f"filling in {size.ended:,} ended jobs", f"{filled:.0f} s")
    yield Row(
        "overhead of a text after them", f"{after}: {after.p50 / before.p50:.2f} times", f"before {before}"
    )
    [(commits,)] = product.sql(
        "SELECT avg(commits) FROM (SELECT count(DISTINCT e.created_at) AS commits FROM job_events e"
        " JOIN jobs ON jobs.id = job_id JOIN learners ON learners.id = learner_id"
        " WHERE starts_with(user_id, 'newcomer') GROUP BY job_id)"
    )
    yield Row("commits of a text with NOTIFY", f"{commits:.1f}")


def tables(product: Product, ended: int) -> Iterator[Row]:
    """Tell what each table takes for a turn, after `ended` turns."""
    total = 0
    for name, rows, own, indexes in product.sql(_TABLES):
        total += own + indexes
        yield Row(
            f"table {name}, a turn",
            f"{rows / ended:.2f} rows, {own / ended:.0f} bytes, {indexes / ended:.0f} of indexes",
        )
    yield Row("database, 1,000 turns", f"{total / ended / 1000:.2f} MB")


def asked(product: Product, size: Size) -> Iterator[Row]:
    """Time what clients ask the API for, one after another."""
    learners = (f"user-{number}" for number in cycle(range(LEARNERS)))
    waiting = cycle(some_jobs(product, "queued", size.times))
    ended = cycle(some_jobs(product, "succeeded", size.times))

    def get(path: str, **query: str) -> None:
        product.client.get(path, params=query).raise_for_status()

    works: dict[str, Callable[[], object]] = {
        "accepting a text": lambda: product.text_chat(next(learners), "I am go to market"),
        "reading a job that waits, with its place": lambda: get(f"/jobs/{next(waiting)}"),
        "listing a learner's jobs": lambda: get("/jobs", user_id=next(learners)),
        "resuming the events of an ended job": lambda: get(f"/jobs/{next(ended)}/events", after="3"),
    }
    for name, work in works.items():
        yield _row(name, timed(work, size.times))


def some_jobs(product: Product, status: str, count: int) -> Sequence[UUID]:
    """Return the ids of some jobs with that status."""
    statement = "SELECT id FROM jobs WHERE status = :status ORDER BY random() LIMIT :count"
    return [row.id for row in product.sql(statement, status=status, count=count)]


def running(sessions: sessionmaker[Session], sweep: Sweep, jobs: Sequence[UUID], times: int) -> Iterator[Row]:
    """Time what runs all the time, in this process; `jobs` wait and are followed."""

    def read(work: Callable[[Session], object]) -> None:
        with sessions() as session:
            work(session)

    some = jobs[:100]
    places = partial(Places().find_all, job_ids=some)
    orphans = partial(audio_objects.orphans, age=timedelta(hours=1), after=None, limit=200)
    once: dict[str, Callable[[], object]] = {
        "a pass of the sweep after Redis was wiped": sweep.run,
        f"places of {len(some)} jobs that wait": partial(read, places),
        "a look for unnamed audio (every 5 minutes)": partial(read, orphans),
    }
    for name, work in once.items():
        yield Row(name, f"{timed(work, 1).p50:.0f} ms, once")
    yield _row("a pass of the sweep", timed(sweep.run, times))
    yield _row("stage durations (every 2 s)", timed(partial(read, stage_durations.measure), times))
    yield _row("a claim", Took([claim_once(sessions) for _ in range(5 * times)]))


async def following(product: Product, jobs: Sequence[UUID]) -> Row:
    """Have each job, which waits, followed by a client of its own; return what that costs the API."""
    seconds = len(jobs) / 50  # longer where telling all of them takes longer
    api = product.process("api")
    before = api.memory_info().rss
    connections, refused = [], 0
    for job_id in jobs:
        connection = await Connection.open(product.settings.port)
        while not await connection.follow(f"/jobs/{job_id}/events", b"job.queued"):
            refused += 1
            await connection.close()
            await asyncio.sleep(1)
            connection = await Connection.open(product.settings.port)
        connections.append(connection)
    worked = sum(api.cpu_times()[:2])
    await asyncio.sleep(seconds)
    share = (sum(api.cpu_times()[:2]) - worked) / seconds
    megabytes = api.memory_info().rss / 2**20
    for connection in connections:
        await connection.close()
    return Row(
        f"one API process with {len(jobs)} followers of jobs that wait",
        f"{megabytes:.0f} MB, {share:.0%} of a processor; {refused} opened anew",
        f"{before / 2**20:.0f} MB before",
    )


def measure(size: Size) -> Iterator[Row]:
    """Give the rows as they are found."""
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, SPEEDS, extra=_LIMITS) as product,
        EmbeddedRedis(folder / "sweep-redis") as server,
        Redis.from_url(server.url) as redis,
    ):
        engine = create_engine(SharedSettings(database_url=database_url).database_url)
        warm_up(product, folder)
        yield from turns(product, engine, size)
        yield from tables(product, size.ended)
        for worker in ("gpu", "llm", "maintenance"):
            product.end(worker)
        execute(engine, (*_WAITING, "ANALYZE"), {"waiting": size.waiting, "learners": LEARNERS})
        yield from asked(product, size)
        followed = some_jobs(product, "queued", size.followers)
        yield asyncio.run(following(product, followed))
        settings = WorkerSettings(_env_file=None, database_url=database_url, redis_url=server.url)
        sessions = sessionmaker(engine, expire_on_commit=False)
        app = create_celery(server.url, socket_timeout_seconds=2)
        yield from running(sessions, Sweep(settings, sessions, redis, app, {}), followed, size.times)
        engine.dispose()


def main() -> None:
    """Measure at the size that the command line says, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in Size.__dataclass_fields__.items():
        parser.add_argument(f"--{name}", type=int, default=default.default)
    rows = []
    for row in measure(Size(**vars(parser.parse_args()))):
        print(row.what, row.measured, sep=": ", file=sys.stderr, flush=True)
        rows.append(row)
    print_table([*rows, *committing.measure()])


if __name__ == "__main__":
    main()
