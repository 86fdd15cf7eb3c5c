"""A conversation deleted while a worker is at it: the worker's result is dropped, and it goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.contract import CONVERSATIONS, assert_problem
from tests.gated_engines import KINDS, Gate
from tests.recordings import write_tone
from tests.stack import Stack, eventually, running_stack

USER = {"user_id": "asha"}


@pytest.fixture(scope="module")
def gated(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("deleted")
    with running_stack(directory, create_migrated_database(), extra=gate.settings()) as running:
        yield running


@pytest.fixture(autouse=True)
def shut_gate(gate: Gate) -> Iterator[None]:
    gate.shut()
    yield
    gate.open()


def stopped_at(stack: Stack, gate: Gate, kind: str, directory: Path) -> dict[str, Any]:
    """Post a recording and return its job once an engine of this kind is at work on it."""
    gate.open(*KINDS[: KINDS.index(kind)])
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
    gated: Stack, gate: Gate, kind: str, tmp_path: Path
) -> None:
    stack, dropped = gated, drops(gated)
    job = stopped_at(stack, gate, kind, tmp_path)
    later = stack.text_chat("asha", "later", conversation_id="talk")

    response = stack.client.delete(f"{CONVERSATIONS}/talk", params=USER)
    gate.open()

    assert response.status_code == 204
    eventually(lambda: drops(stack) > dropped, what="the result dropped")
    for job_id in (job["id"], later["id"]):
        assert_problem(stack.client.get(f"/jobs/{job_id}"), 404, "not_found")
    assert [rows(stack, table) for table in ("conversations", "jobs", "messages", "stage_runs")] == [0] * 4
    # What the voice wrote since is an orphan: a row that no job names, for whoever looks for those.
    assert rows(stack, "audio_objects") == (1 if kind == "tts" else 0)
    stack.sql("DELETE FROM audio_objects")


def test_the_workers_go_on_with_the_next_conversation_of_that_name(
    gated: Stack, gate: Gate, tmp_path: Path
) -> None:
    stopped_at(gated, gate, "llm", tmp_path)
    gated.client.delete(f"{CONVERSATIONS}/talk", params=USER)
    gate.open()

    job = gated.finished(gated.text_chat("asha", "hello", conversation_id="talk")["id"])

    assert job["status"] == "succeeded"
    assert "I remember 0 turns" in job["result"]["reply_text"]
    assert gated.client.get(job["result"]["audio_url"]).status_code == 200
