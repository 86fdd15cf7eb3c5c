"""Clients that connect and then say nothing, say it slowly, or never listen: nobody else waits for them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse

import httpx
import psutil
import pytest

from tests.support.contract import TEXT, VOICE, assert_problem
from tests.support.stack import Stack, eventually, running_stack

MOST = 40
HEAD = b"GET /health/ready HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(scope="module")
def strict(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """An API with room for forty connections, which waits a second for a head and ten for a body."""
    extra = {
        "MAX_CONNECTIONS": str(MOST),
        "HEAD_TIMEOUT_SECONDS": "1",
        "KEEP_ALIVE_SECONDS": "1",
        "BODY_TIMEOUT_SECONDS": "10",
    }
    directory, database = tmp_path_factory.mktemp("strict"), create_migrated_database()
    with running_stack(directory, database, "api", extra=extra) as running:
        yield running


@pytest.fixture
def connect(strict: Stack) -> Iterator[Callable[[], socket.socket]]:
    """Return a function that opens a connection; all are closed after the test."""
    url = strict.client.base_url
    with ExitStack() as opened:

        def connect_once() -> socket.socket:
            return opened.enter_context(socket.create_connection((url.host, url.port), timeout=60))

        yield connect_once
    eventually(lambda: held(strict) == 0, what="every connection gone")


def held(stack: Stack) -> int:
    """Return how many clients' connections the API has open."""
    connections = stack.process("api").net_connections(kind="tcp")
    ours = [each for each in connections if each.laddr.port == stack.settings.port]
    return sum(each.status != psutil.CONN_LISTEN for each in ours)


def answer_of(connection: socket.socket) -> httpx.Response:
    """Return the next answer that comes."""
    response = HTTPResponse(connection)
    response.begin()
    return httpx.Response(response.status, headers=response.getheaders(), content=response.read())


def is_ready(stack: Stack) -> bool:
    """Ask on a connection of its own whether the API is ready."""
    return httpx.get(f"{stack.settings.local_url}/health/ready", timeout=60).status_code == 200


def trickle(connection: socket.socket) -> bytes:
    """Send a byte ten times a second until something comes back; return it, nothing where that is the end."""
    connection.settimeout(0.1)
    with suppress(ConnectionError):
        for _ in range(600):
            try:
                return connection.recv(4096)
            except TimeoutError:
                connection.sendall(b"a")
        pytest.fail("a minute of single bytes was taken")
    return b""


def test_silent_connections_shut_nobody_out_and_are_closed(
    strict: Stack, connect: Callable[[], socket.socket]
) -> None:
    silent = []
    for _ in range(3 * MOST):
        silent.append(connect())
        assert held(strict) <= MOST + 1  # one that makes room may be on its way out

    assert is_ready(strict)
    with suppress(ConnectionError):
        assert {connection.recv(1) for connection in silent} == {b""}


def test_half_sent_heads_shut_nobody_out_and_get_a_problem(
    strict: Stack, connect: Callable[[], socket.socket]
) -> None:
    half_sent = [connect() for _ in range(MOST - 1)]
    for connection in half_sent:
        connection.sendall(HEAD)
    assert is_ready(strict)

    for connection in half_sent:
        assert_problem(answer_of(connection), 408, "request_timeout")
        assert connection.recv(1) == b""


def test_a_head_that_trickles_in_is_given_up_too(connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    connection.sendall(HEAD)
    assert trickle(connection).startswith(b"HTTP/1.1 408 ")


def test_a_kept_connection_is_closed_and_what_is_half_sent_on_it_gets_a_problem(
    connect: Callable[[], socket.socket],
) -> None:
    kept, used = connect(), connect()
    for connection in (kept, used):
        connection.sendall(HEAD + b"\r\n")
        assert answer_of(connection).status_code == 200
    used.sendall(HEAD)

    assert kept.recv(1) == b""
    assert_problem(answer_of(used), 408, "request_timeout")


@pytest.mark.parametrize("path", [TEXT, "/nothing"])
def test_a_body_that_goes_on_behind_its_answer_is_not_taken_for_ever(
    path: str, connect: Callable[[], socket.socket]
) -> None:
    connection = connect()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: text/plain\r\nContent-Length: 90000000\r\n\r\n"
    )
    connection.sendall(head.encode() + b"a")
    assert answer_of(connection).status_code in {404, 413}

    assert trickle(connection) == b""


def test_an_answer_that_nobody_takes_is_given_up(strict: Stack, connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    script = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: here\r\n\r\n"
    connection.sendall(script * 20)
    eventually(lambda: held(strict) == 0, what="the connection given up")


def test_where_every_connection_is_at_work_the_next_is_told_to_come_again(
    strict: Stack, connect: Callable[[], socket.socket]
) -> None:
    body = b'{"user_id":"asha","message":"hi"}'
    head = (
        f"POST {TEXT} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nPrefer: wait=60\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for _ in range(MOST):
        connection = connect()
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")  # the application has it
        connection.sendall(body)

    refused = answer_of(connect())
    assert_problem(refused, 503, "busy")
    assert int(refused.headers["retry-after"]) > 0


def test_an_upload_may_pause_for_longer_than_a_head(connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    form = b'--x\r\nContent-Disposition: form-data; name="user_id"\r\n\r\nasha\r\n--x--\r\n'
    head = (
        f"POST {VOICE} HTTP/1.1\r\nHost: here\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(form)}\r\n\r\n"
    )
    connection.sendall(head.encode() + form[:10])
    connection.settimeout(1.3)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.sendall(form[10:])
    connection.settimeout(60)
    assert_problem(answer_of(connection), 422, "invalid_request")
