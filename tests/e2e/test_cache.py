"""The cache in the whole product: equal turns of real processes, and a Redis that goes meanwhile."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.contract import CONVERSATIONS
from tests.support.gated_engines import Gate
from tests.support.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.usefixtures("shut_gate")

# Patient, for a busy machine: the product's own time limit is tested where nothing depends on a hit.
# Other requests wait for a reply for a twelfth of the tutor's time.
PATIENT = {"CACHE_TIMEOUT_SECONDS": "5", "LLM_TIMEOUT_SECONDS": "1200"}
LONG = {"LEASE_SECONDS": "300", "HEARTBEAT_SECONDS": "60"}


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    directory, database = tmp_path_factory.mktemp("cached"), create_migrated_database()
    extra = gate.settings() | {"CACHE_ENABLED": "true"} | PATIENT
    with running_stack(directory, database, extra=extra) as running:
        yield running
        gate.open()
        assert "Traceback" not in running.logs()


def calls(gate: Gate) -> dict[str, int]:
    return {kind: gate.calls(kind) for kind in ("llm", "tts")}


def delete(stack: Stack, user_id: str, job: dict[str, Any]) -> None:
    response = stack.client.delete(f"{CONVERSATIONS}/{job['conversation_id']}", params={"user_id": user_id})
    assert response.status_code == 204


def sound(stack: Stack, job_id: str, name: str = "audio_url") -> bytes:
    response = stack.client.get(stack.job(job_id)["result"][name])
    assert response.status_code == 200
    return response.content


def test_a_turn_that_was_answered_before_reaches_no_engine(stack: Stack, gate: Gate) -> None:
    gate.open()
    first = stack.finished(stack.text_chat("meera", "Good morning")["id"])
    spoken = len(first["result"]["speech"])
    assert calls(gate) == {"llm": 1, "tts": spoken}

    second = stack.finished(stack.text_chat("meera", "Good morning")["id"])

    assert calls(gate) == {"llm": 1, "tts": spoken}
    assert second["result"]["reply_text"] == first["result"]["reply_text"]
    assert sound(stack, second["id"]) == sound(stack, first["id"])
    assert second["engines"] == {
        "stt": None,
        "llm": "tests.support.gated_engines:GatedTutor (cached)",
        "tts": "tests.support.gated_engines:GatedSynthesizer (cached)",
    }
    assert second["timings"]["reply_ms"] >= 0


def test_nobody_learns_that_somebody_else_said_the_same(stack: Stack, gate: Gate) -> None:
    gate.open()
    first = stack.finished(stack.text_chat("uma", "Good afternoon")["id"])

    other = stack.finished(stack.text_chat("ravi", "Good afternoon")["id"])

    spoken = sum(len(job["result"]["speech"]) for job in (first, other))
    assert calls(gate) == {"llm": 2, "tts": spoken}
    assert not any((name or "").endswith("(cached)") for name in other["engines"].values())


def test_deleting_the_first_conversation_leaves_the_seconds_sound_and_the_last_takes_it(
    stack: Stack, gate: Gate
) -> None:
    gate.open()
    first = stack.finished(stack.text_chat("tara", "Good evening")["id"])
    second = stack.finished(stack.text_chat("tara", "Good evening")["id"])
    delete(stack, "tara", first)

    assert sound(stack, second["id"])

    delete(stack, "tara", second)
    third = stack.finished(stack.text_chat("tara", "Good evening")["id"])
    spoken = sum(len(job["result"]["speech"]) for job in (first, third))
    assert calls(gate) == {"llm": 1, "tts": spoken}
    assert third["engines"]["tts"] == "tests.support.gated_engines:GatedSynthesizer"
    assert sound(stack, third["id"])


def test_equal_turns_at_once_in_two_workers_ask_the_tutor_once(stack: Stack, gate: Gate) -> None:
    stack.start_another("llm", "llm2")
    eventually(lambda: "ready" in stack.log("llm2"), what="the other worker at work")
    jobs: list[str] = []

    def both_at_it() -> bool:
        jobs.append(stack.text_chat("asha", "Good night", speak=[])["id"])
        eventually(lambda: len(holders(stack)) == len(jobs), what="every turn claimed")
        return {name.split("@")[0] for name in holders(stack)} == {"llm", "llm2"}

    eventually(both_at_it, what="turns in both workers")
    eventually(lambda: gate.busy("llm"), what="the tutor at work")
    gate.open()
    finished = [stack.finished(job_id) for job_id in jobs]
    stack.end("llm2")

    assert gate.calls("llm") == 1
    shown = [job["engines"]["llm"].endswith("(cached)") for job in finished]
    assert sorted(shown) == [False] + [True] * (len(jobs) - 1)


def holders(stack: Stack) -> list[str]:
    rows = stack.sql("SELECT worker FROM steps WHERE kind = 'reply' AND lease_token IS NOT NULL")
    return [row.worker for row in rows]


@pytest.fixture
def short_stack(tmp_path: Path, create_migrated_database: Callable[[], str], gate: Gate) -> Iterator[Stack]:
    """One with the product's own time limit of the cache."""
    extra = gate.settings() | LONG | {"CACHE_ENABLED": "true"}
    with running_stack(
        tmp_path / "short", create_migrated_database(), "api", "llm", "maintenance", extra=extra
    ) as running:
        yield running
        gate.open()


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_turns_end_while_redis_is_away_and_go_on_when_it_is_back(
    short_stack: Stack, gate: Gate, how: signal.Signals
) -> None:
    jobs = [short_stack.text_chat(f"u{number}", f"Hello {number}", speak=[])["id"] for number in range(2)]
    eventually(lambda: gate.calls("llm") == 2, what="both at the tutor")
    assert short_stack.redis.pid is not None
    os.kill(short_stack.redis.pid, how)
    try:
        gate.open()
        away = [short_stack.finished(job_id) for job_id in jobs]
    finally:
        if how is signal.SIGSTOP:
            os.kill(short_stack.redis.pid, signal.SIGCONT)
        else:
            short_stack.redis.start()

    assert [job["status"] for job in away] == ["succeeded", "succeeded"]
    assert "the cache is skipped" in short_stack.log("llm")
    later = short_stack.finished(short_stack.text_chat("asha", "Hello again", speak=[])["id"])
    assert later["status"] == "succeeded"
