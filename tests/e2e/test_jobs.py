"""Reading a job, waiting for it, and posting the same thing twice."""

import time
from uuid import uuid4

import pytest

from tests.support.contract import (
    TEXT,
    VOICE,
    assert_problem,
    post_audio,
    send_together,
    silence,
    succeeded,
    without_signed_links,
)
from tests.support.stack import Stack

FULL_MINUTE: dict[str, dict[str, str]] = {"": {}, "/wait": {"timeout": "60"}}
LESS_THAN_A_WAIT = 30.0
MALFORMED_IDS = ["7", "not-a-uuid", "%00", "..", "' OR 1=1", "0" * 5000]


def post(stack: Stack, key: str, message: str = "Hello", user_id: str = "asha", **more: object) -> str:
    """Post a message under an idempotency key; return the job's id."""
    body = {"user_id": user_id, "message": message, "speak": [], **more}
    response = stack.client.post(TEXT, json=body, headers={"Idempotency-Key": key})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def test_a_job_can_be_read_with_and_without_its_user(stack: Stack) -> None:
    job = succeeded(stack, stack.text_chat("asha", "Hello", speak=[])["id"])

    for params in ({}, {"user_id": "asha"}):
        again = stack.client.get(f"/jobs/{job['id']}", params=params).json()
        assert without_signed_links(again) == without_signed_links(job)


@pytest.mark.parametrize("wait", FULL_MINUTE)
def test_another_users_job_is_not_found_at_once(stack: Stack, wait: str) -> None:
    job = stack.text_chat("asha", "Hello")
    began = time.monotonic()

    response = stack.client.get(f"/jobs/{job['id']}{wait}", params={"user_id": "ravi"} | FULL_MINUTE[wait])

    assert_problem(response, 404, "not_found")
    assert time.monotonic() - began < LESS_THAN_A_WAIT


@pytest.mark.parametrize("wait", FULL_MINUTE)
def test_an_unknown_job_is_not_found_at_once(stack: Stack, wait: str) -> None:
    began = time.monotonic()
    assert_problem(stack.client.get(f"/jobs/{uuid4()}{wait}", params=FULL_MINUTE[wait]), 404, "not_found")
    assert time.monotonic() - began < LESS_THAN_A_WAIT


@pytest.mark.parametrize("job_id", MALFORMED_IDS, ids=lambda job_id: repr(job_id[:12]))
def test_a_malformed_job_id_is_not_found(stack: Stack, job_id: str) -> None:
    assert_problem(stack.client.get(f"/jobs/{job_id}"), 404, "not_found")
    assert_problem(stack.client.get(f"/jobs/{job_id}/wait"), 404, "not_found")


@pytest.mark.parametrize("timeout", ["-1", "61", "nan", "inf", "soon", ""])
def test_a_bad_timeout_is_named(stack: Stack, timeout: str) -> None:
    job = stack.text_chat("asha", "Hello", speak=[])
    response = stack.client.get(f"/jobs/{job['id']}/wait", params={"timeout": timeout})
    assert assert_problem(response, 422, "invalid_request").startswith("timeout: ")


def test_a_finished_job_is_returned_without_waiting(stack: Stack) -> None:
    job = succeeded(stack, stack.text_chat("asha", "Hello", speak=[])["id"])
    began = time.monotonic()

    response = stack.client.get(f"/jobs/{job['id']}/wait", params=FULL_MINUTE["/wait"])

    assert without_signed_links(response.json()) == without_signed_links(job)
    assert "retry-after" not in response.headers
    assert time.monotonic() - began < LESS_THAN_A_WAIT


def test_many_wait_for_one_job(stack: Stack) -> None:
    job = stack.text_chat("asha", "I am go to market")
    wait = {"method": "GET", "url": f"/jobs/{job['id']}/wait", "params": {"timeout": "60"}}

    began = time.monotonic()
    answers = send_together(stack.client, [wait] * 20)

    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "succeeded")}
    assert time.monotonic() - began < LESS_THAN_A_WAIT


def test_the_same_key_and_request_give_the_same_job(stack: Stack) -> None:
    first = post(stack, "same-1")
    succeeded(stack, first)
    assert post(stack, "same-1") == first
    assert post(stack, "same-2") != first


def test_a_replay_is_answered_in_the_form_it_asks_for(stack: Stack) -> None:
    key = {"Idempotency-Key": "forms"}
    body = {"user_id": "asha", "message": "I am go", "speak": []}
    reply = stack.client.post(f"{TEXT}/wait", json=body, headers=key).json()

    replay = stack.client.post(TEXT, json=body, headers=key | {"Prefer": "wait=9"})

    assert replay.status_code == 200
    assert replay.json()["result"] == reply


@pytest.mark.parametrize(
    "other", [{"message": "Bye"}, {"conversation_id": "another"}, {"speak": ["reply"]}], ids=str
)
def test_the_same_key_with_another_request_is_refused(stack: Stack, other: dict[str, object]) -> None:
    key = f"reused-{uuid4()}"
    post(stack, key)
    body = {"user_id": "asha", "message": "Hello", "speak": [], **other}

    response = stack.client.post(TEXT, json=body, headers={"Idempotency-Key": key})

    assert_problem(response, 422, "idempotency_key_reused")


def test_another_users_key_is_another_key(stack: Stack) -> None:
    assert post(stack, "popular", user_id="asha") != post(stack, "popular", "Bye", user_id="ravi")


def test_a_key_works_for_recordings_too(stack: Stack) -> None:
    first, again = (
        post_audio(stack.client, silence(0.5), Idempotency_Key="voice-1").json()["id"] for _ in range(2)
    )
    other = post_audio(stack.client, silence(0.6), Idempotency_Key="voice-1")
    text = stack.client.post(
        TEXT, json={"user_id": "asha", "message": "Hello"}, headers={"Idempotency-Key": "voice-1"}
    )

    assert first == again
    assert_problem(other, 422, "idempotency_key_reused")
    assert_problem(text, 422, "idempotency_key_reused")


@pytest.mark.parametrize("conversation", [None, "race"])
def test_twenty_posts_of_one_key_at_once_make_one_job(stack: Stack, conversation: str | None) -> None:
    request = {
        "url": TEXT,
        "json": {"user_id": "racer", "message": "Hello", "speak": [], "conversation_id": conversation},
        "headers": {"Idempotency-Key": f"race-{conversation}"},
    }
    responses = send_together(stack.client, [request] * 20)

    assert {response.status_code for response in responses} == {202}
    assert len({response.json()["id"] for response in responses}) == 1
    count = (
        "SELECT count(*) AS jobs FROM jobs JOIN learners l ON l.id = learner_id"
        " WHERE user_id = 'racer' AND idempotency_key = :key"
    )
    assert stack.sql(count, key=f"race-{conversation}")[0].jobs == 1


@pytest.mark.parametrize("conversation", [None, "voice-race"])
def test_twenty_posts_of_one_recording_under_one_key_make_one_job_and_keep_one_upload(
    stack: Stack, conversation: str | None
) -> None:
    def recordings() -> set[str]:
        return {path.name for path in (stack.directory / "data" / "audio").rglob("*.flac")}

    before = recordings()
    user = f"voice-racer-{conversation}"
    request = {
        "url": VOICE,
        "data": {"user_id": user} | ({"conversation_id": conversation} if conversation else {}),
        "files": {"audio_file": ("a.wav", silence(0.5))},
        "headers": {"Idempotency-Key": "voice-race"},
    }
    responses = send_together(stack.client, [request] * 20)

    assert {response.status_code for response in responses} == {202}
    assert len({response.json()["id"] for response in responses}) == 1
    assert (
        stack.sql(
            "SELECT count(*) AS n FROM jobs JOIN learners l ON l.id = learner_id WHERE user_id = :user",
            user=user,
        )[0].n
        == 1
    )
    [(kept,)] = stack.sql(
        "SELECT name FROM audio_objects JOIN learners l ON l.id = learner_id WHERE user_id = :user"
        " AND content_type = 'audio/flac'",
        user=user,
    )
    assert recordings() - before == {kept}  # what other tests left may go meanwhile
