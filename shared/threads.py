"""Threads for what may block, in which log lines still name the request and the job."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class ContextThreads(ThreadPoolExecutor):
    """A thread pool whose calls see the context variables of whoever submitted them."""

    def __init__(self, most_at_once: int, name: str) -> None:
        """`name` begins the threads' names."""
        super().__init__(most_at_once, thread_name_prefix=name)

    def submit(
        self, work: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Run `work` in a thread, in a copy of the context."""
        context = copy_context()
        return super().submit(lambda: context.run(work, *args, **kwargs))

    async def run(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Return what `work` returns in a thread. Cancelled, it drops what has not begun."""
        return await asyncio.wrap_future(self.submit(work, *args, **kwargs))

    def give_up(self) -> None:
        """End the pool: what has not begun is dropped, and what runs is not waited for."""
        self.shutdown(wait=False, cancel_futures=True)
