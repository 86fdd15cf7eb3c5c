"""Who asks while others wait gets their outcome; a caller that leaves takes nobody along."""

import asyncio

import pytest

from api.operations.single_flight import SingleFlight


class Work:
    """Work that ends when the test lets it, and knows how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        run = self.begun
        await self.may_end.wait()
        if run == 2:
            raise ValueError("the second run fails")
        return run


async def _turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_callers_at_once_share_a_run_and_later_ones_begin_another() -> None:
    async def scenario() -> None:
        work = Work()
        flight = SingleFlight(work)
        callers = [asyncio.create_task(flight()) for _ in range(300)]
        await _turn()
        leaver = callers.pop()
        leaver.cancel()
        await _turn()
        work.may_end.set()
        assert await asyncio.gather(*callers) == [1] * 299
        with pytest.raises(ValueError, match="second run"):
            await flight()
        assert await flight() == 3
        assert work.begun == 3

    asyncio.run(scenario())
