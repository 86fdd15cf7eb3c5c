"""What a client sees of a job that nobody has worked on yet."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.contract import JOB_FIELDS, TEXT, VOICE, assert_problem, post_audio, silence
from tests.support.stack import Stack, running_stack

LESS_THAN_A_LONG_WAIT = 20.0
BODY = {"user_id": "asha", "message": "I am go"}


@pytest.fixture(scope="module")
def idle(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """An API without workers."""
    directory, database = tmp_path_factory.mktemp("idle"), create_migrated_database()
    with running_stack(directory, database, "api", extra={"WAIT_TIMEOUT_SECONDS": "1"}) as running:
        yield running


def test_it_is_queued_and_says_when_to_look_again(idle: Stack) -> None:
    job = idle.text_chat("asha", "I am go")
    response = idle.client.get(f"/jobs/{job['id']}")

    assert (response.status_code, response.headers["retry-after"]) == (200, "1")
    assert response.json().keys() == JOB_FIELDS
    assert (job["status"], job["stage"], job["done"]) == ("queued", "reply", False)
    unknown = ("started_at", "finished_at", "result", "error", "transcript", "transcript_words")
    assert {response.json()[name] for name in unknown} == {None}
    assert set(response.json()["timings"].values()) == {None}
    assert set(response.json()["engines"].values()) == {None}


@pytest.mark.parametrize("path", [TEXT, VOICE])
def test_a_preferred_wait_ends_with_the_unfinished_job(idle: Stack, path: str) -> None:
    began = time.monotonic()
    if path == TEXT:
        response = idle.client.post(path, json=BODY, headers={"Prefer": "wait=1"})
    else:
        response = post_audio(idle.client, silence(0.5), Prefer="wait=1")

    assert 1 <= time.monotonic() - began < LESS_THAN_A_LONG_WAIT
    assert (response.status_code, response.json()["done"]) == (202, False)
    assert response.headers["preference-applied"] == "wait=1"
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", [f"{TEXT}/wait", f"{VOICE}/wait"])
def test_the_waiting_form_gives_up_in_time_and_the_job_goes_on(idle: Stack, path: str) -> None:
    began = time.monotonic()
    is_text = path.startswith(TEXT)
    response = (
        idle.client.post(path, json=BODY) if is_text else post_audio(idle.client, silence(0.5), path=path)
    )

    assert 1 <= time.monotonic() - began < LESS_THAN_A_LONG_WAIT
    assert_problem(response, 504, "wait_timeout")
    assert response.json()["retryable"]
    assert idle.client.get(f"/jobs/{response.json()['job_id']}").json()["status"] == "queued"


@pytest.mark.parametrize(("timeout", "least"), [("0", 0.0), ("0.5", 0.5), ("1", 1.0)])
def test_waiting_returns_it_as_it_stands_after_the_timeout(idle: Stack, timeout: str, least: float) -> None:
    job = idle.text_chat("asha", "I am go")
    began = time.monotonic()

    response = idle.client.get(f"/jobs/{job['id']}/wait", params={"timeout": timeout})

    assert least <= time.monotonic() - began < LESS_THAN_A_LONG_WAIT
    assert (response.status_code, response.json()["status"]) == (200, "queued")
    assert response.headers["retry-after"] == "1"


def test_another_user_does_not_even_wait_for_it(idle: Stack) -> None:
    job = idle.text_chat("asha", "I am go")
    began = time.monotonic()

    response = idle.client.get(f"/jobs/{job['id']}/wait", params={"user_id": "ravi", "timeout": 30})

    assert_problem(response, 404, "not_found")
    assert time.monotonic() - began < LESS_THAN_A_LONG_WAIT
