"""What a pass of the sweep costs when very many jobs have ended: `python -m benchmarks.sweep`.

Against a real PostgreSQL and Redis of its own: 1,000,000 ended jobs, every fifth with a sound, and
300 unfinished ones that need nothing, as in a busy hour. Prints milliseconds, also of the other queries
that run while learners wait.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from api.access.settings import Access
from api.jobs import limits as job_limits
from api.jobs import queue_position, stage_durations
from api.jobs.limits import Limits
from api.settings import ApiSettings
from benchmarks.product import migrate
from local.servers import EmbeddedPostgres, EmbeddedRedis
from shared import audio_objects
from shared.models import Job, Learner, Step
from shared.queue import create_celery
from worker.settings import WorkerSettings
from worker.upkeep.sweep import Sweep

ENDED, UNFINISHED, PASSES = 1_000_000, 300, 200

_HISTORY = (
    """INSERT INTO learners (id, app_id, user_id)
    SELECT md5(n::text)::uuid, (SELECT id FROM apps), 'user-' || n
    FROM generate_series(0, 4999) n""",
    """INSERT INTO conversations (id, learner_id, public_id, last_turn)
    SELECT gen_random_uuid(), md5((n % 5000)::text)::uuid, 'talk-' || n, 100
    FROM generate_series(1, 10000) n""",
    """INSERT INTO audio_objects (id, name, backend, host, content_type, size_bytes, seconds, created_at)
    SELECT gen_random_uuid(), md5(n::text) || '.mp3', 'local', 'here', 'audio/mpeg', 1, 1,
        now() - interval '2 hours'
    FROM generate_series(1, :ended / 5) n""",
    """INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,
        request_id, status, tokens_in, tokens_out, warnings, engines, message, reply_text, reply_audio_id,
        created_at, queued_at, started_at, answered_at, finished_at)
    SELECT gen_random_uuid(), (SELECT id FROM apps), c.learner_id, 'text', c.id, 1 + n / 10000, '{reply}',
        repeat('f', 64), 'request', 'succeeded', 100, 40, '[]', '{}', repeat('word ', 20),
        repeat('word ', 30), a.id,
        now() - interval '1 day', now() - interval '1 day', now() - interval '1 day',
        now() - interval '1 day', now() - interval '1 day'
    FROM generate_series(0, :ended - 1) n
    JOIN (SELECT id, learner_id, row_number() OVER () - 1 AS number
        FROM conversations WHERE starts_with(public_id, 'talk-')) c ON c.number = n % 10000
    LEFT JOIN (SELECT id, row_number() OVER () * 5 AS number FROM audio_objects WHERE host = 'here') a
        ON a.number = n + 1""",
    """INSERT INTO steps (id, job_id, attempt, kind, position, number, queue, rank, deaths, worker, outcome,
        started_at, finished_at)
    SELECT gen_random_uuid(), id, 0, 'reply', 0, 0, 'llm', 1, 0, 'llm@here', 'succeeded', started_at,
        finished_at + interval '1 second'
    FROM jobs WHERE finished_at IS NOT NULL AND request_id = 'request'""",
)
_NOW = (
    """INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,
        request_id, status, tokens_in, tokens_out, warnings, engines, message)
    SELECT gen_random_uuid(), (SELECT id FROM apps), c.learner_id, 'text', c.id, 200, '{reply}',
        repeat('f', 64), 'request', 'queued', 0, 0, '[]', '{}', 'word'
    FROM generate_series(1, :unfinished) n
    JOIN (SELECT id, learner_id, row_number() OVER () AS number FROM conversations) c ON c.number = n""",
    """INSERT INTO steps (id, job_id, attempt, kind, position, number, queue, rank, deaths,
        ready_at, published_at)
    SELECT gen_random_uuid(), id, 0, 'reply', 0, 0, 'llm', row_number() OVER (), 0, now(),
        now() + interval '1 hour'
    FROM jobs WHERE finished_at IS NULL""",
    """UPDATE steps SET lease_token = gen_random_uuid(), worker = 'llm@here', started_at = now(),
        lease_expires_at = now() + interval '1 hour', deadline_at = now() + interval '1 hour'
    WHERE rank <= :unfinished / 10 AND finished_at IS NULL""",
    """UPDATE jobs SET status = 'running', started_at = now()
    WHERE id IN (SELECT job_id FROM steps WHERE lease_token IS NOT NULL)""",
    """INSERT INTO workers (name, host, pid, queues, engines, models, concurrency)
    VALUES ('llm@here', 'here', 1, '{llm}', '{}', '{}', 16),
        ('gpu@here', 'here', 2, '{gpu}', '{}', '{}', 1)""",
)


def fill_history(sessions: sessionmaker[Session], ended: int) -> None:
    """Let so many jobs have ended, and PostgreSQL look at them, as its autovacuum would."""
    _run(sessions, _HISTORY, ended=ended)
    with sessions() as session:
        connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        connection.execute(text("VACUUM ANALYZE"))


def _run(sessions: sessionmaker[Session], statements: Sequence[str], **counts: int) -> None:
    with sessions.begin() as session:
        session.connection().execute(text("SET LOCAL statement_timeout = 0"))
        # Nothing is known yet of tables that were empty a moment ago.
        session.connection().execute(text("SET LOCAL enable_nestloop = off"))
        for statement in statements:
            named = {name: count for name, count in counts.items() if f":{name}" in statement}
            session.execute(text(statement), named)


def milliseconds(work: Callable[[], object]) -> str:
    """Return the median of what the work takes, its best time, and Python's own processor time."""
    took, own = [], time.process_time()
    for _ in range(PASSES):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    own = 1000 * (time.process_time() - own) / PASSES
    return f"{statistics.median(took):6.2f} ms  (best {min(took):.2f} ms; Python's part {own:.2f} ms)"


def in_a_session(sessions: sessionmaker[Session], work: Callable[[Session], object]) -> Callable[[], object]:
    """Return the work in a session of its own each time."""

    def run() -> object:
        with sessions() as session:
            return work(session)

    return run


def measure(sessions: sessionmaker[Session], sweep: Sweep) -> None:
    """Print what each query costs."""
    unowned = (
        select(Job, Step)
        .join(Step, col(Step.job_id) == col(Job.id))
        .where(col(Step.finished_at).is_(None), col(Step.lease_token).is_(None))
        .limit(1)
    )
    with sessions() as session:
        job, first = session.execute(unowned).one()
        learner = session.get_one(Learner, job.learner_id)
    settings = ApiSettings(_env_file=None, access=Access.KEYS, max_unfinished_jobs_per_app=5_000)
    durations = stage_durations.RecentStageDurations()
    limits = Limits(10_000, durations, settings.usage_timezone)
    rows = {
        "a pass of the sweep": sweep.run,
        "counting unfinished jobs": in_a_session(
            sessions, lambda session: job_limits.check(session, learner, settings.quotas, limits)
        ),
        "a job's place in line": in_a_session(
            sessions, lambda session: queue_position.look_around(session, job, first)
        ),
        "stage durations (read every 2 s)": in_a_session(sessions, stage_durations.measure),
    }
    for name, work in rows.items():
        print(f"{name:28}", milliseconds(work))
    began = time.monotonic()
    with sessions() as session:
        audio_objects.orphans(session, age=timedelta(hours=1), after=None, limit=200)
    print(f"{'a look for unnamed audio':28} {1000 * (time.monotonic() - began):6.0f} ms, once")


def main(ended: int) -> None:
    """Fill, measure, print."""
    with (
        TemporaryDirectory() as directory,
        EmbeddedPostgres(Path(directory) / "postgres") as postgres,
        EmbeddedRedis(Path(directory) / "redis") as server,
        Redis.from_url(server.url) as redis,
    ):
        settings = WorkerSettings(_env_file=None, database_url=postgres.url, redis_url=server.url)
        migrate(postgres.url)
        engine = create_engine(settings.database_url, pool_pre_ping=True)
        sessions = sessionmaker(engine, expire_on_commit=False)
        app = create_celery(server.url, socket_timeout_seconds=2)
        sweep = Sweep(settings, sessions, redis, app, {})
        sweep.run()  # the broker is new: said once
        began = time.monotonic()
        fill_history(sessions, ended)
        _run(sessions, _NOW, unfinished=UNFINISHED)
        print(f"{ended:,} ended, {UNFINISHED} unfinished jobs; filled in {time.monotonic() - began:.0f} s")
        measure(sessions, sweep)
        engine.dispose()
        postgres.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ENDED)
