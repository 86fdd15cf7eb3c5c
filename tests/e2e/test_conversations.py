"""A user's conversations, and what was said in them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.failures import TIMED_OUT
from shared.models import Stage
from tests.e2e.conftest import Counter
from tests.support.contract import CONVERSATIONS, assert_problem, walk
from tests.support.factories import CORRECTING_REPLY

FIELDS = {"id", "last_message", "created_at", "last_used_at"}
MESSAGE_FIELDS = {
    *("role", "text", "correction", "hinglish_explanation", "score"),
    *("audio_url", "audio_url_expires_at", "explanation_audio_url", "turn", "job_id", "created_at"),
}


def listed(counter: Counter, user_id: str, **query: str | int) -> list[list[str]]:
    pages = walk(counter.client, CONVERSATIONS, user_id=user_id, **query)
    return [[conversation["id"] for conversation in page] for page in pages]


def texts(counter: Counter, user_id: str, public_id: str, **query: str | int) -> list[list[str]]:
    pages = walk(counter.client, f"{CONVERSATIONS}/{public_id}", user_id=user_id, **query)
    return [[message["text"] for message in page] for page in pages]


def answered(counter: Counter, user_id: str, conversation: str, number: int) -> UUID:
    """Let a turn be answered: `said <number>`, `replied <number>`."""
    job_id = counter.bench.text(
        user_id=user_id, conversation=conversation, message=f"said {number}", speak=[]
    )
    counter.bench.reply(counter.bench.claimed(job_id), text=f"replied {number}")
    return job_id


def test_conversations_come_most_recently_used_first(counter: Counter) -> None:
    for number in range(7):
        counter.bench.text(user_id="talker", conversation=f"c{number}")
    counter.bench.text(user_id="talker", conversation="c2")
    counter.bench.text(user_id="listener", conversation="c3")

    order = ["c2", "c6", "c5", "c4", "c3", "c1", "c0"]
    assert listed(counter, "talker") == [order]
    assert listed(counter, "talker", limit=3) == [order[:3], order[3:6], order[6:]]


def test_a_list_shows_when_a_conversation_was_used_and_what_was_said_last(counter: Counter) -> None:
    answered(counter, "shown", "with-words", 1)
    answered(counter, "shown", "with-words", 2)
    counter.bench.text(user_id="shown", conversation="without")

    without, with_words = counter.client.get(CONVERSATIONS, params={"user_id": "shown"}).json()["items"]

    assert without.keys() == with_words.keys() == FIELDS
    assert (without["last_message"], with_words["last_message"]) == (None, "replied 2")
    assert with_words["created_at"] < with_words["last_used_at"] < without["last_used_at"]


def test_a_conversation_that_is_used_while_pages_are_walked_is_not_shown_twice(counter: Counter) -> None:
    for number in range(6):
        counter.bench.text(user_id="walker", conversation=f"c{number}")
    pages = walk(counter.client, CONVERSATIONS, user_id="walker", limit=2)
    seen = [conversation["id"] for conversation in next(pages)]
    counter.bench.text(user_id="walker", conversation="c4")  # shown already
    counter.bench.text(user_id="walker", conversation="new")

    seen += [conversation["id"] for page in pages for conversation in page]

    assert seen == ["c5", "c4", "c3", "c2", "c1", "c0"]


def test_what_was_said_comes_oldest_first(counter: Counter) -> None:
    for number in range(12):
        answered(counter, "speaker", "long", number)
    answered(counter, "other", "long", 99)
    all_texts = [f"{what} {number}" for number in range(12) for what in ("said", "replied")]

    assert texts(counter, "speaker", "long") == [all_texts[:20], all_texts[20:]]
    assert texts(counter, "speaker", "long", limit=7) == [
        all_texts[start : start + 7] for start in (0, 7, 14, 21)
    ]


def test_turns_that_are_answered_while_pages_are_walked_come_at_the_end(counter: Counter) -> None:
    for number in range(3):
        answered(counter, "growing", "talk", number)
    pages = walk(counter.client, f"{CONVERSATIONS}/talk", user_id="growing", limit=3)
    seen = [message["text"] for message in next(pages)]
    answered(counter, "growing", "talk", 3)

    seen += [message["text"] for page in pages for message in page]

    assert seen == [f"{what} {number}" for number in range(4) for what in ("said", "replied")]


def test_a_message_shows_the_correction_and_links_to_its_sounds(counter: Counter) -> None:
    job_id = counter.spoken_turn("heard", "sounds")

    response = counter.client.get(f"{CONVERSATIONS}/sounds", params={"user_id": "heard"})
    learners, tutors = response.json()["items"]

    assert learners.keys() == tutors.keys() == MESSAGE_FIELDS
    assert (learners["role"], learners["text"]) == ("learner", "I am go to market")
    assert {learners[name] for name in ("correction", "hinglish_explanation", "score")} == {None}
    assert (tutors["role"], tutors["text"]) == ("tutor", CORRECTING_REPLY.text)
    assert tutors["correction"] == "I am go → I am going"
    assert tutors["hinglish_explanation"] == CORRECTING_REPLY.hinglish_explanation
    assert (tutors["score"], tutors["turn"], tutors["job_id"]) == (75, 1, str(job_id))
    for url, content in (
        (learners["audio_url"], b"recording"),
        (tutors["audio_url"], b"reply"),
        (tutors["explanation_audio_url"], b"explanation"),
    ):
        assert counter.client.get(url).content == content
    assert learners["audio_url_expires_at"] is not None
    assert learners["explanation_audio_url"] is None


def test_a_message_outlives_its_job_and_then_has_no_sound(counter: Counter) -> None:
    job_id = counter.bench.text(user_id="outlived", conversation="old")
    counter.bench.reply(counter.bench.claimed(job_id))
    counter.bench.speak(counter.bench.claimed(job_id), counter.bench.audio(1.0))
    counter.bench.sql("DELETE FROM jobs WHERE id = :job", job=job_id)

    response = counter.client.get(f"{CONVERSATIONS}/old", params={"user_id": "outlived"})

    assert len(response.json()["items"]) == 2
    for message in response.json()["items"]:
        silent = ("job_id", "audio_url", "audio_url_expires_at", "explanation_audio_url")
        assert {message[name] for name in silent} == {None}


def test_a_message_whose_job_has_expired_has_no_sound_even_before_that_is_removed(counter: Counter) -> None:
    job_id = counter.spoken_turn("expired", "old")

    def answer(ended_ago: str) -> dict[str, Any]:
        ended = "UPDATE jobs SET finished_at = now() - CAST(:ago AS interval) WHERE id = :job"
        counter.bench.sql(ended, ago=ended_ago, job=job_id)
        response = counter.client.get(f"{CONVERSATIONS}/old", params={"user_id": "expired"})
        tutors: dict[str, Any] = response.json()["items"][1]
        return tutors

    soon, gone = answer("29 days 23:50"), answer("30 days 00:01")

    left = datetime.fromisoformat(soon["audio_url_expires_at"]) - datetime.now(UTC)
    assert left <= timedelta(minutes=10)
    assert (soon["job_id"], gone["text"]) == (str(job_id), soon["text"])
    assert {gone[name] for name in ("job_id", "audio_url", "explanation_audio_url")} == {None}


def test_a_failed_turn_says_nothing(counter: Counter) -> None:
    bench = counter.bench
    bench.fail(bench.claimed(bench.text(user_id="failing", conversation="c")), TIMED_OUT[Stage.REPLY])
    answered(counter, "failing", "c", 2)

    response = counter.client.get(f"{CONVERSATIONS}/c", params={"user_id": "failing"})

    assert [(item["turn"], item["text"]) for item in response.json()["items"]] == [
        (2, "said 2"),
        (2, "replied 2"),
    ]


def test_a_conversation_without_an_answer_is_empty_and_not_unknown(counter: Counter) -> None:
    counter.bench.text(user_id="early", conversation="c")
    response = counter.client.get(f"{CONVERSATIONS}/c", params={"user_id": "early"})
    assert (response.status_code, response.json()) == (200, {"items": [], "next_cursor": None})


def test_an_unknown_conversation_is_not_found(counter: Counter) -> None:
    response = counter.client.get(f"{CONVERSATIONS}/unknown", params={"user_id": "asha"})
    assert_problem(response, 404, "not_found")
    response = counter.client.delete(f"{CONVERSATIONS}/unknown", params={"user_id": "asha"})
    assert_problem(response, 404, "not_found")


@pytest.mark.parametrize("name", ["a.b", "a" * 65, "%00", "a%0A", "%E0%A4%86", "' OR 1=1"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_malformed_conversation_id_is_named(counter: Counter, method: str, name: str) -> None:
    response = counter.client.request(method, f"{CONVERSATIONS}/{name}", params={"user_id": "asha"})
    assert assert_problem(response, 422, "invalid_request").startswith("conversation_id: ")


@pytest.mark.parametrize("path", [CONVERSATIONS, f"{CONVERSATIONS}/c"])
@pytest.mark.parametrize(
    ("field", "value"),
    [("limit", "0"), ("limit", "101"), ("cursor", "x"), ("user_id", "asha\n"), ("order", "oldest")],
)
def test_a_bad_parameter_is_named(counter: Counter, path: str, field: str, value: str) -> None:
    response = counter.client.get(path, params={"user_id": "asha", field: value})
    assert assert_problem(response, 422, "invalid_request").startswith(f"{field}: ")


@pytest.mark.parametrize("cursor", ["WzEsInN0cmFuZ2VyIl0", "Wy0xLCJ0dXRvciJd", "WzIxNDc0ODM2NDgsInR1dG9yIl0"])
def test_a_cursor_to_no_message_is_refused(counter: Counter, cursor: str) -> None:
    """A role that is none, a turn below the first one, and one that no column can hold."""
    response = counter.client.get(f"{CONVERSATIONS}/c", params={"user_id": "asha", "cursor": cursor})
    assert assert_problem(response, 422, "invalid_request").startswith("cursor: ")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/c"), ("DELETE", "/c")], ids=["list", "read", "delete"]
)
def test_a_user_is_required(counter: Counter, method: str, path: str) -> None:
    response = counter.client.request(method, CONVERSATIONS + path)
    assert assert_problem(response, 422, "invalid_request").startswith("user_id: ")
