"""A client's day: a learner practises, looks back, and takes everything away again."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.contract import CONVERSATIONS, assert_problem, succeeded, walk
from tests.support.recordings import write_speech
from tests.support.stack import Stack, eventually

WRITTEN = [
    "I am go to market",
    "She have two brothers",
    "I like cricket very much",
    "Yesterday I go to my village",
    "My mother is cooking dosa",
]
SPOKEN = [
    "what is the weather like today",
    "i want to learn english",
    "my brother works in a bank",
    "can you help me with this",
    "the train was late this morning",
]
TURNS = 10


@pytest.fixture
def names() -> tuple[str, str]:
    """Two learners who call their conversations the same."""
    return f"meera-{uuid4().hex[:8]}", f"kabir-{uuid4().hex[:8]}"


def practise(stack: Stack, user_id: str, conversation: str, directory: Path) -> list[dict[str, Any]]:
    """Take ten turns, by text and by voice in turn, each posted once the one before is answered."""
    done = []
    for written, spoken in zip(WRITTEN, SPOKEN, strict=True):
        text = stack.text_chat(user_id, written, conversation_id=conversation, speak=["reply", "explanation"])
        done.append(succeeded(stack, text["id"]))
        recording = write_speech(directory / "spoken.wav", spoken)
        voice = stack.voice_chat(user_id, recording, conversation_id=conversation).json()
        done.append(succeeded(stack, voice["id"]))
    return done


def files(stack: Stack) -> set[Path]:
    return {path for path in (stack.directory / "data" / "audio").rglob("*") if path.is_file()}


def everything(stack: Stack) -> dict[str, set[Any]]:
    """Return the keys of every row that can belong to a conversation."""
    tables = ("conversations", "jobs", "messages", "steps", "audio_objects")
    return {table: {row.id for row in stack.sql(f"SELECT id FROM {table}")} for table in tables}  # noqa: S608


def said(stack: Stack, user_id: str, conversation: str) -> list[dict[str, Any]]:
    pages = walk(stack.client, f"{CONVERSATIONS}/{conversation}", user_id=user_id, limit=7)
    return [message for page in pages for message in page]


def test_a_day(stack: Stack, names: tuple[str, str], tmp_path: Path) -> None:
    learner, neighbour = names
    neighbours_job = succeeded(stack, stack.text_chat(neighbour, "Hello", conversation_id="today")["id"])
    at_rest = "SELECT bool_and(finished_at IS NOT NULL) AS at_rest FROM jobs"
    eventually(lambda: stack.sql(at_rest)[0].at_rest, what="the end of what earlier tests have begun")
    before, files_before = everything(stack), files(stack)

    jobs = practise(stack, learner, "today", tmp_path)
    looks_back(stack, learner, jobs)
    counts_the_day(stack, learner, jobs)
    added = {table: len(keys - before[table]) for table, keys in everything(stack).items()}
    assert {table: added[table] for table in ("conversations", "jobs", "messages")} == {
        "conversations": 1,
        "jobs": TURNS,
        "messages": 2 * TURNS,
    }
    assert added["steps"] >= 5 * 2 + 5 * 3  # a long answer is spoken in several pieces
    assert len(files(stack) - files_before) == added["audio_objects"] >= 5 + TURNS

    response = stack.client.delete(f"{CONVERSATIONS}/today", params={"user_id": learner})

    assert response.status_code == 204
    assert everything(stack) == before
    assert files(stack) == files_before
    nothing_is_left_to_see(stack, learner, jobs)
    assert stack.client.get(neighbours_job["result"]["audio_url"]).status_code == 200
    assert said(stack, neighbour, "today")[0]["text"] == "Hello"


def looks_back(stack: Stack, learner: str, jobs: list[dict[str, Any]]) -> None:
    """Read the conversation and the jobs: they tell what the answers told."""
    messages = said(stack, learner, "today")
    assert [message["turn"] for message in messages] == [turn for turn in range(1, 11) for _ in "ab"]
    for job, learners, tutors in zip(jobs, messages[::2], messages[1::2], strict=True):
        result = job["result"]
        assert (learners["role"], tutors["role"]) == ("learner", "tutor")
        assert {learners["job_id"], tutors["job_id"]} == {job["id"]}
        assert tutors["text"] == result["reply_text"]
        shown = ("correction", "hinglish_explanation", "score")
        assert [tutors[name] for name in shown] == [result[name] for name in shown]
        if job["kind"] == "voice":
            assert learners["text"] == job["transcript"]
            assert stack.client.get(learners["audio_url"]).content.startswith(b"fLaC")
        assert stack.client.get(tutors["audio_url"]).headers["content-type"] == "audio/mpeg"
    assert [message["text"] for message in messages[::4]] == WRITTEN
    assert any(
        message["correction"] == "I am go to market → I am going to the market" for message in messages
    )

    (conversation,) = stack.client.get(CONVERSATIONS, params={"user_id": learner}).json()["items"]
    assert (conversation["id"], conversation["last_message"]) == ("today", messages[-1]["text"])
    listed = [job["id"] for page in walk(stack.client, "/jobs", user_id=learner, limit=4) for job in page]
    assert listed == [job["id"] for job in reversed(jobs)]


def counts_the_day(stack: Stack, learner: str, jobs: list[dict[str, Any]]) -> None:
    """Read the usage: it is the sum of the answers. (A day may end meanwhile, so the totals are read.)"""
    totals = stack.client.get(f"/api/v1/users/{learner}/usage").json()["totals"]
    results = [job["result"] for job in jobs]
    scores = [result["score"] for result in results if result["score"] is not None]
    assert (totals["text_turns"], totals["voice_turns"]) == (5, 5)
    assert totals["corrections"] == sum(result["correction"] is not None for result in results)
    assert totals["mean_score"] == pytest.approx(sum(scores) / len(scores), abs=0.05)
    assert totals["voice_seconds"] > 5
    assert totals["speech_seconds"] > 10


def nothing_is_left_to_see(stack: Stack, learner: str, jobs: list[dict[str, Any]]) -> None:
    for path in (CONVERSATIONS, "/jobs"):
        assert stack.client.get(path, params={"user_id": learner}).json()["items"] == []
    for job in jobs:
        assert_problem(stack.client.get(f"/jobs/{job['id']}"), 404, "not_found")
        assert_problem(stack.client.get(job["result"]["audio_url"]), 404, "not_found")
    totals = stack.client.get(f"/api/v1/users/{learner}/usage").json()["totals"]
    assert totals["text_turns"] + totals["voice_turns"] == TURNS
