"""Forty requests that are sent and never ended: what they hold is bounded, whatever their headers say."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse

import httpx
import pytest

from tests.e2e.contract import TEXT, VOICE, assert_problem, post_audio, silence
from tests.stack import Stack, eventually, running_stack

OPEN = 40
MEGABYTE = 1024**2
MOST_HELD, MOST_MEGABYTES = 30, 64
GROWTH_MEGABYTES = 100
START = b'--x\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\n'


@pytest.fixture(scope="module")
def small(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """An API that holds thirty recordings, and 64 MB of them, at most."""
    extra = {"MAX_UPLOADS_HELD": str(MOST_HELD), "MAX_UPLOAD_MEGABYTES_HELD": str(MOST_MEGABYTES)}
    directory, database = tmp_path_factory.mktemp("small"), create_migrated_database()
    with running_stack(directory, database, "api", extra=extra) as running:
        assert post_audio(running.client, silence(1)).status_code == 202
        yield running


@pytest.fixture
def opened(small: Stack) -> Iterator[ExitStack]:
    """What is open until the test ends; then a recording must be taken again."""
    with ExitStack() as connections:
        yield connections
    eventually(lambda: post_audio(small.client, silence(1)).status_code == 202, what="room again")


def begin(stack: Stack, opened: ExitStack, path: str, content: bytes, megabytes: int) -> socket.socket:
    """Send so much of a form that never ends, or as much as is taken."""
    url = stack.client.base_url
    connection = opened.enter_context(socket.create_connection((url.host, url.port), timeout=60))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    connection.sendall(head.encode() + b"%x\r\n%b\r\n" % (len(content), content))
    with suppress(ConnectionError):
        for _ in range(megabytes):
            connection.sendall(b"%x\r\n%b\r\n" % (MEGABYTE, bytes(MEGABYTE)))
    return connection


def answer_of(connection: socket.socket, seconds: float) -> httpx.Response | None:
    """Return the answer that has come, None where none has: the request is still waited for."""
    connection.settimeout(seconds)
    try:
        response = HTTPResponse(connection)
        response.begin()
    except TimeoutError:
        return None
    return httpx.Response(response.status, headers=response.getheaders(), content=response.read())


def test_the_header_of_a_form_does_not_lift_the_limit_of_a_json_route(
    small: Stack, opened: ExitStack
) -> None:
    before = small.process("api").memory_info().rss
    connections = [begin(small, opened, TEXT, START, 6) for _ in range(OPEN)]
    grown = small.process("api").memory_info().rss - before

    for connection in connections:
        answer = answer_of(connection, 60)
        assert answer is not None
        assert_problem(answer, 413, "request_too_large")
    assert grown < GROWTH_MEGABYTES * MEGABYTE


def test_the_bytes_of_open_uploads_are_bounded(small: Stack, opened: ExitStack) -> None:
    before = small.process("api").memory_info().rss
    connections = [begin(small, opened, VOICE, START, 6) for _ in range(20)]
    grown = small.process("api").memory_info().rss - before

    assert grown < GROWTH_MEGABYTES * MEGABYTE
    answers = [answer_of(connection, 1) for connection in connections]
    refused = [answer for answer in answers if answer is not None]
    assert MOST_MEGABYTES / 6 - 2 <= len(answers) - len(refused) <= MOST_MEGABYTES / 6
    for answer in refused:
        assert_problem(answer, 503, "uploads_busy")
        assert int(answer.headers["retry-after"]) > 0


def test_the_number_of_open_uploads_is_bounded(small: Stack, opened: ExitStack) -> None:
    connections = [begin(small, opened, VOICE, START, 0) for _ in range(OPEN)]

    answers = [answer_of(connection, 0.5) for connection in connections]
    refused = [answer for answer in answers if answer is not None]
    assert len(refused) == OPEN - MOST_HELD
    for answer in refused:
        assert_problem(answer, 503, "uploads_busy")
        assert int(answer.headers["retry-after"]) > 0


def test_who_waits_for_an_answer_holds_no_place(small: Stack) -> None:
    head = {"Prefer": "wait=20"}
    with httpx.Client(base_url=small.client.base_url, timeout=60) as client, ExitStack() as opened:
        # No worker runs: the jobs stay, and so do those who wait for them.
        body = client.build_request(
            "POST", VOICE, data={"user_id": "asha"}, files={"audio_file": ("a.wav", silence(1))}, headers=head
        )
        sent = body.read()
        lines = "".join(f"{name}: {value}\r\n" for name, value in body.headers.items())
        for _ in range(MOST_HELD):
            url = small.client.base_url
            connection = opened.enter_context(socket.create_connection((url.host, url.port), timeout=60))
            connection.sendall(f"POST {VOICE} HTTP/1.1\r\n{lines}\r\n".encode() + sent)
        eventually(lambda: len(small.sql("SELECT 1 FROM jobs")) >= MOST_HELD, what="a job for each of them")
        assert post_audio(client, silence(1)).status_code == 202
