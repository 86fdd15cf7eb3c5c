"""The product under chaos: its servers and processes, what is known of its jobs, and whom a fault may hit."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Semaphore
from typing import Any, LiteralString, TypeVar

import psutil
import psycopg
from celery import Celery

from local.programs import migration
from local.servers import EmbeddedPostgres
from shared.models import StepKind
from shared.queue import create_celery
from tests.chaos.clients import Client
from tests.chaos.conduct import Conduct
from tests.chaos.engines import CALLS, CONDUCTS, DIRECTORY, ENGINES
from tests.chaos.invariants import watch_claims
from tests.chaos.ledger import Ledger
from tests.chaos.plan import CLIENTS, FaultKind, Plan, Turn
from tests.chaos.recoveries import Killed
from tests.support.stack import Stack, running_stack

_LIMITS = {"STT_TIMEOUT_SECONDS": "10", "TTS_TIMEOUT_SECONDS": "6"}
_POLL_SECONDS = 0.02
_CHECK_SECONDS = 0.5
_AWAY_SECONDS = 30.0
_HUNGRY_AFTER_SECONDS = 0.5
# What a stopped process has already sent to PostgreSQL is done by then.
_IN_FLIGHT_SECONDS = 0.05

Found = TypeVar("Found")


class MissedError(Exception):
    """What a fault waited for did not come, so it has not happened."""


class OverError(Exception):
    """The run has taken too long, or nothing moves any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """A step that a worker holds now: its kind, of which turn, by which lease's token, and whose."""

    step: str
    number: int
    kind: str
    token: str
    worker: str


@dataclass(slots=True)
class World:
    """Everything a fault can reach. Faults run one at a time, in the main thread."""

    plan: Plan
    directory: Path
    postgres: EmbeddedPostgres
    stack: Stack
    broker: Celery
    say: Callable[[str], object]
    ledger: Ledger = field(default_factory=Ledger)
    stopping: Event = field(default_factory=Event)
    gate: Semaphore = field(default_factory=lambda: Semaphore(0))
    fired: dict[FaultKind, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    killed: list[Killed] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    following: list[tuple[Client, Future[None]]] = field(default_factory=list)
    _hit: set[str] = field(default_factory=set)
    _children: dict[str, psutil.Process] = field(default_factory=dict)
    _baits: Iterator[Turn] = field(init=False)
    _connection: psycopg.Connection[Any] | None = None
    _started: float = field(default_factory=time.monotonic)
    _checked_at: float = 0.0
    _ended: int = 0
    _moved_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._baits = iter(self.plan.baits)

    def seconds(self) -> float:
        """Return how long the run has taken since everything was up."""
        return time.monotonic() - self._started

    def feed(self, turns: int) -> None:
        """Let the clients post so many turns more."""
        for _ in range(turns):
            self.gate.release()

    def ask(self, question: LiteralString, **values: object) -> list[Any]:
        """Return the rows of a query; a server that is down is waited for."""
        until = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(self.postgres.url, autocommit=True)
                return self._connection.execute(question, values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Close the harness's connections."""
        for client, _ in self.following:
            client.close()
        if self._connection is not None:
            self._connection.close()

    def until(
        self, look: Callable[[], Found | None], *, what: str, within: float = 120.0, feeding: bool = False
    ) -> Found:
        """Return the first true answer of `look`, meanwhile starting again what has ended by itself.

        `feeding` lets a client post a turn more now and then: something has to be at work to be broken.
        Raises `MissedError` where none comes in time, and `OverError` where the run is over.
        """
        deadline, hungry_at = time.monotonic() + within, time.monotonic() + _HUNGRY_AFTER_SECONDS
        while not (found := look()):
            self.check()
            if time.monotonic() > deadline:
                raise MissedError(what)
            if feeding and time.monotonic() > hungry_at:
                hungry_at += _HUNGRY_AFTER_SECONDS
                if self.unfinished() < CLIENTS:
                    self.feed(1)
            time.sleep(_POLL_SECONDS)
        return found

    def check(self) -> None:
        """Start again what has ended by itself. Raises `OverError` where the run is over."""
        now = time.monotonic()
        if now < self._checked_at + _CHECK_SECONDS:
            return
        self._checked_at = now
        self.revived += self.stack.revive()
        ended = self.ended()
        if ended != self._ended:
            self._ended, self._moved_at = ended, now
        if self.seconds() > self.plan.form.limit or now > self._moved_at + self.plan.form.stuck_after:
            raise OverError

    def ended(self) -> int:
        """Return how many jobs have ended."""
        return int(self.ask("SELECT count(*) FROM jobs WHERE finished_at IS NOT NULL")[0][0])

    def unfinished(self) -> int:
        """Return how many jobs have not ended."""
        return int(self.ask("SELECT count(*) FROM jobs WHERE finished_at IS NULL")[0][0])

    def holds(self, worker: str) -> list[Held]:
        """Return the steps that the worker holds now."""
        rows = self.ask(
            "SELECT steps.id::text, split_part(idempotency_key, '-', 2)::int, steps.kind, lease_token::text,"
            " worker FROM steps JOIN jobs ON jobs.id = job_id"
            " WHERE lease_token IS NOT NULL AND split_part(worker, '@', 1) = %(worker)s",
            worker=worker,
        )
        return [Held(*row) for row in rows]

    def may_hit(self, held: Held) -> bool:
        """Tell whether a fault may take this step's worker from it.

        No step whose deaths count is hit twice, or chance would quarantine what is healthy.
        """
        healthy = self.plan.conducts.of(held.number) is Conduct.HEALTHY
        return held.kind == StepKind.REPLY or (healthy and held.step not in self._hit)

    def hit(self, *steps: Held) -> None:
        """Note that a fault hits these."""
        self._hit |= {held.step for held in steps}

    def next_bait(self) -> Turn:
        """Return a slow turn that no fault has posted yet."""
        return next(self._baits)

    def child(self, worker: str = "gpu") -> psutil.Process | None:
        """Return the process that runs the worker's engines."""
        known = self._children.get(worker)
        if known is not None and known.is_running() and known.status() != psutil.STATUS_ZOMBIE:
            return known
        for process in self.stack.process(worker).children():
            with suppress(psutil.NoSuchProcess):
                if any("spawn_main" in part for part in process.cmdline()):
                    self._children[worker] = process
                    return process
        return None

    def caught(self, worker: str, kind: StepKind | None = None) -> tuple[psutil.Process, Held]:
        """Stop the worker's child while it holds a step (of that kind) that may be hit; return both."""

        def look() -> tuple[psutil.Process, Held] | None:
            held = self.holds(worker)
            wanted = held and kind in {None, held[0].kind} and self.may_hit(held[0])
            child = self.child(worker) if wanted else None
            if child is None:
                return None
            with suppress(psutil.NoSuchProcess):  # it may die of poison just now
                child.suspend()
                time.sleep(_IN_FLIGHT_SECONDS)
                if self.holds(worker) == held:
                    return child, held[0]
                child.resume()
            return None

        return self.until(look, what=f"the {worker} worker at work", feeding=True)

    def at_work(self, worker: str) -> list[Held]:
        """Return what the worker holds, once it holds something."""
        return self.until(lambda: self.holds(worker), what=f"the {worker} worker at work", feeding=True)

    def note_server(self, pid: int | None) -> None:
        """Remember a server's process, to see in the end that nothing of it is left."""
        if pid is not None:
            self.sessions.add(pid)


def processes_left(sessions: set[int]) -> list[str]:
    """Return what is left of the sessions, by command."""
    left = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
                left.append(" ".join(process.cmdline())[:120])
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return left


@contextmanager
def running_world(plan: Plan, directory: Path, say: Callable[[str], object]) -> Iterator[World]:
    """Start PostgreSQL, Redis, the API and the workers for a plan; end them after the block."""
    plan.conducts.write(directory / CONDUCTS)
    (directory / CALLS).touch()
    extra = {DIRECTORY: str(directory), **ENGINES, **_LIMITS}
    with EmbeddedPostgres(directory / "postgres") as postgres:
        command = migration(os.environ | {"DATABASE_URL": postgres.url})
        subprocess.run(command.command, env=command.environment, check=True, capture_output=True)
        with psycopg.connect(postgres.url) as connection:
            watch_claims(connection)
        with (
            running_stack(directory, postgres.url, extra=extra) as stack,
            closing(create_celery(stack.redis.url, socket_timeout_seconds=2)) as broker,
        ):
            world = World(plan, directory, postgres, stack, broker, say)
            world.note_server(postgres.pid)
            world.note_server(stack.redis.pid)
            yield world
            world.sessions |= stack.sessions
