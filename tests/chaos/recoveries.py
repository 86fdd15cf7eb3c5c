"""How long a GPU worker whose child was killed does nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

# The lease, a sweep, and five seconds, in which Celery notices that a child is dead.
RECOVERY_LIMIT_SECONDS = 3.0 + 1.0 + 5.0


@dataclass(frozen=True, slots=True)
class Killed:
    """A GPU worker, by the name that its steps have, whose child was killed at work on a step.

    `at` is a moment of the system's clock (seconds), which PostgreSQL shares.
    """

    worker: str
    step: str
    at: float


def recoveries(connection: psycopg.Connection[Any], killed: Iterable[Killed]) -> list[float]:
    """Return the seconds from each KILL to the first claim of the same worker, in ascending order.

    Whichever step it claims: which comes first is the fair order's business, and another may be one that
    hangs. A KILL whose step ended before any claim does not count: nothing may have waited for the worker.
    """
    rows = [
        connection.execute(
            "SELECT extract(epoch FROM min(at))::float - %(at)s FROM chaos.claims"
            " WHERE worker = %(worker)s AND at > to_timestamp(%(at)s)"
            " AND at <= coalesce((SELECT finished_at FROM steps WHERE id = %(step)s), 'infinity')",
            {"worker": kill.worker, "at": kill.at, "step": kill.step},
        ).fetchall()
        for kill in killed
    ]
    return sorted(seconds for [(seconds,)] in rows if seconds is not None)
