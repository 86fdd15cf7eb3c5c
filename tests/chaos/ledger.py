"""What the clients of a run saw: every answer, and which job each idempotency key was given."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

# Beyond a request's limit, before the client gives it up: then it has failed, and must not hang for ever.
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request. `status` is None where no answer came; the limit and the duration are in seconds."""

    route: str
    expected: list[int]
    limit: float
    seconds: float
    status: int | None
    code: str | None


class Told(NamedTuple):
    """An event that a follower was told, as the `place`-th of all; `data` is JSON."""

    follower: int
    place: int
    job: str
    seq: int
    type: str
    data: str


@dataclass(slots=True)
class Ledger:
    """What all clients saw; lists only grow, so threads may share it."""

    exchanges: list[Exchange] = field(default_factory=list)
    jobs: list[tuple[str, str]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def send(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        *,
        expected: Collection[int],
        limit: float,
        **request: Any,
    ) -> httpx.Response | None:
        """Send a request and note what became of it; None where no answer came."""
        answer = None
        note = self.timing(f"{method} {path}", sorted(expected), limit)
        # A killed API cuts its connections; how long it took is noted all the same.
        with suppress(httpx.TransportError):
            answer = client.request(method, path, timeout=limit + _PATIENCE_SECONDS, **request)
        status = None if answer is None else answer.status_code
        code = None if answer is None or answer.is_success else str(answer.json()["code"])
        note(status, code)
        return answer

    def timing(
        self, route: str, expected: list[int], limit: float
    ) -> Callable[[int | None, str | None], None]:
        """Return what notes the status and code of a request that begins now; the first call counts."""
        started, noted = time.monotonic(), False

        def note(status: int | None, code: str | None) -> None:
            nonlocal noted
            if not noted:
                seconds = time.monotonic() - started
                self.exchanges.append(Exchange(route, expected, limit, seconds, status, code))
            noted = True

        return note
