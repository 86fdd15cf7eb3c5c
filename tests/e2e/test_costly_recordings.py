"""Recordings made to cost a decoder as much as they can: they take it from nobody else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.support.contract import VOICE, assert_problem, post_audio, send_together, silence
from tests.support.costly_recordings import amr_without_data, matroska_of_tiny_blocks, repeated_chunks
from tests.support.stack import Stack, eventually, running_stack

ATTACK = Path(__file__).resolve().parents[3] / "shared" / "data" / "attack" / "repeated_chunks.mp4"
SHARE, IN_FLIGHT = 2, 3
AT_ONCE = 6


@pytest.fixture(scope="module")
def start_api(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Callable[..., Iterator[Stack]]:
    def start(**extra: str) -> Iterator[Stack]:
        limits = {
            "MAX_UPLOADS_IN_FLIGHT": str(IN_FLIGHT),
            "MAX_UPLOADS_IN_FLIGHT_PER_CLIENT": str(SHARE),
        }
        directory = tmp_path_factory.mktemp("costly")
        with running_stack(directory, create_migrated_database(), "api", extra=limits | extra) as running:
            eventually(lambda: "startup complete" in running.logs(), what="the API at work")
            yield running

    return start


@pytest.fixture(scope="module")
def behind_a_proxy(start_api: Callable[..., Iterator[Stack]]) -> Iterator[Stack]:
    """An API that believes what this machine says of its clients' addresses."""
    yield from start_api(FORWARDED_ALLOW_IPS="127.0.0.1")


@pytest.fixture(scope="module")
def without_a_proxy(start_api: Callable[..., Iterator[Stack]]) -> Iterator[Stack]:
    """An API that believes another machine only."""
    yield from start_api(FORWARDED_ALLOW_IPS="192.0.2.99")


def post_from(stack: Stack, address: str, content: bytes, user_id: str) -> httpx.Response:
    return post_audio(stack.client, content, user_id=user_id, X_Forwarded_For=address)


@pytest.mark.parametrize(
    "content",
    [
        repeated_chunks(offsets=500, samples=4_000),
        repeated_chunks(offsets=5_000, samples=4_000),
        amr_without_data(),
        matroska_of_tiny_blocks(),
        pytest.param(
            ATTACK.read_bytes() if ATTACK.is_file() else b"",
            marks=pytest.mark.skipif(not ATTACK.is_file(), reason=f"no test material at {ATTACK}"),
        ),
    ],
    ids=["chunks", "more chunks", "amr", "matroska", "a real one"],
)
def test_six_costly_files_at_a_time_take_no_place_of_anybody_else(
    behind_a_proxy: Stack, content: bytes
) -> None:
    done = Event()

    def attack(_: int) -> list[httpx.Response]:
        answers = []
        while not done.is_set():
            answers.append(post_from(behind_a_proxy, "192.0.2.1", content, "mallory"))
        return answers

    with ThreadPoolExecutor(AT_ONCE) as threads:
        attacks = [threads.submit(attack, number) for number in range(AT_ONCE)]
        try:
            recordings = [post_from(behind_a_proxy, "192.0.2.2", silence(2), "asha") for _ in range(10)]
        finally:
            done.set()
        refused = [answer for attack in attacks for answer in attack.result()]

    assert {answer.status_code for answer in recordings} == {202}
    codes = {answer.json()["code"] for answer in refused}
    assert codes <= {"invalid_audio", "too_many_uploads"}
    assert "invalid_audio" in codes


def several(addresses: list[str]) -> list[dict[str, object]]:
    return [
        {
            "url": VOICE,
            "data": {"user_id": "asha"},
            "files": {"audio_file": silence(60)},
            "headers": {"X-Forwarded-For": address},
        }
        for address in addresses
    ]


def assert_only_a_share_was_taken(responses: list[httpx.Response]) -> None:
    refused = [response for response in responses if response.status_code != 202]
    assert 0 < len(refused) < len(responses)
    for response in refused:
        assert_problem(response, 429, "too_many_uploads")
        assert int(response.headers["retry-after"]) > 0


def test_one_address_has_its_share_only(behind_a_proxy: Stack) -> None:
    assert_only_a_share_was_taken(send_together(behind_a_proxy.client, several(["192.0.2.1"] * 20)))
    assert post_audio(behind_a_proxy.client, silence(1)).status_code == 202


def test_an_address_that_nobody_trusted_passes_on_is_not_believed(without_a_proxy: Stack) -> None:
    addresses = [f"192.0.2.{number}" for number in range(20)]

    assert_only_a_share_was_taken(send_together(without_a_proxy.client, several(addresses)))


def test_a_proxy_that_is_trusted_stands_for_its_clients(behind_a_proxy: Stack) -> None:
    addresses = [f"192.0.2.{number}" for number in range(20)]
    responses = send_together(behind_a_proxy.client, several(addresses))

    assert 202 in {response.status_code for response in responses}
    assert 429 not in {response.status_code for response in responses}
