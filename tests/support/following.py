"""Follows a job's events as a client does, and checks what every stream promises."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

ENDS = {"job.succeeded", "job.failed", "job.cancelled"}


@dataclass(frozen=True, slots=True)
class Told:
    """One server-sent event."""

    type: str
    id: int | None
    data: dict[str, Any]


@contextmanager
def stream(client: httpx.Client, url: str, **headers: str) -> Iterator[Iterator[Told]]:
    """Open a job's stream; yield its events as they come."""
    with client.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield read(response)


def read(response: httpx.Response) -> Iterator[Told]:
    """Yield the events of an open stream; comments are left out."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif not line and fields:
            number = int(fields["id"]) if "id" in fields else None
            yield Told(fields["event"], number, json.loads(fields["data"]))
            fields = {}


def follow(client: httpx.Client, url: str, **headers: str) -> list[Told]:
    """Return all stored events of a stream that ends by itself."""
    with stream(client, url, **headers) as events:
        return [event for event in events if event.id is not None]


def assert_complete(events: list[Told], *, after: int = 0) -> None:
    """Check that the stored events come in order, none skipped and none twice, and end with the job's end."""
    assert [event.id for event in events] == list(range(after + 1, after + 1 + len(events)))
    assert [event.data["seq"] for event in events] == [event.id for event in events]
    assert events[-1].type in ENDS
