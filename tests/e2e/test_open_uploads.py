"""Forty requests that are sent and never ended: what they hold is bounded, whatever their headers say."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse

import httpx
import pytest

from tests.support.contract import TEXT, VOICE, assert_problem, post_audio, silence
from tests.support.stack import Stack, eventually, running_stack

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


def begin(stack: Stack, opened: ExitStack, path: str, megabytes: int, client: str) -> socket.socket:
    """Send so much of a form that never ends, or as much as is taken, as the client at this address."""
    url = stack.client.base_url
    connection = opened.enter_context(socket.create_connection((url.host, url.port), timeout=60))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"X-Forwarded-For: {client}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    connection.sendall(head.encode() + b"%x\r\n%b\r\n" % (len(START), START))
    with suppress(ConnectionError):
        for _ in range(megabytes):
            connection.sendall(b"%x\r\n%b\r\n" % (MEGABYTE, bytes(MEGABYTE)))
    return connection


def address(number: int) -> str:
    """Return the address of one client of many."""
    return f"10.0.0.{number}"


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
    connections = [begin(small, opened, TEXT, 6, address(number)) for number in range(OPEN)]
    grown = small.process("api").memory_info().rss - before

    for connection in connections:
        answer = answer_of(connection, 60)
        assert answer is not None
        assert_problem(answer, 413, "request_too_large")
    assert grown < GROWTH_MEGABYTES * MEGABYTE


def test_the_bytes_of_open_uploads_are_bounded(small: Stack, opened: ExitStack) -> None:
    before = small.process("api").memory_info().rss
    connections = [begin(small, opened, VOICE, 6, address(number)) for number in range(20)]
    grown = small.process("api").memory_info().rss - before

    assert grown < GROWTH_MEGABYTES * MEGABYTE
    answers = [answer_of(connection, 1) for connection in connections]
    refused = [answer for answer in answers if answer is not None]
    assert MOST_MEGABYTES / 6 - 2 <= len(answers) - len(refused) <= MOST_MEGABYTES / 6
    for answer in refused:
        assert_problem(answer, 503, "uploads_busy")
        assert int(answer.headers["retry-after"]) > 0


def test_the_number_of_open_uploads_is_bounded(small: Stack, opened: ExitStack) -> None:
    connections = [begin(small, opened, VOICE, 0, address(number)) for number in range(OPEN)]

    answers = [answer_of(connection, 0.5) for connection in connections]
    refused = [answer for answer in answers if answer is not None]
    assert len(refused) == OPEN - MOST_HELD
    for answer in refused:
        assert_problem(answer, 503, "uploads_busy")
        assert int(answer.headers["retry-after"]) > 0


def test_one_client_leaves_half_of_the_places_to_others(small: Stack, opened: ExitStack) -> None:
    connections = [begin(small, opened, VOICE, 0, address(1)) for _ in range(OPEN)]

    answers = [answer_of(connection, 0.5) for connection in connections]
    refused = [answer for answer in answers if answer is not None]
    assert len(refused) == OPEN - MOST_HELD // 2
    for answer in refused:
        assert_problem(answer, 429, "too_many_uploads")
        assert int(answer.headers["retry-after"]) > 0
    assert post_audio(small.client, silence(1), X_Forwarded_For=address(2)).status_code == 202


def test_who_waits_for_an_answer_holds_no_place(small: Stack) -> None:
    # No worker runs: the jobs stay, and so do those who wait for them.
    waits = {"Prefer": "wait=20"}
    files = {"audio_file": ("a.wav", silence(1))}
    with ExitStack() as opened:
        for number in range(MOST_HELD):
            request = small.client.build_request(
                "POST",
                VOICE,
                data={"user_id": "waits"},
                files=files,
                headers=waits | {"X-Forwarded-For": address(number)},
            )
            head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
            url = small.client.base_url
            connection = opened.enter_context(socket.create_connection((url.host, url.port), timeout=60))
            connection.sendall(f"POST {VOICE} HTTP/1.1\r\n{head}\r\n".encode() + request.read())
        jobs = "SELECT 1 FROM jobs JOIN learners l ON l.id = learner_id WHERE user_id = 'waits'"
        eventually(lambda: len(small.sql(jobs)) == MOST_HELD, what="a job for each of them")
        assert post_audio(small.client, silence(1)).status_code == 202
