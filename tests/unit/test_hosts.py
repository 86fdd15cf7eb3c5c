"""Which host names are served."""

import asyncio
from typing import Any

import pytest

from api.http.hosts import AllowedHosts

HOSTS = ["practice.example.org", "*.learn.example.org", "[::1]"]


def status_of(host: str | None) -> int:
    """Return with which status a request under this name is answered."""
    statuses: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [] if host is None else [(b"host", host.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    asyncio.run(AllowedHosts(app, hosts=HOSTS)(scope, None, send))  # type: ignore[arg-type]
    return statuses[0]


@pytest.mark.parametrize(
    "host",
    [
        "practice.example.org",
        "Practice.Example.org:443",
        "a.learn.example.org",
        "a.b.learn.example.org:1",
        "[::1]:80",
    ],
)
def test_our_names_are_served(host: str) -> None:
    assert status_of(host) == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "example.org",
        "learn.example.org",
        "evil-practice.example.org",
        "practice.example.org.evil",
        "[::2]",
    ],
)
def test_another_name_is_refused(host: str | None) -> None:
    assert status_of(host) == 421
