"""A worker's sign of life: its parent process writes a row that `/health` and the operators read."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import workers
from shared.models import Worker
from shared.outages import OutageLog

logger = logging.getLogger(__name__)


class Presence:
    """Reports the worker every few seconds from a thread of its own, until stopped."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        *,
        name: str,
        queues: list[str],
        concurrency: int,
        engines: dict[str, str],
    ) -> None:
        self._sessions = sessions
        self._worker = Worker(
            name=name,
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=queues,
            concurrency=concurrency,
            engines=engines,
            started_at=datetime.now(UTC),
        )
        self._outage = OutageLog(logger, "the database", "the worker cannot report that it lives")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self, look: Callable[[], None]) -> None:
        """Report now, with nothing loaded yet, and go on reporting; `look` is called each time."""
        self._report(workers.report_start)
        self._look = look
        self._thread.start()

    def stop(self) -> None:
        """Stop reporting and remove the row."""
        self._stopping.set()
        if self._thread.ident is not None:  # a worker may be told to stop before it was ready
            self._thread.join(timeout=5)
        try:
            with self._sessions.begin() as session:
                workers.forget(session, self._worker.name)
        except SQLAlchemyError:
            logger.warning("the worker's row stays: the database did not answer")

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._report(workers.report)
            self._look()
            self._stopping.wait(workers.REPORT_INTERVAL.total_seconds())

    def _report(self, write: Callable[[Session, Worker], None]) -> None:
        try:
            with self._sessions.begin() as session:
                write(session, self._worker)
        except SQLAlchemyError as error:
            self._outage.failed(error)
        else:
            self._outage.worked()
