"""Keeps the leases of the steps that a worker runs, from a thread of its main process.

The main process, because an engine may hold its own process's interpreter for seconds, or for ever:
a heartbeat beside it would starve, and a hang would look like a death.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import steps

logger = logging.getLogger(__name__)

# A hint does not say which step it is: the first renewal, soon after its task began, tells.
_FIRST_RENEWAL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A task that may own a step under its token. Which step that is is known from the first renewal on.

    `deadline`: in `time.monotonic`'s time. `on_overrun` is called when that has passed, once.
    """

    deadline: float
    on_overrun: Callable[[], object]
    job_id: UUID | None = None
    holders: int = 1


class LeaseKeeper:
    """Renews the leases of the steps at work each `heartbeat`. Thread-safe.

    When a step outlives its deadline, its lease is no longer kept and `on_overrun` is called.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        *,
        lease: timedelta,
        heartbeat: timedelta,
        margin: timedelta = timedelta(),
    ) -> None:
        """End a step this `margin` before its deadline, so that the sweep does not come first."""
        self._sessions = sessions
        self._margin_seconds = margin.total_seconds()
        self._lease = lease
        self._heartbeat_seconds = heartbeat.total_seconds()
        self._kept: dict[UUID, Kept] = {}
        self._next_renewal = time.monotonic()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    def keep(self, token: UUID, limit: timedelta, on_overrun: Callable[[], object]) -> None:
        """Begin to keep the lease with this token, for `limit` or until its step's own, nearer deadline."""
        now = time.monotonic()
        with self._changed:
            if (kept := self._kept.get(token)) is not None:  # the broker gave the task twice
                self._kept[token] = replace(kept, holders=kept.holders + 1)
                return
            self._kept[token] = Kept(now + limit.total_seconds(), on_overrun)
            soon = now + min(_FIRST_RENEWAL_SECONDS, self._heartbeat_seconds)
            self._next_renewal = min(self._next_renewal, soon) if len(self._kept) > 1 else soon
            self._changed.notify()

    def drop(self, token: UUID) -> None:
        """Stop keeping the lease once everyone has let it go; nothing happens where it is not kept."""
        with self._changed:
            kept = self._kept.get(token)
            if kept is not None and kept.holders > 1:
                self._kept[token] = replace(kept, holders=kept.holders - 1)
            else:
                self._kept.pop(token, None)

    def job_of(self, token: UUID) -> UUID | None:
        """Return the job that the lease's step belongs to, where that is known."""
        with self._changed:
            kept = self._kept.get(token)
        return None if kept is None else kept.job_id

    def tokens(self) -> list[UUID]:
        """Return the tokens of all leases that are kept."""
        with self._changed:
            return list(self._kept)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._kept:
                    self._changed.wait()
                wake_at = min(self._next_renewal, *(kept.deadline for kept in self._kept.values()))
                self._changed.wait(max(0.0, wake_at - time.monotonic()))
            self._end_overruns()
            if time.monotonic() >= self._next_renewal:
                with self._changed:
                    self._next_renewal = time.monotonic() + self._heartbeat_seconds
                self._renew()

    def _end_overruns(self) -> None:
        """Hand every overrun to a thread of its own: this one has other leases to keep."""
        now = time.monotonic()
        with self._changed:
            overrun = {token: kept for token, kept in self._kept.items() if kept.deadline <= now}
            for token in overrun:
                del self._kept[token]
        for kept in overrun.values():
            threading.Thread(target=kept.on_overrun, daemon=True).start()

    def _renew(self) -> None:
        tokens = self.tokens()
        if not tokens:
            return
        try:
            with self._sessions.begin() as session:
                held = steps.renew(session, tokens, lease=self._lease)
            self._learn(held)
        except SQLAlchemyError:
            logger.warning("leases could not be renewed: the database did not answer")
        except Exception:
            # Without this thread every lease of the worker would run out.
            logger.exception("leases could not be renewed")

    def _learn(self, held: list[steps.Held]) -> None:
        """Note what the tokens own, and when it has to end."""
        now = time.monotonic()
        with self._changed:
            for step in held:
                kept = self._kept.get(step.token)
                if kept is not None:
                    deadline = min(kept.deadline, now + step.seconds_left - self._margin_seconds)
                    self._kept[step.token] = replace(kept, deadline=deadline, job_id=step.job_id)
