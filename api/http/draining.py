"""Stops a process cleanly: waiting clients get a response at once and are not cut off.

A server that is asked to stop first lets its open requests end, and only then tells the application.
Requests that wait for a job would hold it up, so the application listens to the signal itself.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Result = TypeVar("Result")


class StoppingError(Exception):
    """The process ends before the work is done."""


class Draining:
    """Whether this process has been asked to stop, and what to do at once then."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @contextmanager
    def on_signal(self, act: Callable[[], None]) -> Iterator[None]:
        """While the block runs, call `act` when a stop signal comes, before the server's own handler acts.

        Where there is no server's handler, or no main thread, nothing is listened to.
        """
        loop = asyncio.get_running_loop()
        handlers: dict[int, Any] = {}

        def receive(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(begin)
            handlers[number](number, frame)

        def begin() -> None:
            self._begun.set()
            act()

        if threading.current_thread() is threading.main_thread():
            for number in _STOP_SIGNALS:
                if callable(handler := signal.getsignal(number)):
                    handlers[number] = handler
                    signal.signal(number, receive)
        try:
            yield
        finally:
            for caught, handler in handlers.items():
                signal.signal(caught, handler)

    async def unless_stopping(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what `work` returns. Raises `StoppingError`, and cancels it, once the process is to end."""
        task, stop = asyncio.create_task(work), asyncio.create_task(self._begun.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise StoppingError
            return task.result()
        finally:
            stop.cancel()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await stop
