"""How many turns a second one API process accepts: `python -m benchmarks.accepting`.

No worker runs, so nothing but acceptance is measured: validation, the transaction, the hint, the answer
with the job's place in line. Beside it an endpoint that does nothing, served by the same command.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from fastapi import FastAPI

from api.http.connections import STATE, Connections
from benchmarks.clients import post_json, rate
from benchmarks.product import Speeds, empty_database, running_product, until
from benchmarks.table import Row, print_table
from local.ports import free_port
from local.processes import spawn, stop_group
from local.programs import programs
from local.settings import LauncherSettings

CLIENTS, SECONDS = 16, 8.0
LEAST_A_SECOND = 400


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Connections]]:
    """Give the connections limits that nobody meets."""
    yield {STATE: Connections(head_seconds=60, keep_alive_seconds=60, taking_seconds=60, most=1000)}


app = FastAPI(lifespan=lifespan)


@app.post("/", status_code=202)
async def nothing() -> dict[str, str]:
    """Do nothing."""
    return {}


@contextmanager
def empty_endpoint() -> Iterator[int]:
    """Serve it as the API is served; give its port."""
    port = free_port()
    [api] = [each for each in programs(LauncherSettings(_env_file=None, port=port), {}) if each.name == "api"]
    command = [f"{__spec__.name}:app" if part == "api.main:app" else part for part in api.command]
    process = spawn(command, {"PYTHONPATH": ":".join(filter(None, sys.path))})
    try:
        until(lambda: _answers(port))
        yield port
    finally:
        stop_group(process, api.stop_signal, 5.0)


def _answers(port: int) -> bool:
    try:
        asyncio.run(rate(port, itertools.repeat(post_json("/", b"{}")), clients=1, seconds=0.01, status=202))
    except OSError:
        return False
    return True


def turns() -> Iterator[bytes]:
    """Return turns of many learners."""
    for number in itertools.count():
        turn = {"user_id": f"learner-{number}", "message": "I am go to market"}
        yield post_json("/api/v1/ai/text-chat", json.dumps(turn).encode())


def measure() -> list[Row]:
    """Return the row."""
    with empty_endpoint() as port:
        requests = itertools.repeat(post_json("/", b"{}"))
        floor = asyncio.run(rate(port, requests, clients=CLIENTS, seconds=SECONDS / 2, status=202))
    limits = {"MAX_UNFINISHED_JOBS": "1000000"}
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, Speeds(0, 0, 0), "api", extra=limits) as product,
    ):
        accepted = asyncio.run(
            rate(product.settings.port, turns(), clients=CLIENTS, seconds=SECONDS, status=202)
        )
    return [
        Row(
            "turns accepted by one API process",
            f"{accepted:.0f} a second: {accepted / floor:.1%} of an empty endpoint",
            f"{floor:.0f} a second",
            f"{LEAST_A_SECOND} a second",
            accepted >= LEAST_A_SECOND,
        )
    ]


if __name__ == "__main__":
    print_table(measure())
