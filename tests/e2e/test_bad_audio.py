"""What is no usable recording is refused quickly and kindly; whatever is accepted comes to an end."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.contract import VOICE, assert_problem, post_audio, silence
from tests.support.stack import Stack

ANSWER_SECONDS = 30  # half of what may be spent on decoding
MOST_BYTES = 10 * 1024 * 1024
REFUSALS = {"unsupported_audio": 415, "invalid_audio": 422, "audio_too_long": 422}
FORM = "multipart/form-data; boundary=x"


def part(header: bytes, content: bytes) -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + header + b"\r\n\r\n" + content + b"\r\n"


USER = part(b'name="user_id"', b"asha")
AUDIO_HEADER = b'name="audio_file"; filename="a.wav"'
AUDIO = part(AUDIO_HEADER, silence(0.5))
END = b"--x--\r\n"


def post_form(stack: Stack, content: bytes | Iterator[bytes], content_type: str = FORM) -> httpx.Response:
    return stack.client.post(VOICE, content=content, headers={"Content-Type": content_type})


def recordings(data: Path, kind: str, *, longest: float) -> list[Path]:
    """Return the recordings of a kind that are at most `longest` seconds long, as far as is known."""
    listed = json.loads((data / "audio" / "manifest.json").read_text())
    return [
        data / entry["file"]
        for entry in listed
        if entry["kind"] == kind and (entry.get("duration_s") or 0) <= longest
    ]


@pytest.mark.parametrize(("kind", "longest"), [("bad", 1e9), ("odd", 3)])
def test_every_damaged_or_unusual_recording_is_answered_in_time_and_ends(
    stack: Stack, data: Path, kind: str, longest: float
) -> None:
    accepted: dict[str, str] = {}
    files = recordings(data, kind, longest=longest)
    assert len(files) > 20
    for recording in files:
        began = time.monotonic()
        response = stack.voice_chat("asha", recording)
        assert time.monotonic() - began < ANSWER_SECONDS, recording.name
        if response.status_code == 202:
            accepted[recording.name] = response.json()["id"]
        else:
            code = response.json()["code"]
            assert_problem(response, REFUSALS[code], code)

    for name, job_id in accepted.items():
        job = stack.finished(job_id)
        assert job["status"] == "succeeded" or job["error"]["code"] == "no_speech", (name, job)


def test_most_of_what_is_damaged_is_refused(stack: Stack, data: Path) -> None:
    names = ["tinytag_empty_file.mp3", "d_jfk_header_only_44_bytes.wav", "d_jfk_rate_1hz_days_long.wav"]
    names += ["ps_null.wav", "mm_corrupt.mkv", "ft_fixture-dash.mp4", "claxon_large_vendor_string.flac"]
    for name in names:
        response = stack.voice_chat("asha", data / "audio" / "bad" / name)
        assert_problem(response, 422, "invalid_audio")


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nhttp://127.0.0.1/a.ts\n",
        b"[playlist]\nFile1=/etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<!doctype html><html><body>hello</body></html>",
        b"<?xml version='1.0'?><MPD/>",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"PK\x03\x04" + bytes(64),
        bytes(range(1, 256)) * 40,
        bytes(4096),
        b"RIFF",
        b"R",
        b"RIFF\x24\x00\x00\x00AVI LIST",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_audio_container_is_unsupported(stack: Stack, content: bytes) -> None:
    assert_problem(post_audio(stack.client, content), 415, "unsupported_audio")


@pytest.mark.parametrize(
    "content",
    [b"", silence(0), silence(0.05), silence(1)[:44], b"fLaC", b"OggS" + bytes(99), b"ID3\x03" + bytes(200)],
    ids=lambda content: f"{content[:4]!r}-{len(content)}",
)
def test_a_container_without_sound_is_invalid(stack: Stack, content: bytes) -> None:
    assert_problem(post_audio(stack.client, content), 422, "invalid_audio")


def test_a_minute_is_accepted_and_a_second_more_is_too_long(stack: Stack) -> None:
    assert post_audio(stack.client, silence(60)).status_code == 202
    assert_problem(post_audio(stack.client, silence(61)), 422, "audio_too_long")


def test_a_header_that_lies_about_the_length_is_not_believed(stack: Stack) -> None:
    honest = silence(61)
    short = honest[:40] + (16_000).to_bytes(4, "little") + honest[44:]
    long = silence(1)[:40] + (2**31).to_bytes(4, "little") + silence(1)[44:]

    assert post_audio(stack.client, short).status_code == 202
    assert post_audio(stack.client, long).status_code == 202


def test_ten_megabytes_are_looked_at_and_a_byte_more_is_too_large(stack: Stack) -> None:
    assert_problem(post_audio(stack.client, bytes(MOST_BYTES)), 415, "unsupported_audio")
    assert_problem(post_audio(stack.client, bytes(MOST_BYTES + 1)), 413, "audio_too_large")


def test_a_large_upload_without_a_length_is_refused(stack: Stack) -> None:
    def stream() -> Iterator[bytes]:
        yield USER + part(AUDIO_HEADER, silence(0.5))[:-2]
        for _ in range(12):
            yield bytes(1024 * 1024)

    assert_problem(post_form(stack, stream()), 413, "audio_too_large")


@pytest.mark.parametrize("declared", [True, False])
def test_a_large_upload_is_refused_while_it_still_arrives(stack: Stack, declared: bool) -> None:
    address = (stack.client.base_url.host, stack.client.base_url.port)
    length = "Content-Length: 99999999" if declared else "Transfer-Encoding: chunked"
    head = f"POST {VOICE} HTTP/1.1\r\nHost: a\r\nContent-Type: {FORM}\r\n{length}\r\n\r\n".encode()
    megabyte = bytes(1024 * 1024)
    with socket.create_connection(address, timeout=ANSWER_SECONDS) as connection:
        connection.sendall(head)
        for number in range(0 if declared else 12):
            content = USER + part(AUDIO_HEADER, b"")[:-2] if number == 0 else megabyte
            connection.sendall(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413 "), answer


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (USER + END, "audio_file"),
        (USER + part(b'name="audio"; filename="a.wav"', silence(0.5)) + END, "audio"),
        (AUDIO + END, "user_id"),
        (USER + USER + AUDIO + END, "user_id"),
        (part(b'name="user_id"; filename="u"', b"asha") + END, "user_id"),
        (part(b'name="user_id"', b"asha\0") + AUDIO + END, "user_id"),
        (part(b'name="user_id"', b"asha\n") + AUDIO + END, "user_id"),
        (USER + part(b'name="conversation_id"', b"a b") + AUDIO + END, "conversation_id"),
        (USER + part(b'name="speak"', b"[" * 4000) + AUDIO + END, "speak.0"),
        (USER + part(b'name="speak"', b'{"reply":1}') + AUDIO + END, "speak.0"),
        (USER + part(b'name="message"', b"hello") + AUDIO + END, "message"),
        (USER + part(b'name="words of mine"', b"hello") + AUDIO + END, "body"),
        (USER + part(b'name="\xff\xfe"', b"hello") + AUDIO + END, "body"),
        (USER + AUDIO + AUDIO + END, "audio_file"),
        (USER + part(b'name="user_id"', b"a" * 5000) + AUDIO + END, "body"),
        (USER + b"".join(part(b'name="f%d"' % n, b"") for n in range(20)) + AUDIO + END, "body"),
        (USER + part(b"no-name", b"a") + AUDIO + END, "body"),
        (USER + AUDIO[: len(AUDIO) // 2], "audio_file"),
        (b"", "audio_file"),
        (b"no form at all", "body"),
    ],
)
def test_a_bad_form_is_refused_naming_the_field(stack: Stack, content: bytes, field: str) -> None:
    detail = assert_problem(post_form(stack, content), 422, "invalid_request")
    assert detail.startswith(f"{field}: ")
    assert "words of mine" not in detail


@pytest.mark.parametrize(
    "header",
    [
        b'name="audio_file"',
        b"name=audio_file",
        b'name="audio_file"; filename=""',
        b"name=\"audio_file\"; filename*=UTF-8''meri%20aawaz.wav",
        b'name="audio_file"; filename="\xe0\xa4\x85"',
        b'name="audio_file"\r\nContent-Type: text/plain',
    ],
)
def test_a_recording_is_taken_whatever_its_file_is_called(stack: Stack, header: bytes) -> None:
    response = post_form(stack, USER + part(header, silence(0.5)) + END)
    assert response.status_code == 202, response.text


def test_words_in_place_of_the_recording_are_unsupported(stack: Stack) -> None:
    content = USER + part(b'name="audio_file"', b"hello") + END
    detail = assert_problem(post_form(stack, content), 415, "unsupported_audio")
    for kind in (
        "WAV",
        "MP3",
        "M4A",
        "MP4",
        "3GP",
        "AAC",
        "OGG",
        "Opus",
        "WebM",
        "MKV",
        "FLAC",
        "AIFF",
        "AMR",
    ):
        assert kind in detail


@pytest.mark.parametrize(
    "content_type",
    [
        "audio/wav",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=x; charset=undefined",
        "multipart/form-data; boundary=x; charset=punycode",
    ],
)
def test_what_is_no_readable_form_is_refused(stack: Stack, content_type: str) -> None:
    content = part(b'name="\\ud800"', b"-") + USER + AUDIO + END
    assert_problem(post_form(stack, content, content_type), 422, "invalid_request")


def test_a_client_that_leaves_in_the_middle_is_no_error(stack: Stack) -> None:
    address = (stack.client.base_url.host, stack.client.base_url.port)
    head = f"POST {VOICE} HTTP/1.1\r\nHost: a\r\nContent-Type: {FORM}\r\nContent-Length: 5000\r\n\r\n"
    with socket.create_connection(address) as connection:
        connection.sendall(head.encode() + USER)

    assert post_form(stack, USER + AUDIO + END).status_code == 202
    assert "unexpected error" not in stack.logs()
