"""Requests a minute of a caller and of an address, counted in Redis for all API processes together.

Two windows are weighted (a sliding window counter), so the count may be off by some per cent. While Redis is
away nothing is counted and nobody refused: a short timeout once, then none for some seconds.
"""

import logging
import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from api.http import allowances
from api.http.allowances import Allowance
from shared.circuit_breaker import CircuitBreaker
from shared.errors import DomainError, ErrorCode
from shared.outages import OutageLog

logger = logging.getLogger(__name__)

_WINDOW_SECONDS = 60
_TIMEOUT_SECONDS = 0.1
_BREAK_SECONDS = 5.0
_PREFIX = "requests"


class TooManyRequestsError(DomainError):
    """The caller, or the address, has sent too many requests within a minute."""

    code = ErrorCode.QUOTA_EXCEEDED


class RequestRates:
    """Counts requests and refuses those beyond a limit."""

    def __init__(
        self, redis_url: str, *, of_address: int | None, timeout_seconds: float = _TIMEOUT_SECONDS
    ) -> None:
        """`of_address` is how many requests a minute one address may send without an app's key.

        `timeout_seconds`: after how long without an answer Redis counts as away.
        """
        storage = RedisStorage(
            # limits knows sockets under this scheme alone.
            redis_url.replace("unix://", "redis+unix://", 1),
            implementation="redispy",
            key_prefix=_PREFIX,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._of_address = of_address
        self._breaker = CircuitBreaker(_BREAK_SECONDS)
        self._outage = OutageLog(logger, "Redis", "requests are not limited")

    async def count_of_address(self, client: str) -> None:
        """Count a request from this address. Raises `TooManyRequestsError`."""
        await self.count(f"address {client}", self._of_address)

    async def count(self, caller: str, limit: int | None) -> None:
        """Count a request of this caller, if there is a limit. Raises `TooManyRequestsError`."""
        if limit is None or self._breaker.is_open:
            return
        try:
            left_open = await self._limiter.hit(RateLimitItemPerMinute(limit), caller)
            reset_at = None if left_open else await self._reset_at(caller, limit)
        except (RedisError, OSError, TimeoutError) as error:
            self._breaker.trip()
            self._outage.failed(error)
            return
        self._outage.worked()
        if reset_at is not None:
            seconds = max(1, math.ceil(reset_at - time.time()))
            allowances.note(Allowance("requests", limit, _WINDOW_SECONDS, 0, seconds))
            raise TooManyRequestsError("That is too fast. Please wait a moment.", retry_after_seconds=seconds)

    async def _reset_at(self, caller: str, limit: int) -> float:
        stats = await self._limiter.get_window_stats(RateLimitItemPerMinute(limit), caller)
        return stats.reset_time
