"""Keeps the leases of the stages that run in this process, from one thread."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import jobs
from shared.jobs import Claim

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews every held lease each `beat`; when a stage outlives its `deadline`, calls `on_overrun` once.

    An engine that never returns cannot record its own timeout: this thread does it. Thread-safe.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        *,
        lease: timedelta,
        beat: timedelta,
        on_overrun: Callable[[Claim], None],
    ) -> None:
        self._sessions = sessions
        self._lease = lease
        self._beat_seconds = beat.total_seconds()
        self._on_overrun = on_overrun
        self._held: dict[UUID, tuple[Claim, float]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def keep(self, claim: Claim, deadline: timedelta) -> Iterator[None]:
        """Hold the claim's lease while the block runs, for at most `deadline`."""
        with self._changed:
            self._held[claim.token] = claim, time.monotonic() + deadline.total_seconds()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._held.pop(claim.token, None)

    def _run(self) -> None:
        next_beat = time.monotonic() + self._beat_seconds
        while True:
            with self._changed:
                if not self._held:
                    self._changed.wait()
                    next_beat = time.monotonic() + self._beat_seconds
                first_deadline = min((at for _, at in self._held.values()), default=next_beat)
                self._changed.wait(max(0.0, min(next_beat, first_deadline) - time.monotonic()))
            self._end_overruns()
            if time.monotonic() >= next_beat:
                self._renew()
                next_beat = time.monotonic() + self._beat_seconds

    def _end_overruns(self) -> None:
        now = time.monotonic()
        with self._changed:
            overrun = [claim for claim, deadline in self._held.values() if deadline <= now]
            for claim in overrun:
                del self._held[claim.token]
        for claim in overrun:
            self._on_overrun(claim)

    def _renew(self) -> None:
        with self._changed:
            tokens = set(self._held)
        if not tokens:
            return
        try:
            with self._sessions.begin() as session:
                alive = jobs.renew(session, tokens, lease=self._lease)
        except SQLAlchemyError:
            logger.warning("leases could not be renewed: the database did not answer")
            return
        for token in tokens - alive:
            logger.warning("lease %s was lost: its result will be dropped", token)
