"""Leaves a server alone for a while after it failed, so that nobody waits for it in vain each time."""

import time


class CircuitBreaker:
    """Decides whether to call a server that may have failed lately. Thread-safe.

    It knows no half-open state: when the time is over everybody asks again, and the next failure opens it.
    """

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long calls to the server are skipped after a failure."""
        self.seconds = seconds
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls to the server are skipped now."""
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        """Note that the server failed just now."""
        self._open_until = time.monotonic() + self.seconds
