"""How soon 200 waiting clients have their answer: `python -m benchmarks.waiters`.

All wait at one API process, each for a job of its own. The jobs are ended by this process, as a worker would
end them: one after another, then all in one moment. Counted from before the commit to the answer's last byte.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.clients import Connection, get
from benchmarks.product import Product, Speeds, empty_database, running_product
from benchmarks.table import Row, print_table
from shared import jobs
from shared.jobs import Claim, Hint, NewJob
from shared.models import JobKind, Stage
from shared.results import Mistake, Replied
from shared.settings import SharedSettings
from shared.transitions import Transitions

WAITERS, APART_SECONDS = 200, 0.03
MOST_MILLISECONDS = 20.0
REPLY = Replied(
    engine="tutor",
    text="Hello! You want to go to the market.",
    mistake=Mistake("I am go", "I am going", "verb tense"),
    hinglish_explanation="Yahan 'going' use karna chahiye.",
    devanagari_explanation="यहाँ 'going' होना चाहिए।",
    score=75,
)


@dataclass(frozen=True, slots=True)
class _Waiter:
    job_id: UUID
    answered: "asyncio.Task[float]"


async def _wait_for(connection: Connection, job_id: UUID) -> float:
    """Wait for the job; return when the answer was there."""
    status, body = await connection.ask(get(f"/jobs/{job_id}/wait?timeout=60"))
    answered_at = time.perf_counter()
    assert status == 200, status
    assert b'"done":true' in body, body
    return answered_at


def _accept(sessions: sessionmaker[Session], user_id: str) -> UUID:
    """Accept a text whose answer is not spoken; return its job's id."""
    new = NewJob(user_id, JobKind.TEXT, None, [], "f" * 64, "benchmark", "I am go to market")
    with sessions.begin() as session:
        return jobs.accept(session, new, None)[0]


def _end(sessions: sessionmaker[Session], job_ids: Sequence[UUID]) -> float:
    """End the jobs in one transaction; return when it began to commit."""
    with sessions.begin() as session:
        claims = [_claim(session, job_id) for job_id in job_ids]
    with sessions() as session:
        for claim in claims:
            Transitions(session, ZoneInfo("Asia/Kolkata")).succeed(claim, REPLY)
        began = time.perf_counter()
        session.commit()
    return began


def _claim(session: Session, job_id: UUID) -> Claim:
    lease = timedelta(seconds=60)
    hint = Hint(job_id, Stage.REPLY)
    claim = jobs.claim(session, hint, token=uuid4(), worker="llm@here", lease=lease, stage_limit=lease)
    assert claim is not None
    return claim


async def _round(
    product: Product, sessions: sessionmaker[Session], *, at_once: bool
) -> tuple[list[float], float]:
    """Let all wait and end their jobs; return each one's milliseconds, and the API's megabytes meanwhile."""
    job_ids = [_accept(sessions, f"learner-{number}") for number in range(WAITERS)]
    connections = [await Connection.open(product.settings.port) for _ in job_ids]
    waiting = [
        asyncio.create_task(_wait_for(connection, job_id))
        for connection, job_id in zip(connections, job_ids, strict=True)
    ]
    await asyncio.sleep(2.0)
    megabytes = product.process("api").memory_info().rss / 2**20
    ended: list[float] = []
    if at_once:
        ended = [await asyncio.to_thread(_end, sessions, job_ids)] * WAITERS
    else:
        for job_id in job_ids:
            ended.append(await asyncio.to_thread(_end, sessions, [job_id]))
            await asyncio.sleep(APART_SECONDS)
    answered = await asyncio.gather(*waiting)
    for connection in connections:
        await connection.close()
    return [1000 * (there - began) for there, began in zip(answered, ended, strict=True)], megabytes


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
        engine.dispose()
    return [
        _row(f"{WAITERS} waiters whose jobs end one after another", apart, goal=True),
        _row(f"{WAITERS} waiters whose jobs end in one moment", burst, goal=False),
        Row(f"API's memory with {WAITERS} waiters", f"{megabytes:.0f} MB", f"{idle:.0f} MB without"),
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
