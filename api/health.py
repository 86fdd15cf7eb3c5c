"""Looks at everything the service needs, each look bounded in time."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import exists, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.database import Sessions
from api.schemas import (
    Dependencies,
    DependencyHealth,
    EngineHealth,
    Health,
    QueueHealth,
    WorkersHealth,
)
from api.storing import Storing
from shared import __version__, backlog, workers
from shared.backlog import Backlog
from shared.errors import DomainError
from shared.jobs import Deadlines
from shared.models import Worker
from shared.queue import QueueName
from shared.settings import AppEnv

_LIMIT_SECONDS = 2.0
# The sweep comes every few seconds: what it has left for so long it does not end at all.
_SWEPT_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class HealthChecks:
    """Looks at the dependencies of one API process."""

    sessions: Sessions
    redis: Redis
    storing: Storing
    app_env: AppEnv
    deadlines: Deadlines

    async def look(self) -> Health:
        """Return the service as it is; whatever is down is said, nothing is raised."""
        (database, seen, stuck), broker, storage = await asyncio.gather(
            self._look_at_database(), _look(self._ping_broker()), _look(self.storing.check())
        )
        fleet, engines = _fleet(seen, stuck), _engines(seen)
        loadable = all(engine.status != "failed" for engine in engines.values())
        healthy = database.ok and broker.ok and storage.ok and fleet.ok and loadable
        return Health(
            status="ok" if healthy else "degraded",
            version=__version__,
            app_env=self.app_env,
            engines=engines,
            dependencies=Dependencies(database=database, broker=broker, storage=storage, workers=fleet),
        )

    async def database_answers(self) -> bool:
        """Tell whether a job could be accepted now."""
        return (await _look(self._ping_database())).ok

    async def backlog(self) -> Backlog | None:
        """Return what waits and runs now; None where the database does not say in time."""
        found: list[Backlog] = []

        async def read() -> None:
            found.append(await self.sessions.read(backlog.read))

        return found[0] if (await _look(read())).ok else None

    async def _look_at_database(self) -> tuple[DependencyHealth, Sequence[Worker], bool]:
        """Return whether it answers, who lives, and whether a job is left that none of them ends."""
        seen: list[Worker] = []
        stuck = False

        async def read() -> None:
            nonlocal stuck
            seen.extend(await self.sessions.read(workers.live))
            stuck = await self.sessions.read(self._any_stuck)

        return await _look(read()), seen, stuck

    def _any_stuck(self, session: Session) -> bool:
        return bool(session.scalar(select(exists().where(self.deadlines.overdue(_SWEPT_WITHIN)))))

    async def _ping_database(self) -> None:
        await self.sessions.read(Session.execute, text("SELECT 1"))

    async def _ping_broker(self) -> None:
        await self.redis.ping()


async def _look(check: Coroutine[Any, Any, None]) -> DependencyHealth:
    task = asyncio.create_task(check)
    # What hangs may take long to give up even when cancelled: it is left to itself.
    _, hanging = await asyncio.wait({task}, timeout=_LIMIT_SECONDS)
    if hanging:
        task.cancel()
        return DependencyHealth(ok=False, detail="does not answer in time")
    try:
        task.result()
    except (SQLAlchemyError, RedisError, OSError):
        return DependencyHealth(ok=False, detail="cannot be reached")
    except DomainError as error:
        return DependencyHealth(ok=False, detail=error.detail)
    return DependencyHealth(ok=True)


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
    """Return the engines that the live workers chose; one that any worker has loaded is loaded."""
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
