"""A learner writes to the tutor."""

from datetime import datetime
from itertools import pairwise

import pytest

from tests.support.contract import JOB_FIELDS, REPLY_FIELDS, TEXT, send_together, succeeded
from tests.support.stack import Stack, eventually


def test_a_mistake_is_corrected_explained_scored_and_spoken(stack: Stack) -> None:
    result = succeeded(stack, stack.text_chat("asha", "I am go to market")["id"])["result"]

    wrong, _, right = result["correction"].partition(" → ")
    assert ("go" in wrong.split(), "going" in right.split()) == (True, True)
    assert result["hinglish_explanation"]
    assert 0 <= result["score"] <= 100
    assert stack.client.get(result["audio_url"]).headers["content-type"] == "audio/mpeg"


def test_a_correct_sentence_is_not_corrected(stack: Stack) -> None:
    job = stack.text_chat("asha", "I am going to the market.")
    assert stack.finished(job["id"])["result"]["correction"] is None


def test_a_message_is_accepted_with_a_job_and_where_to_follow_it(stack: Stack) -> None:
    response = stack.client.post(TEXT, json={"user_id": "asha", "message": "I am go"})

    job = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/jobs/{job['id']}"
    assert response.headers["retry-after"] == "1"
    assert job.keys() == JOB_FIELDS
    assert (job["kind"], job["user_id"], job["error"]) == ("text", "asha", None)
    assert job["links"].pop("events").startswith(f"/jobs/{job['id']}/events?expires=")
    assert job["links"] == {
        "self": f"/jobs/{job['id']}",
        "wait": f"/jobs/{job['id']}/wait",
        "cancel": f"/jobs/{job['id']}/cancel",
        "retry": f"/jobs/{job['id']}/retry",
    }


def test_polling_its_location_shows_the_job_until_it_is_done(stack: Stack) -> None:
    posted = stack.client.post(TEXT, json={"user_id": "asha", "message": "I am go"})
    location = posted.headers["location"]

    done = eventually(
        lambda: response if (response := stack.client.get(location)).json()["done"] else None,
        what="the job done",
    )

    assert done.status_code == 200
    assert "retry-after" not in done.headers
    assert (done.json()["status"], done.json()["stage"]) == ("succeeded", None)


def test_a_finished_job_tells_its_times_and_engines(stack: Stack) -> None:
    job = succeeded(stack, stack.text_chat("asha", "I am go to market")["id"])

    timings = job["timings"]
    assert timings.keys() == {
        *("queued_ms", "transcribe_ms", "reply_ms", "synthesize_ms", "first_sound_ms", "total_ms")
    }
    assert 0 < timings["first_sound_ms"] <= timings["total_ms"]
    assert timings["transcribe_ms"] is None
    assert 0 <= timings["queued_ms"] + timings["reply_ms"] + timings["synthesize_ms"] <= timings["total_ms"]
    assert job["engines"].keys() == {"stt", "llm", "tts"}
    assert job["engines"]["stt"] is None
    assert job["engines"]["llm"]
    assert job["engines"]["tts"]
    moments = [job[name] for name in ("created_at", "started_at", "finished_at")]
    assert moments == sorted(moments)
    assert all(moment.endswith("Z") for moment in moments)


@pytest.mark.parametrize(
    ("preference", "applied"),
    [
        ("wait=30", "wait=30"),
        ('wait="30"', "wait=30"),
        ("respond-async, WAIT = 30; x=y", "wait=30"),
        ("wait=3600", "wait=60"),
    ],
)
def test_a_preferred_wait_is_answered_with_the_finished_job(
    stack: Stack, preference: str, applied: str
) -> None:
    response = stack.client.post(
        TEXT, json={"user_id": "asha", "message": "I am go"}, headers={"Prefer": preference}
    )

    assert (response.status_code, response.json()["status"]) == (200, "succeeded")
    assert response.headers["preference-applied"] == applied
    assert "retry-after" not in response.headers
    assert response.headers["location"] == f"/jobs/{response.json()['id']}"


def test_several_prefer_headers_count_as_one(stack: Stack) -> None:
    response = stack.client.post(
        TEXT,
        json={"user_id": "asha", "message": "I am go"},
        headers=[("Prefer", "respond-async"), ("Prefer", "wait=30")],
    )
    assert response.headers["preference-applied"] == "wait=30"


@pytest.mark.parametrize(
    "preference", ["", "wait", "wait=", "wait=soon", "wait=-5", "wait=1.5", "wait=0", "await=9", "wait=9 9"]
)
def test_a_preference_that_cannot_be_read_is_ignored(stack: Stack, preference: str) -> None:
    response = stack.client.post(
        TEXT, json={"user_id": "asha", "message": "Hello", "speak": []}, headers={"Prefer": preference}
    )
    assert response.status_code == 202
    assert "preference-applied" not in response.headers


def test_the_waiting_form_answers_with_the_flat_reply(stack: Stack) -> None:
    body = {"user_id": "asha", "message": "I am go to market", "conversation_id": "flat-1"}
    response = stack.client.post(f"{TEXT}/wait", json=body)

    reply = response.json()
    assert response.status_code == 200
    assert reply.keys() == REPLY_FIELDS
    assert (reply["conversation_id"], reply["transcript"], reply["warnings"]) == ("flat-1", None, [])
    assert datetime.fromisoformat(reply["audio_url_expires_at"]) > datetime.now().astimezone()


def test_nothing_is_spoken_where_nothing_is_asked_for(stack: Stack) -> None:
    job = succeeded(stack, stack.text_chat("asha", "I am go to market", speak=[])["id"])

    result = job["result"]
    assert (result["audio_url"], result["explanation_audio_url"], result["audio_url_expires_at"]) == (
        (None,) * 3
    )
    assert result["warnings"] == []
    assert (job["timings"]["synthesize_ms"], job["engines"]["tts"]) == (None, None)


def test_reply_and_explanation_are_spoken_where_both_are_asked_for(stack: Stack) -> None:
    job = stack.text_chat("asha", "I am go to market", speak=["explanation", "reply"])
    result = succeeded(stack, job["id"])["result"]

    urls = {result["audio_url"], result["explanation_audio_url"]}
    assert len(urls) == 2
    assert all(stack.client.get(url).status_code == 200 for url in urls)


def test_the_server_names_a_conversation_that_can_be_gone_on_with(stack: Stack) -> None:
    first, other = (stack.text_chat("ravi", "Hello", speak=[]) for _ in range(2))
    second = stack.text_chat("ravi", "Hello again", speak=[], conversation_id=first["conversation_id"])

    assert first["conversation_id"] != other["conversation_id"]
    assert second["conversation_id"] == first["conversation_id"]
    assert succeeded(stack, second["id"])["result"]["conversation_id"] == first["conversation_id"]


def test_one_conversation_id_of_two_users_is_two_conversations(stack: Stack) -> None:
    name = "shared-name_1"
    jobs = [stack.text_chat(user, "Hello", speak=[], conversation_id=name) for user in ("meera", "kabir")]

    assert [succeeded(stack, job["id"])["conversation_id"] for job in jobs] == [name, name]
    owners = stack.sql(
        "SELECT user_id, last_turn FROM conversations JOIN learners l ON l.id = learner_id"
        " WHERE public_id = :name",
        name=name,
    )
    assert sorted(map(tuple, owners)) == [("kabir", 1), ("meera", 1)]


def test_turns_of_a_conversation_posted_together_are_answered_one_after_another(stack: Stack) -> None:
    body = {"user_id": "asha", "message": "I am go", "conversation_id": "in-order"}
    responses = send_together(stack.client, [{"url": TEXT, "json": body}] * 4)

    for response in responses:
        succeeded(stack, response.json()["id"])
    turns = stack.sql(
        "SELECT jobs.id FROM jobs JOIN conversations ON conversations.id = conversation_id"
        " WHERE public_id = 'in-order' ORDER BY turn"
    )
    jobs = [stack.finished(turn.id) for turn in turns]
    assert len(jobs) == 4
    answered = stack.sql(
        "SELECT jobs.id::text, answered_at, started_at FROM jobs JOIN conversations"
        " ON conversations.id = conversation_id WHERE public_id = 'in-order' ORDER BY turn"
    )
    for earlier, later in pairwise(answered):
        assert earlier.answered_at <= later.started_at


def test_fifty_messages_posted_at_once_are_all_answered(stack: Stack) -> None:
    bodies = [{"user_id": f"user-{number}", "message": "I am go"} for number in range(50)]
    responses = send_together(stack.client, [{"url": TEXT, "json": body} for body in bodies])

    assert {response.status_code for response in responses} == {202}
    jobs = [succeeded(stack, response.json()["id"]) for response in responses]
    assert [job["user_id"] for job in jobs] == [body["user_id"] for body in bodies]
    assert len({job["result"]["audio_url"] for job in jobs}) == 50
