"""One run shared by all callers that ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")


class SingleFlight(Generic[Outcome]):
    """Runs `work` once at a time: callers that ask while it runs wait for that run's outcome.

    A caller that leaves does not end the run, since others may wait for it.
    """

    def __init__(self, work: Callable[[], Awaitable[Outcome]]) -> None:
        self._work = work
        self._running: asyncio.Task[Outcome] | None = None

    async def __call__(self) -> Outcome:
        """Return the outcome, or raise what the run raised."""
        if self._running is None:
            self._running = asyncio.create_task(self._run())
            self._running.add_done_callback(self._ended)
        return await asyncio.shield(self._running)

    async def _run(self) -> Outcome:
        return await self._work()

    def _ended(self, run: asyncio.Task[Outcome]) -> None:
        self._running = None
        if not run.cancelled():
            run.exception()  # retrieved, or asyncio logs it if all callers have left
