"""The access line of requests that end in another way than with an answer to a client that waits."""

import asyncio
import logging

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access_log import AccessLog, method_of, route_of
from api.http.head_requests import HeadRequests
from api.http.problems import ProblemResponse, problem
from shared.errors import ErrorCode

PATH = "/jobs/secret-path"
GONE: Message = {"type": "http.disconnect"}


def line_of(app: ASGIApp, caplog: pytest.LogCaptureFixture, *, has_left: bool = False) -> str:
    """Serve one request; return its access line."""
    scope = {"type": "http", "method": "GET", "path": PATH, "query_string": b"user_id=asha", "headers": []}

    async def receive() -> Message:
        if not has_left:
            await asyncio.Event().wait()
        return GONE

    async def send(_: Message) -> None:
        """Say nothing."""

    caplog.set_level(logging.INFO)
    try:
        asyncio.run(AccessLog(app)(scope, receive, send))
    finally:
        [line] = [each.getMessage() for each in caplog.records if each.name == "api.http.access_log"]
        assert PATH not in line
        assert "asha" not in line
    return line


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
    await ProblemResponse(problem(ErrorCode.NO_SPEECH, "We heard nothing."))(scope, receive, send)


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """End without an answer."""


async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError


@pytest.mark.parametrize(
    ("app", "has_left", "said"),
    [
        (answering, False, "GET unmatched: 204 in 0 ms"),
        (answering, True, "GET unmatched: 204 in 0 ms, the client had left"),
        (refusing, False, "GET unmatched: 422 no_speech in 0 ms"),
        (silent, False, "GET unmatched: no answer in 0 ms"),
        (silent, True, "GET unmatched: no answer in 0 ms, the client had left"),
    ],
)
def test_a_line_says_how_the_request_ended(
    app: ASGIApp, has_left: bool, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = line_of(app, caplog, has_left=has_left)

    # A busy machine takes a millisecond or some.
    assert [part for part in line.split() if not part.isdecimal() or part in {"204", "422"}] == [
        part for part in said.split() if part != "0"
    ]


def test_a_request_that_breaks_has_its_line_too(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        line_of(breaking, caplog)

    assert "no answer" in caplog.text


def test_a_request_that_is_given_up_has_its_line_too(caplog: pytest.LogCaptureFixture) -> None:
    async def hanging(scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        line_of(hanging, caplog)

    assert "no answer" in caplog.text


@pytest.mark.parametrize(("method", "shown"), [("GET", "GET"), ("get", "other"), ("durian", "other")])
def test_a_method_is_shown_if_it_is_one_of_https(method: str, shown: str) -> None:
    assert method_of({"method": method}) == shown


def test_a_head_request_is_shown_as_what_it_was() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend((scope["method"], method_of(scope)))

    async def nothing() -> Message:
        return GONE

    async def nowhere(_: Message) -> None:
        """Say nothing."""

    scope = {"type": "http", "method": "HEAD", "headers": []}
    asyncio.run(HeadRequests(app)(scope, nothing, nowhere))

    assert seen == ["GET", "HEAD"]


def test_what_no_route_serves_is_unmatched() -> None:
    assert route_of({"path": PATH}) == "unmatched"
