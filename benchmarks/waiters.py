"""How soon 200 waiting or following clients have their answer: `python -m benchmarks.waiters`.

All wait at one API process, each for a job of its own. The jobs are ended by this process, as a worker would
end them: one after another, then all in one moment. Counted from before the commit to the answer's last byte.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.clients import Connection, get
from benchmarks.product import Product, Speeds, empty_database, running_product
from benchmarks.table import Row, print_table
from shared import conversations, jobs, learners, steps
from shared.jobs import NewJob
from shared.learners import LearnerRef
from shared.models import BUILT_IN_APP_ID, JobKind, MistakeCategory, QueueName, StepKind
from shared.results import Mistake, Replied
from shared.settings import SharedSettings
from shared.steps import Claim
from shared.transitions import Transitions

WAITERS, APART_SECONDS = 200, 0.03
MOST_MILLISECONDS, MOST_MEGABYTES = 20.0, 150.0
REPLY = Replied(
    engine="tutor",
    text="Hello! You want to go to the market.",
    mistake=Mistake("I am go", "I am going", MistakeCategory.VERB_FORM),
    hinglish_explanation="Yahan 'going' use karna chahiye.",
    devanagari_explanation="यहाँ 'going' होना चाहिए।",
    score=75,
)


@dataclass(frozen=True, slots=True)
class _Waiter:
    job_id: UUID
    answered: "asyncio.Task[float]"


async def _follow(connection: Connection, job_id: UUID) -> float:
    """Follow the job; return when its end was told."""
    assert await connection.follow(f"/jobs/{job_id}/events", b"job.succeeded")
    return time.perf_counter()


async def _wait_for(connection: Connection, job_id: UUID) -> float:
    """Wait for the job; return when the answer was there."""
    status, body = await connection.ask(get(f"/jobs/{job_id}/wait?timeout=60"))
    answered_at = time.perf_counter()
    assert status == 200, status
    assert b'"done":true' in body, body
    return answered_at


def _accept(sessions: sessionmaker[Session], user_id: str) -> UUID:
    """Accept a text whose answer is not spoken; return its job's id."""
    new = NewJob(JobKind.TEXT, None, [], "f" * 64, "benchmark", "I am go to market")
    with sessions.begin() as session:
        learner = learners.lock(session, LearnerRef(BUILT_IN_APP_ID, user_id))
        turn = conversations.take_turn(session, learner.id, None)
        return jobs.accept(session, new, learner, turn, None).job.id


def _end(sessions: sessionmaker[Session], count: int) -> dict[UUID, float]:
    """End the next so many jobs in one transaction; return when it began to commit, for each job."""
    with sessions.begin() as session:
        claims = [_claim(session) for _ in range(count)]
    with sessions() as session:
        for claim in claims:
            Transitions(session, ZoneInfo("Asia/Kolkata")).succeed(claim, REPLY)
        began = time.perf_counter()
        session.commit()
    return {claim.job_id: began for claim in claims}


def _claim(session: Session) -> Claim:
    """Claim the best step of the tutor's queue and start its job, as a worker would."""
    lease = timedelta(seconds=60)
    limits = dict.fromkeys(StepKind, lease)
    found = steps.claim(session, QueueName.LLM, token=uuid4(), worker="llm@here", lease=lease, limits=limits)
    assert found is not None
    assert Transitions(session, ZoneInfo("Asia/Kolkata")).start_at_once(*found) is not None
    return found[0]


async def _round(
    product: Product,
    sessions: sessionmaker[Session],
    *,
    at_once: bool,
    wait: Callable[[Connection, UUID], Coroutine[Any, Any, float]] = _wait_for,
) -> tuple[list[float], float]:
    """Let all wait and end their jobs; return each one's milliseconds, and the API's megabytes meanwhile."""
    job_ids = [_accept(sessions, f"learner-{number}") for number in range(WAITERS)]
    connections = [await Connection.open(product.settings.port) for _ in job_ids]
    waiting = [
        asyncio.create_task(wait(connection, job_id))
        for connection, job_id in zip(connections, job_ids, strict=True)
    ]
    await asyncio.sleep(2.0)
    megabytes = product.process("api").memory_info().rss / 2**20
    ended: dict[UUID, float] = {}
    if at_once:
        ended = await asyncio.to_thread(_end, sessions, WAITERS)
    else:
        for _ in job_ids:
            ended |= await asyncio.to_thread(_end, sessions, 1)
            await asyncio.sleep(APART_SECONDS)
    answered = await asyncio.gather(*waiting)
    for connection in connections:
        await connection.close()
    took = [1000 * (there - ended[job_id]) for there, job_id in zip(answered, job_ids, strict=True)]
    return took, megabytes


def measure() -> list[Row]:
    """Return the rows."""
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, Speeds(0, 0, 0), "api") as product,
    ):
        engine = create_engine(SharedSettings(database_url=database_url).database_url)
        sessions = sessionmaker(engine, expire_on_commit=False)
        idle = product.process("api").memory_info().rss / 2**20
        asyncio.run(_round(product, sessions, at_once=False))  # connections, caches
        apart, megabytes = asyncio.run(_round(product, sessions, at_once=False))
        burst, _ = asyncio.run(_round(product, sessions, at_once=True))
        told, following = asyncio.run(_round(product, sessions, at_once=False, wait=_follow))
        engine.dispose()
    return [
        _row(f"{WAITERS} waiters whose jobs end one after another", apart, goal=True),
        _row(f"{WAITERS} waiters whose jobs end in one moment", burst, goal=False),
        Row(f"API's memory with {WAITERS} waiters", f"{megabytes:.0f} MB", f"{idle:.0f} MB without"),
        _row(f"{WAITERS} followers whose jobs end one after another", told, goal=True),
        Row(
            f"API's memory with {WAITERS} followers",
            f"{following:.0f} MB",
            f"{idle:.0f} MB without",
            f"{MOST_MEGABYTES:g} MB",
            following < MOST_MEGABYTES,
        ),
    ]


def _row(what: str, took: Sequence[float], *, goal: bool) -> Row:
    median = statistics.median(took)
    return Row(
        what,
        f"answered after {median:.1f} ms p50, {statistics.quantiles(took, n=20)[-1]:.1f} p95",
        goal=f"{MOST_MILLISECONDS:g} ms at p50" if goal else "",
        met=median <= MOST_MILLISECONDS if goal else None,
    )


if __name__ == "__main__":
    print_table(measure())
