"""Past a limit of unfinished jobs a user, or everybody, is told when to come again."""

from collections import Counter
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from tests.support.contract import TEXT, VOICE, assert_problem, post_audio, send_together, silence
from tests.support.stack import Stack, running_stack

OF_USER, OF_ALL = 5, 12
# Everybody's limit may be passed by as many as are accepted at once: one a connection.
CONNECTIONS = 4


@pytest.fixture(scope="module")
def limited(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """An API with small limits and without workers: nothing ends."""
    extra = {
        "MAX_UNFINISHED_JOBS_PER_USER": str(OF_USER),
        "MAX_UNFINISHED_JOBS": str(OF_ALL),
        "DATABASE_POOL_SIZE": str(CONNECTIONS),
    }
    directory = tmp_path_factory.mktemp("full")
    with running_stack(directory, create_migrated_database(), "api", extra=extra) as running:
        yield running


@pytest.fixture
def idle(limited: Stack) -> Stack:
    """The same, with no job yet."""
    limited.forget_jobs()
    return limited


def post(stack: Stack, user_id: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return stack.client.post(TEXT, json={"user_id": user_id, "message": "Hello"}, headers=named)


def fill(stack: Stack, *users: str) -> list[str]:
    """Let each user have all the jobs they may; return the jobs' ids."""
    responses = [post(stack, user) for user in users for _ in range(OF_USER)]
    assert {response.status_code for response in responses} == {202}
    return [response.json()["id"] for response in responses]


def assert_refused(response: httpx.Response, status: int, code: str) -> None:
    assert_problem(response, status, code)
    assert response.json()["retryable"]
    assert 1 <= int(response.headers["retry-after"]) <= 60


def test_a_user_who_posts_too_much_at_once_gets_exactly_the_limit(idle: Stack) -> None:
    bodies = [{"user_id": "asha", "message": "Hello"}] * 20
    responses = send_together(idle.client, [{"url": TEXT, "json": body} for body in bodies])

    assert Counter(response.status_code for response in responses) == {202: OF_USER, 429: 20 - OF_USER}
    for response in responses:
        if response.status_code == 429:
            assert_refused(response, 429, "too_many_jobs")
    assert post(idle, "ravi").status_code == 202


def test_everybody_is_refused_past_the_limit_of_all(idle: Stack) -> None:
    bodies = [{"user_id": f"user-{number}", "message": "Hello"} for number in range(40)]
    responses = send_together(idle.client, [{"url": TEXT, "json": body} for body in bodies])

    accepted = [response for response in responses if response.status_code == 202]
    assert OF_ALL <= len(accepted) < OF_ALL + CONNECTIONS
    for response in responses:
        if response.status_code != 202:
            assert_refused(response, 503, "busy")


def test_a_recording_is_refused_before_it_is_decoded(idle: Stack) -> None:
    fill(idle, "asha")

    assert_refused(post_audio(idle.client, b"RIFF\x24\0\0\0WAVE nothing to decode"), 429, "too_many_jobs")
    assert_refused(post_audio(idle.client, silence(0.5), path=f"{VOICE}/wait"), 429, "too_many_jobs")
    assert idle.sql("SELECT 1 FROM audio_objects") == []


def test_a_replay_passes_both_limits(idle: Stack) -> None:
    key = str(uuid4())
    first = post(idle, "asha", Idempotency_Key=key)
    voice = post_audio(idle.client, silence(0.5), Idempotency_Key="voice")
    for _ in range(OF_USER - 2):
        post(idle, "asha")
    fill(idle, "ravi")
    post(idle, "meera")
    post(idle, "meera")
    assert_refused(post(idle, "kabir"), 503, "busy")

    again = post(idle, "asha", Idempotency_Key=key)
    voice_again = post_audio(idle.client, silence(0.5), Idempotency_Key="voice")

    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert (voice_again.status_code, voice_again.json()["id"]) == (202, voice.json()["id"])
    assert_refused(post(idle, "asha", Idempotency_Key=str(uuid4())), 429, "too_many_jobs")


def test_a_job_that_ends_makes_room_and_a_retry_needs_it(idle: Stack) -> None:
    first, *_ = fill(idle, "asha")
    failed = "UPDATE jobs SET status = 'failed', error_code = :code, error_stage = 'reply',"
    idle.sql(f"{failed} finished_at = now() WHERE id = :id", id=first, code="tutor_unavailable")

    assert post(idle, "asha").status_code == 202
    assert_refused(idle.client.post(f"/jobs/{first}/retry"), 429, "too_many_jobs")
    assert idle.client.get(f"/jobs/{first}").json()["status"] == "failed"


def test_a_quarantined_job_is_not_tried_again(idle: Stack) -> None:
    [first, *_] = fill(idle, "asha")
    poisoned = "UPDATE jobs SET status = 'failed', error_code = 'poisoned', error_stage = 'reply',"
    idle.sql(f"{poisoned} finished_at = now() WHERE id = :id", id=first)

    response = idle.client.post(f"/jobs/{first}/retry")

    assert_problem(response, 409, "not_retryable")
    assert idle.client.get(f"/jobs/{first}").json()["error"]["code"] == "poisoned"


def test_those_in_line_are_told_their_place(idle: Stack) -> None:
    ids = fill(idle, "asha")

    jobs = [idle.client.get(f"/jobs/{job_id}").json() for job_id in ids]

    assert [job["queue_position"] for job in jobs] == [1, 2, 3, 4, 5]
    assert {job["eta_seconds"] for job in jobs} == {None}  # nothing has ever run here
    idle.client.post(f"/jobs/{ids[0]}/cancel")
    positions = [idle.client.get(f"/jobs/{job_id}").json()["queue_position"] for job_id in ids]
    assert positions == [None, 1, 2, 3, 4]
