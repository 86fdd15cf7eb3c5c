"""The cache against a real Redis: what it keeps, what it costs when Redis is away, and who asks alone."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from local.servers import EmbeddedRedis
from tests.support.factories import together
from tests.support.stack import eventually
from worker.cache import Cache, open_cache
from worker.settings import WorkerSettings

# Generous: on a busy machine a thread may not run for a while. What must not happen is to hang.
BOUND_SECONDS = 10.0


@pytest.fixture
def redis(redis_server: EmbeddedRedis) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url) as client:
        yield client


def opened(url: str, **changes: object) -> Cache:
    values = {"redis_url": url, "cache_enabled": True, "cache_timeout_seconds": 5, **changes}
    return open_cache(WorkerSettings.model_validate(values))


@pytest.fixture
def cache(redis_server: EmbeddedRedis) -> Cache:
    """A patient one, for a busy machine."""
    return opened(redis_server.url)


@pytest.fixture
def hasty(redis_server: EmbeddedRedis) -> Cache:
    """One with the product's own time limit."""
    return opened(redis_server.url, cache_timeout_seconds=0.05)


def seconds_of_a_stage(cache: Cache) -> float:
    """Do what a stage does with the cache; return how long that took."""
    started = time.monotonic()
    with cache.one_at_a_time("k", seconds=60) as kept:
        assert kept is None
        cache.put("k", b"value")
    assert cache.get("k") is None
    return time.monotonic() - started


def test_what_is_put_is_found_until_it_expires(cache: Cache, redis: Redis) -> None:
    assert cache.get("k") is None
    cache.put("k", b"value")
    assert cache.get("k") == b"value"
    assert redis.keys() == [b"cache:k"]
    assert 86_000_000 < int(redis.pttl("cache:k")) <= 86_400_000


def test_nothing_is_kept_longer_than_asked(redis_server: EmbeddedRedis) -> None:
    cache = opened(redis_server.url, cache_ttl_seconds=1)
    cache.put("k", b"value")
    eventually(lambda: cache.get("k") is None, what="the end of what was kept")


def test_switched_off_it_connects_to_nothing_and_finds_nothing() -> None:
    cache = opened("redis://127.0.0.1:1/0", cache_enabled=False)
    assert seconds_of_a_stage(cache) < BOUND_SECONDS


def test_a_value_of_another_kind_is_no_error(cache: Cache, redis: Redis) -> None:
    redis.lpush("cache:k", "not a string")
    assert cache.get("k") is None


def test_a_redis_that_is_gone_costs_next_to_nothing(cache: Cache, redis_server: EmbeddedRedis) -> None:
    cache.put("k", b"value")
    redis_server.kill()
    assert seconds_of_a_stage(cache) < BOUND_SECONDS


def test_a_redis_that_hangs_costs_one_timeout(hasty: Cache, redis_server: EmbeddedRedis) -> None:
    hasty.put("other", b"value")
    assert redis_server.pid is not None
    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        assert seconds_of_a_stage(hasty) < BOUND_SECONDS
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)


def test_a_server_that_takes_connections_and_says_nothing_costs_one_timeout() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        cache = opened(f"redis://127.0.0.1:{server.getsockname()[1]}/0", cache_timeout_seconds=0.05)
        assert seconds_of_a_stage(cache) < BOUND_SECONDS


def with_break(redis_server: EmbeddedRedis, seconds: float) -> Cache:
    client = Redis.from_url(redis_server.url, socket_timeout=5, retry=None)
    return Cache(client, ttl_seconds=60, break_seconds=seconds)


def test_after_a_failure_redis_is_left_alone(
    redis_server: EmbeddedRedis, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    cache = with_break(redis_server, seconds=600)
    redis_server.kill()
    with caplog.at_level(logging.WARNING):
        assert [cache.get("k") for _ in range(20)] == [None] * 20
    assert [record.getMessage() for record in caplog.records] == [
        "the cache is skipped for 600 s: ConnectionError"
    ]
    redis_server.start()
    cache.put("k", b"value")
    assert redis.keys() == []


def test_after_the_break_it_is_asked_again(redis_server: EmbeddedRedis) -> None:
    cache = with_break(redis_server, seconds=0.1)
    redis_server.kill()
    assert cache.get("k") is None
    redis_server.start()

    def kept() -> bytes | str | None:
        cache.put("k", b"value")
        return cache.get("k")

    assert eventually(kept, what="the cache in use again") == b"value"


def test_a_restart_between_two_stages_is_not_even_noticed(cache: Cache, redis_server: EmbeddedRedis) -> None:
    together(4, lambda _: cache.put("k", b"value"))
    redis_server.restart()
    cache.put("k", b"again")
    assert cache.get("k") == b"again"


def all_have_tried(redis: Redis, count: int) -> bool:
    """Tell whether so many have tried to be the one who makes it: each sets the key's lock."""
    calls: int = redis.info("commandstats")["cmdstat_set"]["calls"]
    return calls >= count


def test_of_many_at_once_one_makes_it_and_all_have_it(redis_server: EmbeddedRedis, redis: Redis) -> None:
    made: list[int] = []

    def ask(number: int) -> bytes | str:
        # Each with connections of its own, as in processes of their own.
        cache = opened(redis_server.url)
        with cache.one_at_a_time("k", seconds=60) as kept:
            if kept is not None:
                return kept
            made.append(number)
            eventually(lambda: all_have_tried(redis, 12), what="the others waiting")
            cache.put("k", b"made")
            return b"made"

    assert together(12, ask) == [b"made"] * 12
    assert len(made) == 1


def test_where_the_one_who_makes_it_fails_another_makes_it(cache: Cache, redis: Redis) -> None:
    tries: list[int] = []

    def make(number: int) -> None:
        if tries == [number]:
            eventually(lambda: all_have_tried(redis, 6), what="the others waiting")
            raise ValueError("a defect")

    def ask(number: int) -> bytes | str | None:
        try:
            with cache.one_at_a_time("k", seconds=60) as kept:
                if kept is not None:
                    return kept
                tries.append(number)
                make(number)
                cache.put("k", b"made")
                return b"made"
        except ValueError:
            return None

    answers = together(6, ask)

    assert sorted(answers, key=str) == [None, *[b"made"] * 5]
    assert len(tries) == 2


def test_who_died_at_it_is_not_waited_for_for_ever(cache: Cache, redis_server: EmbeddedRedis) -> None:
    # What a killed worker leaves: its lock, with its time to live.
    dead = opened(redis_server.url)._take_lock("k", 0.5)
    assert dead is not None
    with cache.one_at_a_time("k", seconds=60) as kept:
        assert kept is None
    assert not dead.owned()


def test_a_slow_one_is_waited_for_only_so_long(cache: Cache, redis_server: EmbeddedRedis) -> None:
    slow = opened(redis_server.url)._take_lock("k", 300)
    with cache.one_at_a_time("k", seconds=0.3) as kept:
        assert kept is None
    assert slow is not None
    assert slow.owned()  # still at it, and not disturbed


def test_a_lock_that_ran_out_meanwhile_is_no_error(cache: Cache, redis: Redis) -> None:
    with cache.one_at_a_time("k", seconds=60) as kept:
        assert kept is None
        redis.flushall()
    assert cache.get("k") is None
    cache.put("k", b"value")
    assert cache.get("k") == b"value"


def test_when_redis_goes_while_one_waits_it_makes_it_itself(
    cache: Cache, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    busy = opened(redis_server.url)._take_lock("k", 300)
    assert busy is not None
    waiting, made = threading.Event(), threading.Event()

    def ask() -> None:
        waiting.set()
        with cache.one_at_a_time("k", seconds=300) as kept:
            assert kept is None
            made.set()

    thread = threading.Thread(target=ask)
    thread.start()
    waiting.wait(60)
    assert not made.wait(0.3)
    redis_server.kill()
    thread.join(60)

    assert made.is_set()
