"""What a pass of the sweep costs when very many jobs have ended: `python -m benchmarks.sweep`.

Against a real PostgreSQL and Redis of its own: 1,000,000 ended jobs and
300 unfinished ones that need nothing, as in a busy hour. Prints milliseconds, also of the other queries
that run while learners wait.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from api.access.settings import Access
from api.jobs import limits as job_limits
from api.jobs import queue_position, stage_durations
from api.jobs.limits import Limits
from api.settings import ApiSettings
from benchmarks.history import execute, fill_history
from benchmarks.product import migrate
from local.servers import EmbeddedPostgres, EmbeddedRedis
from shared import audio_objects
from shared.models import Job, Learner, Step
from shared.queue import create_celery
from worker.settings import WorkerSettings
from worker.upkeep.sweep import Sweep

ENDED, UNFINISHED, PASSES = 1_000_000, 300, 200

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
        fill_history(engine, ended)
        execute(engine, _NOW, {"unfinished": UNFINISHED})
        print(f"{ended:,} ended, {UNFINISHED} unfinished jobs; filled in {time.monotonic() - began:.0f} s")
        measure(sessions, sweep)
        engine.dispose()
        postgres.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ENDED)
