"""A worker's sign of life: its parent process writes a row that `/health` and the operators read."""

import logging
import os
import socket
import threading
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import workers
from shared.models import Worker

logger = logging.getLogger(__name__)


class Presence:
    """Reports the worker every few seconds from a thread of its own, until stopped."""

    def __init__(
        self, sessions: sessionmaker[Session], *, name: str, queues: list[str], engines: dict[str, str]
    ) -> None:
        self._sessions = sessions
        self._worker = Worker(
            name=name,
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=queues,
            engines=engines,
            started_at=datetime.now(UTC),
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reporting and remove the row."""
        self._stopping.set()
        self._thread.join(timeout=5)
        try:
            with self._sessions.begin() as session:
                workers.forget(session, self._worker.name)
        except SQLAlchemyError:
            logger.warning("the worker's row stays: the database did not answer")

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._sessions.begin() as session:
                    workers.report(session, self._worker)
            except SQLAlchemyError:
                logger.warning("the worker could not report: the database did not answer")
            self._stopping.wait(workers.REPORT_INTERVAL.total_seconds())
