"""Requests made to break a server: refused or served, never an error of ours, and the API lives on."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse

import httpx
import pytest

from tests.support.contract import TEXT, VOICE, assert_problem, post_audio, silence
from tests.support.stack import Stack, eventually

BODY = b'{"user_id":"asha","message":"hi"}'
JSON = b"Host: here\r\nContent-Type: application/json\r\n"
POST = b"POST " + TEXT.encode() + b" HTTP/1.1\r\n" + JSON
GET = b"GET /health/ready HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(autouse=True)
def no_unexpected_error(stack: Stack) -> Iterator[None]:
    """Nothing may have come as a surprise, in this test or before it."""
    yield
    assert "unexpected error" not in stack.logs()
    assert "Exception in ASGI" not in stack.logs()


def answer(stack: Stack, data: bytes) -> httpx.Response:
    """Send the bytes; return what comes back."""
    url = stack.client.base_url
    with socket.create_connection((url.host, url.port), timeout=20) as connection:
        connection.sendall(data)
        response = HTTPResponse(connection)
        response.begin()
        return httpx.Response(response.status, headers=response.getheaders(), content=response.read())


def first_line(stack: Stack, data: bytes) -> str:
    """Send the bytes; return the first line that comes back."""
    url = stack.client.base_url
    with socket.create_connection((url.host, url.port), timeout=20) as connection:
        connection.sendall(data)
        return connection.recv(4096).split(b"\r\n")[0].decode()


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 33\r\nContent-Length: 34\r\n\r\n" + BODY,
        POST + b"Content-Length: -1\r\n\r\n" + BODY,
        POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + BODY,
        POST + b"Content-Length: \xb2\r\n\r\n" + BODY,
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY,
        POST + b"Content-Length: 33\r\nTransfer-Encoding: chunked\r\n\r\n21\r\n" + BODY + b"\r\n0\r\n\r\n",
        POST + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"use\r\nzz\r\n',
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: here\r\n\r\n",
        GET + b"A: " + b"b" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=lambda data: repr(data[-40:]),
)
def test_what_is_no_http_is_a_bad_request(stack: Stack, data: bytes) -> None:
    response = answer(stack, data)

    assert_problem(response, 400, "malformed_request")
    assert response.headers["connection"] == "close"
    eventually(
        lambda: f"request {response.headers['x-request-id']}" in stack.log("api"), what="the refusal logged"
    )


def test_what_breaks_behind_an_answer_ends_the_connection_only(stack: Stack) -> None:
    with socket.create_connection((stack.client.base_url.host, stack.client.base_url.port), 20) as connection:
        connection.sendall(GET + b"\r\n" + b"no HTTP at all\r\n\r\n")
        received = b""
        while came := connection.recv(4096):
            received += came
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 400 ") == 1


@pytest.mark.parametrize(
    "target", [b"http://[::1/health", b"*", b"health", b"?a", b"/%zz%f", b"//", b"/health%00"]
)
def test_a_strange_target_is_not_found(stack: Stack, target: bytes) -> None:
    line = first_line(stack, b"OPTIONS " + target + b" HTTP/1.1\r\nHost: [::1\r\n\r\n")
    assert line == "HTTP/1.1 404 Not Found"


@pytest.mark.parametrize(
    "headers",
    [
        (
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\n"
        ),
        b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
        b"Forwarded: for=\xff\r\n",
        b"Cookie: \xff=;;;=\r\n",
        b"Origin: \xff\r\n",
        b"Range: bytes=\xff\r\n",
        b"A: b\r\n" * 1000,
    ],
    ids=lambda headers: repr(headers[:30]),
)
def test_headers_that_mean_nothing_here_change_nothing(stack: Stack, headers: bytes) -> None:
    assert first_line(stack, GET + headers + b"\r\n") == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "prefer",
    [
        b"wait",
        b"wait=",
        b"wait=-1",
        b"wait=1e9",
        b"wait=" + b"9" * 30,
        b"\xff\xfe",
        b"," * 5000,
        b"wait=0",
    ],
    ids=lambda prefer: repr(prefer[:12]),
)
def test_a_preference_that_cannot_be_read_is_ignored(stack: Stack, prefer: bytes) -> None:
    headers = {b"Content-Type": b"application/json", b"Prefer": prefer}
    response = stack.client.post(TEXT, content=BODY, headers=headers)
    assert (response.status_code, "preference-applied" in response.headers) == (202, False)


@pytest.mark.parametrize("key", [b"a" * 300, b"\x01\x02", b"\x7f", b"\xff", b"\xc2\xa0"], ids=repr)
def test_an_idempotency_key_of_bytes_that_no_key_has_is_refused(stack: Stack, key: bytes) -> None:
    head = POST + b"Idempotency-Key: " + key + b"\r\nContent-Length: 33\r\n\r\n" + BODY
    # What no header may carry is refused before it is looked into.
    assert first_line(stack, head).split()[1] in {"422", "400"}


@pytest.mark.parametrize(
    "character_set", ["utf-16", "idna", "unicode_escape", "raw_unicode_escape", "hex", '"\\0"']
)
def test_a_form_in_a_strange_character_set_is_read_or_refused(stack: Stack, character_set: str) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="user_id"\r\n\r\n\\ud800\xff.\r\n--x--\r\n'
    content_type = f"multipart/form-data; boundary=x; charset={character_set}"
    response = stack.client.post(VOICE, content=form, headers={"Content-Type": content_type})
    assert response.status_code == 422


@pytest.mark.parametrize(
    "form",
    [
        b"--x\r\nA: " + b"b" * 500_000 + b"\r\n\r\nx\r\n--x--\r\n",
        b"--x\r\n" + b"A: b\r\n" * 100_000 + b"\r\nx\r\n--x--\r\n",
        b"--x\r\n\r\n\r\n" * 50_000 + b"--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="user_id"\r\n\r\nasha',
    ],
    ids=["a long header", "many headers", "many parts", "cut off"],
)
def test_a_form_made_to_cost_much_is_refused(stack: Stack, form: bytes) -> None:
    content_type = {"Content-Type": "multipart/form-data; boundary=x"}
    assert stack.client.post(VOICE, content=form, headers=content_type).status_code == 422


def test_two_hundred_requests_at_once_are_answered_or_to_be_sent_again(stack: Stack) -> None:
    job_id = stack.text_chat("asha", "Hello", speak=[])["id"]

    def send(number: int) -> httpx.Response:
        key = {"Idempotency-Key": f"crowd-{number % 5}"}
        body = {"user_id": "crowd", "message": "hi", "speak": [], "conversation_id": "one"}
        with httpx.Client(base_url=stack.client.base_url, timeout=90) as client:
            match number % 4:
                case 0:
                    return client.post(TEXT, json=body)
                case 1:
                    return client.post(TEXT, json=body, headers=key)
                case 2:
                    return post_audio(client, silence(0.5), user_id="crowd")
                case _:
                    return client.post(f"/jobs/{job_id}/cancel")

    with ThreadPoolExecutor(200) as threads:
        responses = list(threads.map(send, range(200)))

    assert {response.status_code for response in responses} <= {200, 202, 429, 503}
    assert all(
        "retry-after" in response.headers for response in responses if response.status_code in {429, 503}
    )
    replays = {response.json()["id"] for response in responses[1::4] if response.status_code == 202}
    assert len(replays) <= 5
