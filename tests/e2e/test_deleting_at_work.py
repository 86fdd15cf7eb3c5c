"""A conversation deleted while a worker is at it: the worker's result is dropped, and it goes on."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.contract import CONVERSATIONS, assert_problem
from tests.support.gated_engines import KINDS, Gate
from tests.support.recordings import write_tone
from tests.support.stack import Stack, eventually

pytestmark = pytest.mark.usefixtures("shut_gate")

USER = {"user_id": "asha"}


def stopped_at(stack: Stack, gate: Gate, kind: str, directory: Path) -> dict[str, Any]:
    """Post a recording and return its job once an engine of this kind is at work on it."""
    for earlier in KINDS[: KINDS.index(kind)]:
        gate.open(earlier)
    tone = write_tone(directory / "tone.wav")
    job: dict[str, Any] = stack.voice_chat("asha", tone, conversation_id="talk").json()
    eventually(lambda: gate.busy(kind), what=f"{kind} at work")
    return job


def drops(stack: Stack) -> int:
    return stack.logs().count("the lease was lost")


def rows(stack: Stack, table: str) -> int:
    return int(stack.sql(f"SELECT count(*) FROM {table}")[0].count)  # noqa: S608


@pytest.mark.parametrize("kind", KINDS)
def test_the_stage_that_runs_is_dropped_and_nothing_comes_back(
    gated_stack: Stack, gate: Gate, kind: str, tmp_path: Path
) -> None:
    stack, dropped = gated_stack, drops(gated_stack)
    job = stopped_at(stack, gate, kind, tmp_path)
    later = stack.text_chat("asha", "later", conversation_id="talk")

    response = stack.client.delete(f"{CONVERSATIONS}/talk", params=USER)
    gate.open()

    assert response.status_code == 204
    eventually(lambda: drops(stack) > dropped, what="the result dropped")
    for job_id in (job["id"], later["id"]):
        assert_problem(stack.client.get(f"/jobs/{job_id}"), 404, "not_found")
    tables = ("conversations", "jobs", "messages", "steps", "job_events")
    assert [rows(stack, table) for table in tables] == [0] * 5
    # What the voice wrote since is an orphan: a row that no job names, for whoever looks for those.
    orphans = 1 if kind == "tts" else 0
    eventually(lambda: rows(stack, "audio_objects") == orphans, what="what the voice wrote since")
    stack.sql("DELETE FROM audio_objects")


def test_the_workers_go_on_with_the_next_conversation_of_that_name(
    gated_stack: Stack, gate: Gate, tmp_path: Path
) -> None:
    stopped_at(gated_stack, gate, "llm", tmp_path)
    gated_stack.client.delete(f"{CONVERSATIONS}/talk", params=USER)
    gate.open()

    job = gated_stack.finished(gated_stack.text_chat("asha", "hello", conversation_id="talk")["id"])

    assert job["status"] == "succeeded"
    assert "I remember 0 turns" in job["result"]["reply_text"]
    assert gated_stack.client.get(job["result"]["audio_url"]).status_code == 200
