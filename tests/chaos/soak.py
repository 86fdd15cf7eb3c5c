"""Twenty clients follow every job while API processes are killed and restarted: `python -m tests.chaos.soak`.

Two API programs serve one database, each on a port of its own; in turn one of them is killed or asked to
stop, and started again. A client that loses its stream resumes at either. Every client must be told every
event of every job once, in order, and as it is stored. Exit status 0 where that holds.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psycopg

from tests.chaos.clients import Client, connected
from tests.chaos.conduct import Conducts
from tests.chaos.engines import CALLS
from tests.chaos.following import Follower
from tests.chaos.invariants import note, violations
from tests.chaos.plan import Form, Plan, Turn
from tests.chaos.run import PROCESSES
from tests.chaos.world import World, processes_left, running_world
from tests.support.stack import eventually

FOLLOWERS, JOBS_A_MINUTE = 20, 20
_MINUTES, _SHORT_MINUTES = 10.0, 1.0
_RESTART_EVERY_SECONDS = 10.0
_OTHER_API = "api-2"
# A turn of a few seconds, so that streams are open whenever a process ends.
_SECONDS = {"transcribe": 0.2, "reply": 3.0, "speak": 0.3}
_STUCK_AFTER_SECONDS = 120.0
_UNSEEN = "a client that did not follow a job"


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a soak has shown: the rows of each invariant, and figures as lines."""

    broken: dict[str, list[Any]]
    figures: Sequence[str]


def make_soak(minutes: float) -> Plan:
    """Return the jobs of a soak as a plan without faults: each a text in a conversation of its own."""
    turns = [
        Turn(number, f"learner-{number % FOLLOWERS}", f"soak-{number}", voice=False, speak=True)
        for number in range(round(minutes * JOBS_A_MINUTE))
    ]
    limit = 2 * 60 * minutes + _STUCK_AFTER_SECONDS  # a slow machine posts late
    form = Form("soak", len(turns), 1, _SECONDS, (), {}, stuck_after=_STUCK_AFTER_SECONDS, limit=limit)
    return Plan(0, form, [[turns]], [], Conducts(_SECONDS, {}), [])


def soak(minutes: float, directory: Path) -> Soaked:
    """Run it in an empty directory."""
    plan = make_soak(minutes)
    with running_world(plan, directory, print) as world:
        addresses = [
            httpx.URL(world.stack.settings.local_url),
            httpx.URL(world.stack.start_another_api(_OTHER_API)),
        ]
        eventually(lambda: all(map(_answers, addresses)), what="both APIs at work")
        started = time.monotonic()
        restarts = _play(world, plan.turns(), addresses)
        figures = [
            f"{len(plan.turns())} jobs in {time.monotonic() - started:.0f} s",
            f"{FOLLOWERS} clients followed each of them",
            f"API processes restarted {restarts} times, every second time by KILL",
            f"{len(world.ledger.told)} events told by {_streams(world, 200)} streams",
            f"{_streams(world, None)} streams not opened, as a process was away",
        ]
        with psycopg.connect(world.postgres.url, autocommit=True) as connection:
            note(connection, plan, world.ledger, directory / CALLS, directory / "data" / "audio")
            broken = violations(connection)
            broken[_UNSEEN] = connection.execute(
                "SELECT id, count(DISTINCT follower) FROM jobs LEFT JOIN chaos.told ON job = id"
                " GROUP BY id HAVING count(DISTINCT follower) <> %(all)s",
                {"all": FOLLOWERS},
            ).fetchall()
        world.close()
    broken[PROCESSES] = processes_left(world.sessions)
    return Soaked(broken, figures)


def _play(world: World, turns: Sequence[Turn], addresses: Sequence[httpx.URL]) -> int:
    """Post the turns in time and have all clients follow each; return how often a process was restarted."""
    restarts = 0
    ways = cycle([("api", True), (_OTHER_API, False), (_OTHER_API, True), ("api", False)])
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(len(turns) * FOLLOWERS + 1))
        stack.callback(world.stopping.set)
        clients = [stack.enter_context(httpx.Client()) for _ in range(FOLLOWERS)]
        poster = stack.enter_context(connected(addresses[0], world.ledger, world.stopping))
        following: list[Future[None]] = []

        def post() -> None:
            started = time.monotonic()
            for place, turn in enumerate(turns):
                due = started + place * 60 / JOBS_A_MINUTE
                world.stopping.wait(max(0.0, due - time.monotonic()))
                job = poster.post(turn)
                following.extend(
                    threads.submit(_follow, world, client, addresses, poster, job) for client in clients
                )

        posting, due = threads.submit(post), time.monotonic() + _RESTART_EVERY_SECONDS
        while not posting.done() or not all(each.done() for each in following):
            world.check()
            if time.monotonic() > due and not posting.done() and all(map(_answers, addresses)):
                _restart(world, *next(ways))
                restarts, due = restarts + 1, time.monotonic() + _RESTART_EVERY_SECONDS
            time.sleep(0.1)
        for each in (posting, *following):
            each.result()
    return restarts


def _follow(
    world: World, client: httpx.Client, addresses: Sequence[httpx.URL], poster: Client, job: str
) -> None:
    random = Random()  # noqa: S311 - where it resumes
    link = poster.link(job)
    Follower(
        world.ledger, world.stopping, job, lambda: random.choice(addresses).join(link), random=random
    ).follow(client)


def _restart(world: World, name: str, by_force: bool) -> None:
    if by_force:
        world.stack.kill(name)
    else:
        world.stack.end(name)
    world.stack.start(name)


def _answers(address: httpx.URL) -> bool:
    try:
        return httpx.get(address.join("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False


def _streams(world: World, status: int | None) -> int:
    return sum(seen.route.endswith("/events") and seen.status == status for seen in world.ledger.exchanges)


def main() -> int:
    """Run the soak, and print what it has shown."""
    arguments = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    arguments.add_argument("--minutes", type=float, default=_MINUTES, help=f"how long ({_MINUTES:.0f})")
    arguments.add_argument("--short", action="store_true", help=f"{_SHORT_MINUTES:.0f} minute")
    chosen = arguments.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="soak-"))
    soaked = soak(_SHORT_MINUTES if chosen.short else chosen.minutes, directory)
    print("\n".join(soaked.figures))
    failed = {name: rows for name, rows in soaked.broken.items() if rows}
    for name, rows in failed.items():
        print(f"BROKEN {name}: {rows[:5]}")
    if failed:
        print(f"what the programs wrote lies in {directory}")
    else:
        print("every client was told every event once")
        shutil.rmtree(directory)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
