"""Checks, with a time limit each, that everything the service needs works, not merely that it answers.

A Redis that is full or a replica answers but accepts no hint. A PostgreSQL without free connections still
answers on those that this process holds, but on no new one. The tutor is judged by its last calls.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from psycopg import Error as PsycopgError
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from sqlalchemy import exists, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlmodel import col

from api.audio.stores import Storing
from api.database import EventLoopConnection, Sessions
from api.operations.schemas import (
    Dependencies,
    DependencyHealth,
    EngineHealth,
    Health,
    QueueHealth,
    WorkersHealth,
)
from api.operations.single_flight import SingleFlight
from shared import __version__, backlog, workers
from shared.backlog import Backlog
from shared.errors import DomainError
from shared.jobs import Deadlines
from shared.models import REPEATED, QueueName, Step, StepKind, StepOutcome, Worker
from shared.queue import WRITE_PROBE
from shared.settings import AppEnv

_LIMIT_SECONDS = 2.0
# The sweep runs every few seconds: a job it has left this long will not be ended by it.
_SWEPT_WITHIN = timedelta(minutes=1)
_CALLS = 3
_REFUSALS: dict[type[Exception], str] = {
    ReadOnlyError: "refuses writes: it is a read-only replica",
    OutOfMemoryError: "refuses writes: its memory is full",
}


@dataclass(frozen=True, slots=True)
class _Report:
    """What the database says: live workers, the tutor's state, and whether an overdue job is left unended."""

    workers: Sequence[Worker]
    tutor: DependencyHealth
    stuck: bool = False


_NOTHING_KNOWN = _Report((), DependencyHealth(ok=False, detail="not known without the database"))


class HealthChecks:
    """Checks the dependencies of one API process."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        sessions: Sessions,
        redis: Redis,
        storing: Storing,
        app_env: AppEnv,
        deadlines: Deadlines,
        connection: Mapping[str, Any],
    ) -> None:
        """Check these dependencies; `connection` is the string with which psycopg opens new connections."""
        self._sessions = sessions
        self._redis = redis
        self._storing = storing
        self._app_env = app_env
        self._deadlines = deadlines
        self._connection = connection
        self._looking = SingleFlight(self._look)

    async def look(self) -> Health:
        """Return the state of the service; failures are reported in it, never raised.

        One check runs at a time: each costs PostgreSQL a new connection and Redis a write.
        """
        return await self._looking()

    async def _look(self) -> Health:
        (database, report), broker, storage = await asyncio.gather(
            self._look_at_database(), _check(self._write_to_broker()), _check(self._storing.check())
        )
        fleet, engines = _fleet(report.workers, report.stuck), _engines(report.workers)
        found = Dependencies(
            database=database, broker=broker, storage=storage, workers=fleet, tutor=report.tutor
        )
        loadable = all(engine.status != "failed" for engine in engines.values())
        healthy = loadable and all(each.ok for each in (database, broker, storage, fleet, report.tutor))
        return Health(
            status="ok" if healthy else "degraded",
            version=__version__,
            app_env=self._app_env,
            engines=engines,
            dependencies=found,
        )

    async def database_answers(self) -> bool:
        """Tell whether a job could be accepted now."""
        return (await _check(self._ping_database())).ok

    async def backlog(self) -> Backlog | None:
        """Return what waits and runs now; None if the database does not answer in time."""
        found: list[Backlog] = []

        async def read() -> None:
            found.append(await self._sessions.read(backlog.read))

        return found[0] if (await _check(read())).ok else None

    async def _look_at_database(self) -> tuple[DependencyHealth, _Report]:
        reports: list[_Report] = []

        async def read() -> None:
            reports.append(await self._sessions.read(self._report))

        database = await _check(read())
        if not database.ok:
            return database, _NOTHING_KNOWN
        if not (await _check(self._connect_anew())).ok:
            database = DependencyHealth(ok=False, detail="takes no new connection: all may be taken")
        return database, reports[0]

    def _report(self, session: Session) -> _Report:
        live = workers.live(session)
        stuck = session.scalar(select(exists().where(self._deadlines.overdue(_SWEPT_WITHIN))))
        return _Report(live, _tutor(session, live), bool(stuck))

    async def _connect_anew(self) -> None:
        connection = await EventLoopConnection.connect(**self._connection)
        await connection.close()

    async def _ping_database(self) -> None:
        await self._sessions.read(Session.execute, text("SELECT 1"))

    async def _write_to_broker(self) -> None:
        await self._redis.set(**WRITE_PROBE)


async def _check(check: Coroutine[Any, Any, None]) -> DependencyHealth:
    task = asyncio.create_task(check)
    # A check that hangs may take long to end even when cancelled, so we do not wait for it.
    _, hanging = await asyncio.wait({task}, timeout=_LIMIT_SECONDS)
    if hanging:
        task.cancel()
        return DependencyHealth(ok=False, detail="does not answer in time")
    try:
        task.result()
    except ResponseError as error:
        return DependencyHealth(ok=False, detail=_REFUSALS.get(type(error), "refuses writes"))
    except (SQLAlchemyError, PsycopgError, RedisError, OSError):
        return DependencyHealth(ok=False, detail="cannot be reached")
    except DomainError as error:
        return DependencyHealth(ok=False, detail=error.detail)
    return DependencyHealth(ok=True)


def _tutor(session: Session, live: Sequence[Worker]) -> DependencyHealth:
    """Judge the tutor by its last calls; those before its workers started do not count.

    A call is a run of `reply` that ended by itself, except one answered from the cache.
    """
    started = [worker.started_at for worker in live if QueueName.LLM in worker.queues]
    if not started:
        return DependencyHealth(ok=True)
    calls = session.execute(
        select(col(Step.outcome), col(Step.error_code))
        .where(
            col(Step.kind) == StepKind.REPLY,
            col(Step.started_at) > min(started),
            col(Step.outcome).in_([StepOutcome.SUCCEEDED, StepOutcome.FAILED, StepOutcome.TIMED_OUT]),
            col(Step.engine).is_(None) | col(Step.engine).not_like(f"%{REPEATED}"),
        )
        .order_by(col(Step.started_at).desc())
        .limit(_CALLS)
    ).all()
    if not calls or any(call.outcome is StepOutcome.SUCCEEDED for call in calls):
        return DependencyHealth(ok=True)
    return DependencyHealth(ok=False, detail=f"its last calls failed ({len(calls)}): {calls[0].error_code}")


def _fleet(seen: Sequence[Worker], stuck: bool) -> WorkersHealth:
    counts = {name: sum(name in worker.queues for worker in seen) for name in QueueName}
    idle = [str(name) for name, count in counts.items() if not count]
    problems = [f"no worker serves {', '.join(idle)}"] if idle else []
    if stuck:
        problems.append("a job is long past its time and is not ended")
    return WorkersHealth(
        ok=not problems,
        detail="; ".join(problems) or None,
        queues={name: QueueHealth(ok=count > 0, workers=count) for name, count in counts.items()},
    )


def _engines(seen: Sequence[Worker]) -> dict[str, EngineHealth]:
    """Return the engines that the live workers chose; an engine is loaded if any worker has loaded it."""
    engines: dict[str, EngineHealth] = {}
    for worker in seen:
        for kind, name in worker.engines.items():
            state = worker.models.get(kind, {})
            status = _STATUSES.get(state.get("status", ""), "not_loaded")
            if kind not in engines or status == "loaded":
                engines[kind] = EngineHealth(
                    engine=state.get("mode", name), status=status, reason=state.get("reason")
                )
    return engines


_Status = Literal["loaded", "not_loaded", "failed"]
_STATUSES: dict[str, _Status] = {"loaded": "loaded", "failed": "failed"}
