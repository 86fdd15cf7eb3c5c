"""Audio is opened by its own signed, unexpired link, and by nothing else."""

from datetime import timedelta

import httpx
import pytest

from api.audio.links import AudioLinks
from shared.audio_stores import AudioStores
from shared.storage import LocalAudioStore
from tests.support.contract import assert_problem, post_audio, silence, succeeded
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def links(stack: Stack) -> tuple[httpx.URL, httpx.URL]:
    """Two signed links to different objects."""
    job = stack.text_chat("asha", "I am go to market", speak=["reply", "explanation"])
    result = succeeded(stack, job["id"])["result"]
    return httpx.URL(result["audio_url"]), httpx.URL(result["explanation_audio_url"])


@pytest.fixture
def link(links: tuple[httpx.URL, httpx.URL]) -> httpx.URL:
    return links[0]


def made_links(stack: Stack, lifetime: timedelta) -> AudioLinks:
    key = (stack.directory / "data" / "audio_signing_key").read_bytes()
    stores = AudioStores(LocalAudioStore(stack.directory / "data" / "audio"), "here")
    base_url = str(stack.client.base_url).rstrip("/")
    return AudioLinks(key, stores, base_url=base_url, base_path="", lifetime=lifetime)


def test_a_link_serves_the_whole_recording(stack: Stack, link: httpx.URL) -> None:
    response = stack.client.get(link)

    assert (response.status_code, response.headers["content-type"]) == (200, "audio/mpeg")
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert len(response.content) == int(response.headers["content-length"]) > 1_000


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=5-5", slice(5, 6)),
        ("bytes=9-99999999", slice(9, None)),
    ],
)
def test_a_range_serves_that_part(stack: Stack, link: httpx.URL, wanted: str, part: slice) -> None:
    whole = stack.client.get(link).content
    first, end, _ = part.indices(len(whole))

    response = stack.client.get(link, headers={"Range": wanted})

    assert (response.status_code, response.content) == (206, whole[part])
    assert response.headers["content-range"] == f"bytes {first}-{end - 1}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=abc", "bytes=", "lines=1-2", "9", "bytes=9-2", "bytes=-"])
def test_a_range_that_cannot_be_read_is_ignored(stack: Stack, link: httpx.URL, wanted: str) -> None:
    response = stack.client.get(link, headers={"Range": wanted})
    assert (response.status_code, response.content) == (200, stack.client.get(link).content)


def test_a_range_past_the_end_cannot_be_satisfied(stack: Stack, link: httpx.URL) -> None:
    size = len(stack.client.get(link).content)
    response = stack.client.get(link, headers={"Range": f"bytes={size}-"})
    assert_problem(response, 416, "range_not_satisfiable")
    assert response.headers["content-range"] == f"bytes */{size}"


def test_head_tells_the_size_and_sends_nothing(stack: Stack, link: httpx.URL) -> None:
    response = stack.client.head(link)
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) == len(stack.client.get(link).content)
    assert stack.client.head(link, headers={"Range": "bytes=0-9"}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é" * 64},
        {"signature": "a" * 5_000},
        {"expires": "99999999999"},
        {"expires": "0"},
        {"expires": "9" * 400},
    ],
    ids=lambda change: str(change)[:32],
)
def test_a_link_that_was_tampered_with_is_refused(
    stack: Stack, link: httpx.URL, change: dict[str, str]
) -> None:
    response = stack.client.get(link.copy_merge_params(change))
    assert_problem(response, 403, "invalid_signature")


def test_an_upper_case_signature_is_another_signature(stack: Stack, link: httpx.URL) -> None:
    shouted = link.copy_merge_params({"signature": link.params["signature"].upper()})
    assert_problem(stack.client.get(shouted), 403, "invalid_signature")


@pytest.mark.parametrize("missing", ["expires", "signature"])
def test_a_link_without_its_parameters_is_refused(stack: Stack, link: httpx.URL, missing: str) -> None:
    response = stack.client.get(link.copy_remove_param(missing))
    assert_problem(response, 403, "invalid_signature")


def test_an_expired_link_is_refused(stack: Stack, link: httpx.URL) -> None:
    name = link.path.removeprefix("/audio/")
    fresh, old = (made_links(stack, timedelta(seconds=seconds)) for seconds in (60, -1))

    assert stack.client.get(fresh.local_link(name, fresh.expiry())).status_code == 200
    assert_problem(stack.client.get(old.local_link(name, old.expiry())), 403, "invalid_signature")


def test_one_objects_signature_opens_no_other(stack: Stack, links: tuple[httpx.URL, httpx.URL]) -> None:
    one, other = links
    response = stack.client.get(one.copy_with(path=other.path))
    assert_problem(response, 403, "invalid_signature")


def test_an_uploaded_recording_is_not_served_by_another_links_signature(
    stack: Stack, link: httpx.URL
) -> None:
    job_id = post_audio(stack.client, silence(0.5)).json()["id"]
    query = "SELECT name FROM audio_objects JOIN jobs ON upload_id = audio_objects.id WHERE jobs.id = :id"
    upload = stack.sql(query, id=job_id)[0].name

    assert_problem(stack.client.get(link.copy_with(path=f"/audio/{upload}")), 403, "invalid_signature")


def test_a_signed_object_that_is_gone_is_not_found(stack: Stack) -> None:
    signer = made_links(stack, timedelta(seconds=60))
    response = stack.client.get(signer.local_link(f"{'0' * 32}.mp3", signer.expiry()))
    assert_problem(response, 404, "not_found")


@pytest.mark.parametrize(
    "name", ["..", "../audio_signing_key", "%2e%2e%2faudio_signing_key", "x.mp3", "%00", "audio_signing_key"]
)
def test_a_path_opens_no_file_even_when_it_is_signed(stack: Stack, name: str) -> None:
    signer = made_links(stack, timedelta(seconds=60))
    address = f"/audio/{name}?" + signer.local_link(name, signer.expiry()).partition("?")[2]
    raw = httpx.Request("GET", str(stack.client.base_url))
    raw.url = raw.url.copy_with(raw_path=address.encode())

    response = stack.client.send(raw)

    assert response.status_code in {403, 404}
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/audio", "/audio/"])
def test_nothing_is_listed(stack: Stack, path: str) -> None:
    assert_problem(stack.client.get(path), 404, "not_found")
