"""An engine without memory is tried once more; where that fails too, a clean process takes its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.models import StepKind
from tests.support import figures
from tests.support.contract import VOICE, assert_problem
from tests.support.hungry_engines import Memory
from tests.support.recordings import write_tone
from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    return Memory(tmp_path_factory.mktemp("memory"))


@pytest.fixture(scope="module")
def hungry_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], memory: Memory
) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("hungry")
    # Nothing may be lost here, also where a busy machine leaves a worker no time for its heartbeat.
    extra = memory.settings() | {"LEASE_SECONDS": "300", "HEARTBEAT_SECONDS": "60"}
    with running_stack(directory, create_migrated_database(), extra=extra) as running:
        yield running
        assert "Traceback" not in running.log("gpu")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def lost_runs(stack: Stack) -> float:
    """Return how many steps were taken from a worker, by itself or by the sweep."""
    shown = [figures.read(stack.metrics(program)) for program in ("gpu", "llm", "maintenance")]
    return sum(
        each.of("step_seconds_count", outcome="lost", kind=kind) for each in shown for kind in StepKind
    )


def test_a_transcriber_that_has_memory_again_costs_nothing(
    hungry_stack: Stack, memory: Memory, recording: Path
) -> None:
    memory.fail("stt", times=1)

    first = hungry_stack.finished(hungry_stack.voice_chat("asha", recording).json()["id"])
    second = hungry_stack.finished(hungry_stack.voice_chat("asha", recording).json()["id"])

    assert (first["status"], second["status"]) == ("succeeded", "succeeded")
    noted = memory.noted("stt")
    assert [what for what, _ in noted] == ["failed", "freed", "ran", "ran"]
    assert len({process for _, process in noted}) == 1


def test_a_transcriber_without_memory_fails_the_job_and_leaves_a_clean_child(
    hungry_stack: Stack, memory: Memory, recording: Path
) -> None:
    memory.fail("stt", times=2)
    with recording.open("rb") as file:
        answer = hungry_stack.client.post(
            f"{VOICE}/wait", data={"user_id": "asha"}, files={"audio_file": ("tone.wav", file)}
        )

    assert_problem(answer, 500, "out_of_memory")
    assert answer.json()["retryable"]
    job = hungry_stack.finished(hungry_stack.voice_chat("asha", recording).json()["id"])
    assert job["status"] == "succeeded"
    [(_, failing), _, _, (ran, clean)] = memory.noted("stt")
    assert ran == "ran"
    assert failing != clean
    assert lost_runs(hungry_stack) == 0
    assert "exited with" not in hungry_stack.log("gpu")


def test_a_voice_without_memory_leaves_the_reply_and_a_clean_child(
    hungry_stack: Stack, memory: Memory
) -> None:
    memory.fail("tts", times=2)

    job = hungry_stack.finished(hungry_stack.text_chat("asha", "hello")["id"])

    assert (job["status"], job["result"]["audio_url"]) == ("succeeded", None)
    assert [warning["code"] for warning in job["result"]["warnings"]] == ["speech_out_of_memory"]
    assert hungry_stack.finished(hungry_stack.text_chat("asha", "hello")["id"])["result"]["audio_url"]
    [(_, failing), *_, (_, clean)] = memory.noted("tts")
    assert failing != clean
    assert lost_runs(hungry_stack) == 0


def test_jobs_that_wait_behind_a_child_that_ends_lose_nothing(
    hungry_stack: Stack, memory: Memory, recording: Path
) -> None:
    memory.fail("stt", times=2)

    jobs = [hungry_stack.voice_chat(f"u{number}", recording).json()["id"] for number in range(5)]
    ended = [hungry_stack.finished(job_id) for job_id in jobs]

    assert sorted(job["status"] for job in ended) == ["failed"] + ["succeeded"] * 4
    assert {job["error"]["code"] for job in ended if job["error"]} == {"out_of_memory"}
    assert len({process for _, process in memory.noted("stt")}) == 2
    assert lost_runs(hungry_stack) == 0
