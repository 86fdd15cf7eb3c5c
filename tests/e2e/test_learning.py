"""Mistakes, reviews and progress over HTTP; then a learner's turns through the whole product."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Counter
from tests.support.contract import REPLY_FIELDS, assert_problem, post_audio, silence, succeeded, walk
from tests.support.learning import NO_THE, corrected, repair_articles
from tests.support.stack import Stack

MISTAKE_FIELDS = {
    *("id", "category", "wrong", "right", "hinglish_explanation", "times", "first_seen", "last_seen"),
    *("used_rightly", "due_at", "state", "job_id"),
}
REVIEW_FIELDS = REPLY_FIELDS | {"passed", "differences", "due_at", "state"}


def mistakes_of(counter: Counter, user_id: str, **query: str | int) -> list[list[dict[str, Any]]]:
    return list(walk(counter.client, f"/api/v1/users/{user_id}/mistakes", **query))


def next_review(client: httpx.Client, user_id: str) -> httpx.Response:
    return client.get(f"/api/v1/users/{user_id}/reviews/next")


def make_due(counter: Counter, user_id: str) -> None:
    counter.bench.sql(
        "UPDATE mistakes SET due_at = due_at - interval '2 days'"
        " WHERE learner_id = (SELECT id FROM learners WHERE user_id = :user)",
        user=user_id,
    )


def test_mistakes_are_listed_latest_first_with_all_that_is_known(counter: Counter) -> None:
    corrected(counter.bench, "lister")
    corrected(counter.bench, "lister", NO_THE)
    last = corrected(counter.bench, "lister")
    corrected(counter.bench, "another")

    [[first, second]] = mistakes_of(counter, "lister")

    assert first.keys() == MISTAKE_FIELDS
    assert (first["wrong"], first["right"], first["category"]) == ("I am go", "I am going", "verb_form")
    assert (first["times"], first["used_rightly"], first["state"], first["job_id"]) == (2, 0, "open", last)
    assert (second["category"], second["times"]) == ("determiner", 1)
    assert [len(page) for page in mistakes_of(counter, "lister", limit=1)] == [1, 1]
    assert mistakes_of(counter, "nobody") == [[]]
    reply = counter.client.get(f"/jobs/{last}").json()["result"]
    assert (reply["mistake_id"], reply["mistake_category"]) == (first["id"], "verb_form")


def test_a_list_can_be_of_one_state_or_category(counter: Counter) -> None:
    corrected(counter.bench, "chooser")
    corrected(counter.bench, "chooser", NO_THE)
    repair_articles(counter.bench, "chooser")

    def chosen(**query: str) -> list[str]:
        return [
            mistake["category"] for [*page] in mistakes_of(counter, "chooser", **query) for mistake in page
        ]

    assert chosen(state="open") == ["verb_form"]
    assert chosen(state="repaired") == ["determiner"]
    assert chosen(category="verb_form") == ["verb_form"]
    assert chosen(category="verb_form", state="repaired") == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/v1/users/asha/mistakes?state=closed", "state"),
        ("/api/v1/users/asha/mistakes?category=verb", "category"),
        ("/api/v1/users/asha/mistakes?limit=0", "limit"),
        ("/api/v1/users/asha/mistakes?cursor=x", "cursor"),
        ("/api/v1/users/asha/mistakes?user_id=asha", "user_id"),
        ("/api/v1/users/a%20b/mistakes", "user_id"),
        ("/api/v1/users/asha/progress?weeks=3", "weeks"),
        ("/api/v1/progress", "user_ids"),
        ("/api/v1/progress?user_ids=asha,,ravi", "user_ids"),
        ("/api/v1/progress?user_ids=" + ",".join(["asha"] * 51), "user_ids"),
    ],
)
def test_a_bad_question_is_refused_by_name(counter: Counter, path: str, named: str) -> None:
    assert assert_problem(counter.client.get(path), 422, "invalid_request").startswith(named)


def test_the_mistake_that_is_due_longest_is_reviewed_next(counter: Counter) -> None:
    assert next_review(counter.client, "reviewer").status_code == 204
    corrected(counter.bench, "reviewer")
    assert next_review(counter.client, "reviewer").status_code == 204

    make_due(counter, "reviewer")
    corrected(counter.bench, "reviewer", NO_THE)
    response = next_review(counter.client, "reviewer")

    assert response.status_code == 200
    review = response.json()
    assert review.keys() == {"mistake", "prompt"}
    assert review["mistake"].keys() == MISTAKE_FIELDS
    assert review["mistake"]["category"] == "verb_form"
    assert review["prompt"] == 'You said: "I am go". Say it right.'
    assert next_review(counter.client, "another-reviewer").status_code == 204


def review_path(counter: Counter, user_id: str) -> str:
    [[mistake]] = mistakes_of(counter, user_id)
    return f"/api/v1/users/{user_id}/reviews/{mistake['id']}"


def test_a_written_review_is_a_job_of_its_own_kind(counter: Counter) -> None:
    corrected(counter.bench, "writer")
    path = review_path(counter, "writer")

    key = {"Idempotency-Key": "review-1"}
    response = counter.client.post(path, json={"message": "I am going", "speak": []}, headers=key)
    again = counter.client.post(path, json={"message": "I am going", "speak": []}, headers=key)
    other = counter.client.post(path, json={"message": "I am go", "speak": []}, headers=key)

    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["location"] == f"/jobs/{job['id']}"
    assert (job["kind"], job["conversation_id"], job["stage"]) == ("review", "reviews", "reply")
    assert again.json()["id"] == job["id"]
    assert_problem(other, 422, "idempotency_key_reused")


def test_a_spoken_review_is_heard_first(counter: Counter) -> None:
    corrected(counter.bench, "speaker")
    path = review_path(counter, "speaker")

    response = counter.client.post(path, files={"audio_file": ("recording", silence(1.0))})

    assert response.status_code == 202, response.text
    assert (response.json()["kind"], response.json()["stage"]) == ("review", "transcribe")


def test_a_review_of_what_is_not_ones_own_is_not_found(counter: Counter) -> None:
    corrected(counter.bench, "owner")
    path = review_path(counter, "owner").replace("owner", "thief")

    for unknown in (path, f"/api/v1/users/owner/reviews/{uuid4()}", "/api/v1/users/owner/reviews/x"):
        assert_problem(counter.client.post(unknown, json={"message": "I am going"}), 404, "not_found")
        recording = {"audio_file": ("recording", silence(0.5))}
        assert_problem(counter.client.post(unknown, files=recording), 404, "not_found")


def test_a_spoken_review_names_nobody_and_nothing_else(counter: Counter) -> None:
    corrected(counter.bench, "mumbler")
    path = review_path(counter, "mumbler")

    response = post_audio(counter.client, silence(0.5), path=path, user_id="mumbler")

    assert assert_problem(response, 422, "invalid_request").startswith("user_id")
    for body in ({"content": b"hello", "headers": {"Content-Type": "text/plain"}}, {"content": b"{}"}):
        assert assert_problem(counter.client.post(path, **body), 422, "invalid_request").startswith("body")
    long = counter.client.post(path, json={"message": "a" * 70_000})
    assert_problem(long, 413, "request_too_large")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "message"),
        ({"message": " "}, "message"),
        ({"message": "Hello", "user_id": "asha"}, "user_id"),
        ({"message": "Hello", "conversation_id": "c"}, "conversation_id"),
        (["Hello"], "body"),
    ],
)
def test_a_bad_review_is_refused_by_name(counter: Counter, body: object, named: str) -> None:
    corrected(counter.bench, "careless")
    path = f"/api/v1/users/careless/reviews/{mistakes_of(counter, 'careless')[0][0]['id']}"

    assert assert_problem(counter.client.post(path, json=body), 422, "invalid_request").startswith(named)


def test_a_learners_mistake_comes_back_and_is_reviewed(stack: Stack) -> None:
    """Through the API, the workers and the offline tutor, by text."""
    job = succeeded(stack, stack.text_chat("returner", "Yesterday I go to my office", speak=[])["id"])
    assert job["result"]["mistake_category"] == "verb_tense"
    mistake_id = job["result"]["mistake_id"]
    stack.sql(
        "UPDATE mistakes SET due_at = now() - interval '1 hour'"
        " WHERE learner_id = (SELECT id FROM learners WHERE user_id = 'returner') RETURNING id"
    )

    review = next_review(stack.client, "returner").json()
    assert review["mistake"]["id"] == mistake_id
    path = f"/api/v1/users/returner/reviews/{mistake_id}"
    response = stack.client.post(
        path, json={"message": review["mistake"]["right"]}, headers={"Prefer": "wait=30"}
    )

    assert response.status_code == 200, response.text
    result = response.json()["result"]
    assert result.keys() == REVIEW_FIELDS
    assert (result["mistake_id"], result["passed"], result["differences"]) == (mistake_id, True, [])
    assert (result["state"], result["correction"], result["score"]) == ("open", None, None)
    assert datetime.fromisoformat(result["due_at"]) > datetime.now(UTC)
    assert result["audio_url"] is not None
    assert next_review(stack.client, "returner").status_code == 204
