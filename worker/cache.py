"""A cache in Redis of what engines produced. Optional: no failure of it reaches the caller.

It shares the broker's database; its keys begin with `cache:` and expire. A Redis that is down, slow
or refuses costs a step one short timeout; after that the cache is skipped for some seconds.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import LockError, RedisError
from redis.lock import Lock
from redis.retry import Retry

from shared.circuit_breaker import CircuitBreaker
from worker.settings import WorkerSettings

logger = logging.getLogger(__name__)

BREAK_SECONDS = 5.0
PREFIX = "cache:"
_LOOK_SECONDS = 0.05

Answer = TypeVar("Answer")
Kept = bytes | str
"""What redis-py returns: bytes, for our clients."""


class Cache:
    """Bytes under keys, for `ttl_seconds`. Without a client nothing is kept or found. Thread-safe.

    After a failure a circuit breaker skips Redis for `break_seconds`; meanwhile every look-up is a miss.
    """

    def __init__(
        self, client: Redis | None, *, ttl_seconds: float, break_seconds: float = BREAK_SECONDS
    ) -> None:
        self._client = client
        self._ttl_seconds = ttl_seconds
        self._breaker = CircuitBreaker(break_seconds)

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        return self._client is not None

    def get(self, key: str) -> Kept | None:
        """Return the value of the key; None also if Redis does not answer."""
        return self._ask(lambda client: client.get(PREFIX + key))

    def put(self, key: str, value: bytes) -> None:
        """Store the value under the key, if Redis accepts it."""
        self._ask(lambda client: client.set(PREFIX + key, value, px=round(self._ttl_seconds * 1000)))

    @contextmanager
    def one_at_a_time(self, key: str, *, seconds: float) -> Iterator[Kept | None]:
        """Yield the value of the key, or None: then the caller computes it, and calls `put` inside the block.

        Of several callers at once, in any process, one computes the value. The others wait for it, but no
        longer than `seconds`. After that, or if the first leaves without a `put`, each computes it.
        A process that dies while computing delays the others no longer than that either.
        """
        until = time.monotonic() + seconds
        value, lock = self.get(key), None
        while value is None and lock is None and self._is_asked() and time.monotonic() < until:
            lock = self._take_lock(key, seconds)
            # Read after taking the lock: the previous holder has stored its value by then.
            value = self.get(key)
            if value is None and lock is None:
                time.sleep(_LOOK_SECONDS)
        try:
            yield value
        finally:
            if lock is not None:
                self._release(lock)

    def _take_lock(self, key: str, seconds: float) -> Lock | None:
        def take(client: Redis) -> Lock | None:
            lock = client.lock(f"{PREFIX}{key}:lock", timeout=seconds, blocking=False)
            return lock if lock.acquire() else None

        return self._ask(take)

    def _release(self, lock: Lock) -> None:
        def release(_: Redis) -> None:
            with suppress(LockError):  # it has expired
                lock.release()

        self._ask(release)

    def _is_asked(self) -> bool:
        return self._client is not None and not self._breaker.is_open

    def _ask(self, command: Callable[[Redis], Answer]) -> Answer | None:
        if self._client is None or not self._is_asked():
            return None
        try:
            return command(self._client)
        except (RedisError, OSError) as error:
            self._breaker.trip()
            what = type(error).__name__
            logger.warning("the cache is skipped for %g s: %s", self._breaker.seconds, what)
            return None


def open_cache(settings: WorkerSettings) -> Cache:
    """Return the cache that the settings ask for, without connecting yet."""
    client = None
    if settings.cache_enabled:
        client = Redis.from_url(
            settings.redis_url,
            socket_timeout=settings.cache_timeout_seconds,
            socket_connect_timeout=settings.cache_timeout_seconds,
            # Once, and only if Redis has closed the connection meanwhile; a timeout is not retried.
            retry=Retry(NoBackoff(), 1, supported_errors=(NoConnectionError,)),
        )
    return Cache(client, ttl_seconds=settings.cache_ttl_seconds)
