"""Requests a minute, counted over real Redis: exact for those at the same moment, open while it is away."""

import asyncio
from uuid import uuid4

import pytest
from redis import Redis

from api.access.rates import RequestRates, TooManyRequestsError
from local.servers import EmbeddedRedis


@pytest.fixture
def server(floor_redis: EmbeddedRedis) -> EmbeddedRedis:
    with Redis.from_url(floor_redis.url) as redis:
        redis.flushall()
    return floor_redis


def counted(url: str, count: int, limit: int | None, *, callers: int = 1) -> list[int | None]:
    """Count requests at the same moment; return for each when to come again, None for one that is let in."""
    names = [uuid4().hex for _ in range(callers)]

    async def run() -> list[int | None]:
        rates = RequestRates(url, of_address=None, timeout_seconds=30)  # a busy machine is not an outage

        async def one(number: int) -> int | None:
            try:
                await rates.count(names[number % callers], limit)
            except TooManyRequestsError as refused:
                return refused.retry_after_seconds
            return None

        return await asyncio.gather(*map(one, range(count)))

    return asyncio.run(run())


def test_of_many_at_once_as_many_are_let_in_as_the_limit_says(server: EmbeddedRedis) -> None:
    answers = counted(server.url, 50, 10)

    assert answers.count(None) == 10
    assert all(1 <= seconds <= 60 for seconds in answers if seconds is not None)


def test_callers_are_counted_apart(server: EmbeddedRedis) -> None:
    assert counted(server.url, 20, 10, callers=2) == [None] * 20


def test_without_a_limit_nothing_is_counted(server: EmbeddedRedis) -> None:
    assert counted(server.url, 5, None) == [None] * 5
    with Redis.from_url(server.url) as redis:
        assert redis.keys() == []


def test_what_is_counted_is_forgotten_by_itself(server: EmbeddedRedis) -> None:
    counted(server.url, 3, 10)

    with Redis.from_url(server.url) as redis:
        keys = redis.keys()
        assert keys
        assert all(redis.ttl(key) > 0 for key in keys)


def test_while_redis_is_away_everyone_is_let_in() -> None:
    assert counted("redis://127.0.0.1:1/0", 5, 1) == [None] * 5
