"""What Redis remembers for a while, so that an engine need not be asked again: never needed, never an error.

It shares the broker's database; its keys begin with `cache:`, and they expire. A Redis that is
gone, slow or refuses costs a stage one short timeout; then it is left alone for some seconds.
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

    After a failure Redis is not asked for `break_seconds` (a circuit breaker): everything is a miss then.
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
        """Return what is kept under the key; None also where Redis does not say."""
        return self._ask(lambda client: client.get(PREFIX + key))

    def put(self, key: str, value: bytes) -> None:
        """Keep the value under the key, if Redis takes it."""
        self._ask(lambda client: client.set(PREFIX + key, value, px=round(self._ttl_seconds * 1000)))

    @contextmanager
    def one_at_a_time(self, key: str, *, seconds: float) -> Iterator[Kept | None]:
        """Yield what is kept under the key, or None: then the caller is to make it, and to `put` it within.

        Of several callers at once, in any processes, one is to make it. The others wait for that, but
        never longer than `seconds`: then, or when that one leaves with nothing `put`, each is to make it.
        Whoever dies at it is waited for no longer than that either.
        """
        until = time.monotonic() + seconds
        value, lock = self.get(key), None
        while value is None and lock is None and self._is_asked() and time.monotonic() < until:
            lock = self._take_lock(key, seconds)
            # Read after the lock is taken: whoever had it before has put its value by then.
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
            with suppress(LockError):  # it has run out
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
            logger.warning("the cache is left alone for %g s: %s", self._breaker.seconds, what)
            return None


def open_cache(settings: WorkerSettings) -> Cache:
    """Return the cache that the settings ask for; nothing connects yet."""
    client = None
    if settings.cache_enabled:
        client = Redis.from_url(
            settings.redis_url,
            socket_timeout=settings.cache_timeout_seconds,
            socket_connect_timeout=settings.cache_timeout_seconds,
            # Once, and only for a connection that Redis has closed meanwhile; a timeout is not tried again.
            retry=Retry(NoBackoff(), 1, supported_errors=(NoConnectionError,)),
        )
    return Cache(client, ttl_seconds=settings.cache_ttl_seconds)
