"""Bodies that arrive slowly, and more recordings than there is time for."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.contract import TEXT, VOICE, assert_problem, post_audio, send_together, silence
from tests.support.stack import Stack, eventually, running_stack

BODY_SECONDS = 2.0
STALLED_SECONDS = 30.0
JSON, FORM = "application/json", "multipart/form-data; boundary=x"
FIELD = b'--x\r\nContent-Disposition: form-data; name="user_id"\r\n\r\n'


@pytest.fixture(scope="module")
def impatient(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """An API that waits for a body for two seconds only."""
    extra = {"BODY_TIMEOUT_SECONDS": str(BODY_SECONDS)}
    directory, database = tmp_path_factory.mktemp("impatient"), create_migrated_database()
    with running_stack(directory, database, "api", extra=extra) as running:
        eventually(lambda: "startup complete" in running.logs(), what="the API at work")
        yield running


def answer_to_a_slow_body(stack: Stack, path: str, content_type: str, start: bytes, pause: float) -> bytes:
    """Announce 5,000 bytes, send the start, then a byte a `pause`; return all that comes until the end."""
    url = stack.client.base_url
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: {content_type}\r\nContent-Length: 5000\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=pause) as connection:
        connection.sendall(head.encode() + start)
        received = b""
        while True:
            try:
                came = connection.recv(4096)
            except TimeoutError:
                connection.sendall(b" ")
                continue
            if not came:
                return received
            received += came


@pytest.mark.parametrize(
    ("path", "content_type", "start"),
    [(TEXT, JSON, b"{"), (f"{TEXT}/wait", JSON, b""), (VOICE, FORM, FIELD), (f"{VOICE}/wait", FORM, FIELD)],
)
@pytest.mark.parametrize("pause", [STALLED_SECONDS, 0.2], ids=["stalled", "trickling"])
def test_a_body_that_does_not_arrive_in_time_is_given_up(
    impatient: Stack, path: str, content_type: str, start: bytes, pause: float
) -> None:
    began = time.monotonic()
    answer = answer_to_a_slow_body(impatient, path, content_type, start, pause)

    assert BODY_SECONDS <= time.monotonic() - began < STALLED_SECONDS
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 "), answer
    assert b"\r\nconnection: close" in head.lower()
    assert b"application/problem+json" in head
    assert b'"code":"request_timeout"' in body


def test_a_wait_is_not_cut_by_the_bodys_limit(impatient: Stack) -> None:
    job = impatient.text_chat("asha", "Hello")
    seconds = 2 * BODY_SECONDS
    waited = impatient.client.get(f"/jobs/{job['id']}/wait", params={"timeout": seconds})
    body = {"user_id": "asha", "message": "Hello"}
    preferred = impatient.client.post(TEXT, json=body, headers={"Prefer": f"wait={seconds:.0f}"})

    assert (waited.status_code, preferred.status_code) == (200, 202)
    assert min(waited.elapsed, preferred.elapsed).total_seconds() >= seconds


def test_more_recordings_than_there_is_room_for_are_to_be_sent_again(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    request = {"url": VOICE, "data": {"user_id": "asha"}, "files": {"audio_file": silence(60)}}
    extra = {"MAX_UPLOADS_IN_FLIGHT": "1"}
    with running_stack(tmp_path, create_migrated_database(), "api", extra=extra) as narrow:
        responses = send_together(narrow.client, [request] * 20)

        refused = [response for response in responses if response.status_code != 202]
        assert 0 < len(refused) < 20
        for response in refused:
            assert_problem(response, 503, "uploads_busy")
            assert int(response.headers["retry-after"]) > 0
        assert post_audio(narrow.client, silence(1)).status_code == 202
