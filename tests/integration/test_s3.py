"""The S3 store against a real server, and against one in every kind of trouble: never past its time."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from local.ports import free_port
from shared.s3 import CALL_SECONDS, S3AudioStore
from shared.storage import FLAC, MP3, StorageError, new_object_name
from tests.support.s3_servers import KEY_ID, S3Server, Trouble, TroubledS3, refusal, s3_settings, s3_store
from tests.support.stack import eventually

# A busy machine's own share of a call that ends at its limit; what hangs here hangs for far longer.
SLACK_SECONDS = 15.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def store(server: S3Server) -> Iterator[S3AudioStore]:
    with s3_store(server.settings) as store:
        yield store


@pytest.fixture
def name(store: S3AudioStore) -> str:
    name = new_object_name(MP3)
    store.write(name, b"sound" * 1000)
    return name


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def test_what_was_written_can_be_read(server: S3Server, store: S3AudioStore, name: str) -> None:
    assert store.read(name) == b"sound" * 1000
    assert name in server.objects()


@pytest.mark.parametrize("content_type", [MP3, FLAC])
def test_a_presigned_url_plays(store: S3AudioStore, content_type: str) -> None:
    name = new_object_name(content_type)
    store.write(name, b"played")

    response = httpx.get(store.url(name, in_an_hour()))

    assert (response.status_code, response.content) == (200, b"played")
    assert response.headers["content-type"] == content_type


def test_a_url_that_was_tampered_with_is_refused(store: S3AudioStore, name: str) -> None:
    url = httpx.URL(store.url(name, in_an_hour()))
    another = new_object_name(MP3)
    store.write(another, b"another's")

    for changed in (
        url.copy_merge_params({"X-Amz-Signature": "0" * 64}),
        url.copy_merge_params({"X-Amz-Expires": "604800"}),
        url.copy_with(raw_path=url.raw_path.replace(name.encode(), another.encode())),
    ):
        assert httpx.get(changed).status_code == 403
    assert httpx.get(url.copy_with(query=None)).status_code >= 400


def test_a_url_ends_when_it_says(store: S3AudioStore, name: str) -> None:
    url = store.url(name, datetime.now(UTC) + timedelta(seconds=1))
    eventually(lambda: httpx.get(url).status_code == 400, what="the URL's end")
    assert httpx.get(store.url(name, in_an_hour())).status_code == 200


def test_a_bucket_is_private(server: S3Server, name: str) -> None:
    assert httpx.get(f"{server.url}/{server.bucket.name}/{name}").status_code >= 400
    assert httpx.get(f"{server.url}/{server.bucket.name}").status_code >= 400


def test_amazons_own_urls_name_the_region() -> None:
    with s3_store(s3_settings(""), endpoint_url=None) as store:
        url = httpx.URL(store.url("a.mp3", in_an_hour()))
    assert (url.scheme, url.host, url.path) == (
        "https",
        "recordings.s3.ap-south-1.amazonaws.com",
        "/a.mp3",
    )


def test_what_is_there_is_removed_and_what_is_not_is_no_error(
    server: S3Server, store: S3AudioStore, name: str
) -> None:
    store.remove([name, new_object_name(MP3)])
    assert name not in server.objects()
    store.remove([])


def test_a_missing_object_or_bucket_and_a_wrong_key_are_storage_errors(
    server: S3Server, store: S3AudioStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.check()
    with pytest.raises(StorageError):
        store.read(new_object_name(MP3))
    with s3_store(server.settings, bucket="another") as elsewhere, pytest.raises(StorageError):
        elsewhere.check()
    with s3_store(server.settings, secret_access_key=SecretStr("guessed")) as stranger:
        for ask in (stranger.check, lambda: stranger.read(name), lambda: stranger.write(name, b"")):
            with pytest.raises(StorageError):
                ask()
    assert "SignatureDoesNotMatch" in caplog.text
    assert not any(secret in caplog.text for secret in (KEY_ID, server.secret, "guessed", name))


OPERATIONS: dict[str, Callable[[S3AudioStore], object]] = {
    "write": lambda store: store.write(new_object_name(MP3), b"sound"),
    "read": lambda store: store.read(new_object_name(MP3)),
    "remove": lambda store: store.remove([new_object_name(MP3)]),
    "check": lambda store: store.check(),
}
TROUBLES = {
    "internal error": refusal(500, "InternalError"),
    "slow down": refusal(503, "SlowDown"),
    "forbidden": refusal(403, "AccessDenied"),
    "not xml": Trouble(502, b"<html>Bad Gateway"),
    "hangs": Trouble(wait=60),
    "drips": Trouble(200, b"x" * 1000, drip=0.5),
}


# What drips is a body, and the answers to a write and a check have none.
BOTH = [
    (trouble, operation)
    for trouble in TROUBLES
    for operation in OPERATIONS
    if trouble != "drips" or operation in {"read", "remove"}
]


@pytest.mark.parametrize(("trouble", "operation"), BOTH)
def test_trouble_ends_in_time_as_a_storage_error(trouble: str, operation: str) -> None:
    with TroubledS3(TROUBLES[trouble]).running() as server, s3_store(s3_settings(server.url)) as store:
        store.url(new_object_name(MP3), in_an_hour())  # the client is made by now
        began = time.monotonic()
        with pytest.raises(StorageError):
            OPERATIONS[operation](store)
        assert time.monotonic() - began < CALL_SECONDS + SLACK_SECONDS
        assert 1 <= server.asked <= 2


def test_nobody_listening_is_a_storage_error_at_once() -> None:
    with s3_store(s3_settings(f"http://127.0.0.1:{free_port()}")) as store:
        for ask in OPERATIONS.values():
            began = time.monotonic()
            with pytest.raises(StorageError):
                ask(store)
            assert time.monotonic() - began < CALL_SECONDS


def test_objects_that_s3_keeps_are_not_taken_for_removed() -> None:
    kept = (
        b"<DeleteResult><Error><Key>k</Key><Code>InternalError</Code><Message>m</Message></Error>"
        b"</DeleteResult>"
    )
    with (
        TroubledS3(Trouble(200, kept)).running() as server,
        s3_store(s3_settings(server.url)) as store,
        pytest.raises(StorageError),
    ):
        store.remove([new_object_name(MP3)])


@pytest.mark.parametrize(("break_seconds", "asked"), [(3600, 1), (0, 3)])
def test_after_a_failed_write_s3_is_left_alone_for_a_while(break_seconds: float, asked: int) -> None:
    with (
        TroubledS3(refusal(403, "AccessDenied")).running() as refusing,
        closing(S3AudioStore(s3_settings(refusing.url), break_seconds=break_seconds)) as store,
    ):
        for _ in range(3):
            with pytest.raises(StorageError):
                store.write(new_object_name(MP3), b"sound")
        assert refusing.asked == asked


def test_a_key_or_a_signed_url_is_in_no_log(server: S3Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with s3_store(server.settings, endpoint_url=f"http://127.0.0.1:{free_port()}") as store:
        store.url(new_object_name(MP3), in_an_hour())
        for ask in OPERATIONS.values():
            with pytest.raises(StorageError):
                ask(store)
    assert "EndpointConnectionError" in caplog.text
    assert not any(secret in caplog.text for secret in (KEY_ID, server.secret, "Signature"))
    assert server.secret not in repr(server.settings)
