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
    """Renews the leases of the stages at work each `heartbeat`. Thread-safe.

    When a stage outlives its deadline, `on_overrun` is called, once, and its lease is let go.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        *,
        worker: str,
        lease: timedelta,
        heartbeat: timedelta,
        on_overrun: Callable[[Hint], None],
    ) -> None:
        self._sessions = sessions
        self._worker = worker
        self._lease = lease
        self._heartbeat_seconds = heartbeat.total_seconds()
        self._on_overrun = on_overrun
        self._held: dict[str, _Held] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    def keep(self, key: str, hint: Hint, limit: timedelta) -> None:
        """Begin to keep the lease on the hint's stage, for at most `limit`, under a key to drop it by."""
        with self._changed:
            self._held[key] = _Held(hint, time.monotonic() + limit.total_seconds())
            self._changed.notify()

    def drop(self, key: str) -> None:
        """Stop keeping the lease; nothing happens where it is not kept."""
        with self._changed:
            self._held.pop(key, None)

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
        now = time.monotonic()
        with self._changed:
            overrun = {key: held.hint for key, held in self._held.items() if held.deadline <= now}
            for key in overrun:
                del self._held[key]
        for hint in overrun.values():
            try:
                self._on_overrun(hint)
            except Exception:
                # This thread keeps every other stage's lease: it must outlive whatever one stage brings.
                logger.exception("%s of job %s overran and could not be ended", hint.stage, hint.job_id)

    def _renew(self) -> None:
        with self._changed:
            hints = {held.hint for held in self._held.values()}
        if not hints:
            return
        try:
            with self._sessions.begin() as session:
                jobs.renew(session, self._worker, hints, lease=self._lease)
        except SQLAlchemyError:
            logger.warning("leases could not be renewed: the database did not answer")
