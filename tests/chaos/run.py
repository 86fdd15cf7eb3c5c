"""One run of the chaos, from its servers' start to its verdict."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.clients import connected
from tests.chaos.engines import CALLS
from tests.chaos.faults import FAULTS
from tests.chaos.following import StoppedError
from tests.chaos.invariants import note, violations
from tests.chaos.plan import CLIENTS, FaultKind, Plan, Turn
from tests.chaos.recoveries import recoveries
from tests.chaos.world import MissedError, OverError, World, processes_left, running_world

PROCESSES = "a process left"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run has shown. `recoveries`: seconds from a GPU child's KILL to its worker at work again."""

    plan: Plan
    seconds: float
    fired: dict[FaultKind, int]
    missed: list[str]
    over: bool
    statuses: dict[str, int]
    answers: dict[str, int]
    recoveries: list[float]
    revived: list[str]
    broken: dict[str, list[Any]]

    @property
    def holds(self) -> bool:
        """Tell whether every fault was fired and every invariant holds."""
        return not self.over and not self.missed and not any(self.broken.values())


def run(plan: Plan, directory: Path, say: Callable[[str], object] = lambda _: None) -> Verdict:
    """Run the plan in an empty directory; `say` is told each fault as it happens."""
    started = time.monotonic()
    with running_world(plan, directory, say) as world:
        over = _play(world)
        broken = _judge(world)
        statuses = dict(world.ask("SELECT status, count(*) FROM jobs GROUP BY status ORDER BY status"))
        recovered = _recoveries(world)
        world.close()
    broken[PROCESSES] = processes_left(world.sessions)
    return Verdict(
        plan,
        time.monotonic() - started,
        world.fired,
        world.missed,
        over,
        statuses,
        _answers(world),
        recovered,
        world.revived,
        broken,
    )


def _play(world: World) -> bool:
    """Let the clients talk while the faults happen; tell whether the run had to be given up."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        talks = [threads.submit(_talk, world, client) for client in world.plan.clients]
        try:
            world.feed(2 * CLIENTS)
            for due, kind in world.plan.faults:
                world.feed(world.plan.turns_a_fault)
                world.until(partial(_is_due, world, due), what=str(kind), within=world.plan.form.limit)
                _fire(world, kind)
            world.feed(len(world.plan.turns()))
            at_work = [*talks, *(following for _, following in world.following)]
            world.until(lambda: _all_done(at_work), what="the clients", within=world.plan.form.limit)
        except OverError:
            return True
        finally:
            world.stopping.set()
    return False


def _is_due(world: World, ended: int) -> bool:
    return world.ended() >= ended


def _talk(world: World, conversations: list[list[Turn]]) -> None:
    with connected(world.stack.client.base_url, world.ledger, world.stopping) as client:
        for turns in conversations:
            try:
                client.talk(turns, world.gate)
            except StoppedError:
                return


def _all_done(talks: list[Future[None]]) -> bool:
    for talk in talks:
        if talk.done():
            talk.result()  # a client that broke breaks the run
    return all(talk.done() for talk in talks)


def _fire(world: World, kind: FaultKind) -> None:
    started, ended = time.monotonic(), world.ended()
    try:
        FAULTS[kind](world)
        world.fired[kind] = world.fired.get(kind, 0) + 1
    except MissedError as missed:
        world.missed.append(f"{kind}: not seen in time: {missed}")
    taken = time.monotonic() - started
    world.say(f"{world.seconds():5.1f} s, {ended} jobs ended: {kind} ({taken:.1f} s)")


def _judge(world: World) -> dict[str, list[Any]]:
    audio = world.directory / "data" / "audio"
    with psycopg.connect(world.postgres.url, autocommit=True) as connection:
        note(connection, world.plan, world.ledger, world.directory / CALLS, audio)
        return violations(connection)


def _recoveries(world: World) -> list[float]:
    with psycopg.connect(world.postgres.url, autocommit=True) as connection:
        return recoveries(connection, world.killed)


def _answers(world: World) -> dict[str, int]:
    counts: dict[str, int] = {}
    for exchange in world.ledger.exchanges:
        name = "cut" if exchange.status is None else f"{exchange.status} {exchange.code or ''}".strip()
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))
