"""Logs a server's outage once when it begins and once when it ends, not at each attempt."""

import logging
import threading


class OutageLog:
    """Logs that a server is away, and that it is back. Thread-safe."""

    def __init__(self, logger: logging.Logger, server: str, meanwhile: str) -> None:
        """`server` is its name; `meanwhile` says what its absence means."""
        self._logger = logger
        self._server = server
        self._meanwhile = meanwhile
        self._is_away = False
        self._lock = threading.Lock()

    def failed(self, error: BaseException) -> None:
        """Note a try that failed. Only the error's class is shown: its text may quote a learner."""
        if self._changes_to(away=True):
            what = type(error).__name__
            self._logger.warning("%s is away (%s): %s", self._server, what, self._meanwhile)

    def worked(self) -> None:
        """Note a try that worked."""
        if self._changes_to(away=False):
            self._logger.warning("%s is back", self._server)

    def _changes_to(self, *, away: bool) -> bool:
        with self._lock:
            changes, self._is_away = self._is_away is not away, away
            return changes
