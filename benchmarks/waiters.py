"""How soon 200 waiting clients have their answer: `python -m benchmarks.waiters`.

All wait at one API process, each for a job of its own. The jobs are ended by this process, as a worker would
end them: one after another, then all in one moment. Counted from before the commit to the answer's last byte.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import create_engine

from benchmarks.clients import Connection, get
from benchmarks.product import Speeds, empty_database, running_product
from benchmarks.table import Row, print_table
from shared.settings import SharedSettings
from shared.transitions import Transitions
from tests.support.factories import CORRECTING_REPLY, ZONE, Bench
from tests.support.stack import Stack

WAITERS, APART_SECONDS = 200, 0.03
MOST_MILLISECONDS = 20.0


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


def _end(bench: Bench, job_ids: Sequence[UUID]) -> float:
    """End the jobs in one transaction; return when it began to commit."""
    claims = [bench.claimed(job_id) for job_id in job_ids]
    with bench.sessions() as session:
        for claim in claims:
            Transitions(session, ZONE).succeed(claim, CORRECTING_REPLY)
        began = time.perf_counter()
        session.commit()
    return began


async def _round(stack: Stack, bench: Bench, *, at_once: bool) -> tuple[list[float], float]:
    """Let all wait and end their jobs; return each one's milliseconds, and the API's megabytes meanwhile."""
    job_ids = [
        bench.text(user_id=f"learner-{number}", conversation=None, speak=[]) for number in range(WAITERS)
    ]
    connections = [await Connection.open(stack.settings.port) for _ in job_ids]
    waiting = [
        asyncio.create_task(_wait_for(connection, job_id))
        for connection, job_id in zip(connections, job_ids, strict=True)
    ]
    await asyncio.sleep(2.0)
    megabytes = stack.process("api").memory_info().rss / 2**20
    ended: list[float] = []
    if at_once:
        ended = [await asyncio.to_thread(_end, bench, job_ids)] * WAITERS
    else:
        for job_id in job_ids:
            ended.append(await asyncio.to_thread(_end, bench, [job_id]))
            await asyncio.sleep(APART_SECONDS)
    answered = await asyncio.gather(*waiting)
    for connection in connections:
        await connection.close()
    return [1000 * (there - began) for there, began in zip(answered, ended, strict=True)], megabytes


def measure() -> list[Row]:
    """Return the rows."""
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, Speeds(0, 0, 0), "api") as stack,
    ):
        engine = create_engine(SharedSettings(database_url=database_url).database_url)
        bench = Bench(engine)
        idle = stack.process("api").memory_info().rss / 2**20
        asyncio.run(_round(stack, bench, at_once=False))  # connections, caches
        apart, megabytes = asyncio.run(_round(stack, bench, at_once=False))
        burst, _ = asyncio.run(_round(stack, bench, at_once=True))
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
