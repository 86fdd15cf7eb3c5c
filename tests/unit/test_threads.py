"""What runs in a thread sees the caller's context, and a pool that was given up holds nobody up."""

import asyncio
import threading

import pytest

from shared.telemetry import job_id_var
from shared.threads import ContextThreads


def test_a_thread_sees_the_context_of_its_own_caller() -> None:
    async def ask(threads: ContextThreads, job_id: str) -> tuple[str | None, str]:
        job_id_var.set(job_id)
        seen = await threads.run(job_id_var.get)
        return seen, threads.submit(lambda: str(job_id_var.get())).result()

    async def ask_at_once() -> list[tuple[str | None, str]]:
        return await asyncio.gather(*(ask(threads, str(number)) for number in range(50)))

    with ContextThreads(2, "test") as threads:
        seen = asyncio.run(ask_at_once())
    assert seen == [(str(number), str(number)) for number in range(50)]


def test_what_a_thread_sets_stays_there() -> None:
    with ContextThreads(1, "test") as threads:
        before = job_id_var.get()
        threads.submit(job_id_var.set, "another").result()
        assert threads.submit(job_id_var.get).result() == job_id_var.get() == before


def test_a_pool_that_is_given_up_drops_what_waits_and_waits_for_nothing() -> None:
    may_end = threading.Event()
    threads = ContextThreads(1, "test")
    runs = threads.submit(may_end.wait)
    waits = threads.submit(may_end.wait)
    threads.give_up()
    assert waits.cancelled()
    assert not runs.done()
    may_end.set()
    assert runs.result()
    with pytest.raises(RuntimeError, match="after shutdown"):
        asyncio.run(threads.run(may_end.wait))


def test_a_cancelled_call_that_has_not_begun_never_does() -> None:
    async def cancel_one_that_waits(threads: ContextThreads) -> None:
        call = asyncio.create_task(threads.run(begun.append, True))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    begun: list[bool] = []
    may_end = threading.Event()
    with ContextThreads(1, "test") as threads:
        threads.submit(may_end.wait)
        asyncio.run(cancel_one_that_waits(threads))
        may_end.set()
    assert not begun
