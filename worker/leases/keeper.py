"""Keeps the leases of the stages that a worker runs, from a thread of its main process.

The main process, because an engine may hold its own process's interpreter for seconds, or for ever:
a heartbeat beside it would starve, and a hang would look like a death.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import jobs
from shared.jobs import Hint

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    hint: Hint
    deadline: float


class LeaseKeeper:
    """Renews the leases of the running stages each `heartbeat`. Thread-safe.

    When a stage outlives its deadline, `on_overrun` is called, once, and its lease is let go.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        *,
        lease: timedelta,
        heartbeat: timedelta,
        on_overrun: Callable[[UUID, Hint], object],
    ) -> None:
        self._sessions = sessions
        self._lease = lease
        self._heartbeat_seconds = heartbeat.total_seconds()
        self._on_overrun = on_overrun
        self._held: dict[UUID, _Held] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    def keep(self, token: UUID, hint: Hint, limit: timedelta) -> None:
        """Begin to keep the lease with this token, on the hint's stage, for at most `limit`."""
        with self._changed:
            self._held[token] = _Held(hint, time.monotonic() + limit.total_seconds())
            self._changed.notify()

    def drop(self, token: UUID) -> None:
        """Stop keeping the lease, if it is kept."""
        with self._changed:
            self._held.pop(token, None)

    def held(self) -> dict[UUID, Hint]:
        """Return the running stages by their leases' tokens."""
        with self._changed:
            return {token: held.hint for token, held in self._held.items()}

    def _run(self) -> None:
        next_renewal = time.monotonic()
        while True:
            with self._changed:
                if not self._held:
                    self._changed.wait()
                    next_renewal = time.monotonic() + self._heartbeat_seconds
                wake_at = min((held.deadline for held in self._held.values()), default=next_renewal)
                self._changed.wait(max(0.0, min(next_renewal, wake_at) - time.monotonic()))
            self._end_overruns()
            if time.monotonic() >= next_renewal:
                self._renew()
                next_renewal = time.monotonic() + self._heartbeat_seconds

    def _end_overruns(self) -> None:
        """Hand every overrun to a thread of its own: this one has other leases to keep."""
        now = time.monotonic()
        with self._changed:
            overrun = {token: held.hint for token, held in self._held.items() if held.deadline <= now}
            for token in overrun:
                del self._held[token]
        for token, hint in overrun.items():
            threading.Thread(target=self._on_overrun, args=(token, hint), daemon=True).start()

    def _renew(self) -> None:
        with self._changed:
            tokens = set(self._held)
        if not tokens:
            return
        try:
            with self._sessions.begin() as session:
                jobs.renew(session, tokens, lease=self._lease)
        except SQLAlchemyError:
            logger.warning("leases could not be renewed: the database did not answer")
        except Exception:
            # Without this thread every lease of the worker would run out.
            logger.exception("leases could not be renewed")
