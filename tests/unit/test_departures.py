"""A reader who leaves while a stream still has something to tell."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from anyio import ClosedResourceError
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.types import ASGIApp, Message

from api.http.departures import Departures

SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "headers": [],
}


def streaming() -> FastAPI:
    app = FastAPI()

    @app.get("/", response_class=EventSourceResponse)
    async def tell() -> AsyncIterator[ServerSentEvent]:
        for number in range(100):
            yield ServerSentEvent(data=number)

    return app


async def left_while_reading_slowly(app: ASGIApp) -> list[bytes]:
    """Send a request and leave after the first event, with others on their way; return what was sent."""
    sent: list[bytes] = []
    leaves = asyncio.Event()

    async def receive() -> Message:
        if not asked.is_set():
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            sent.append(message["body"])
            for _ in range(100):  # all buffers fill behind a slow reader
                await asyncio.sleep(0)
            leaves.set()
            await asyncio.Event().wait()

    asked = asyncio.Event()
    await app(SCOPE, receive, send)
    return sent


def test_a_reader_who_leaves_is_no_error() -> None:
    assert len(asyncio.run(left_while_reading_slowly(Departures(streaming())))) == 1


def test_what_else_breaks_is_raised() -> None:
    async def broken(*_: object) -> None:
        raise ExceptionGroup("both", [ClosedResourceError(), ValueError("a defect")])

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(left_while_reading_slowly(Departures(broken)))
    assert [str(error) for error in raised.value.exceptions] == ["a defect"]
