"""An engine that does not return is cut at its limit, and the next job runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.gated_engines import Gate
from tests.support.recordings import write_tone
from tests.support.stack import Stack, running_stack

LIMIT_SECONDS = "1"


@pytest.fixture(scope="module")
def hanging_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    extra = gate.settings("llm", "tts") | {
        "STT_ENGINE": "tests.support.gated_engines:HangingTranscriber",
        "STT_TIMEOUT_SECONDS": LIMIT_SECONDS,
        "LLM_TIMEOUT_SECONDS": LIMIT_SECONDS,
        "TTS_TIMEOUT_SECONDS": LIMIT_SECONDS,
    }
    directory = tmp_path_factory.mktemp("hanging")
    with running_stack(directory, create_migrated_database(), extra=extra) as running:
        yield running


@pytest.fixture(autouse=True)
def open_gate(gate: Gate) -> None:
    gate.shut()
    gate.open()


def test_a_transcriber_that_holds_the_interpreter_is_killed_and_replaced(
    hanging_stack: Stack, tmp_path: Path
) -> None:
    stuck = hanging_stack.voice_chat("asha", write_tone(tmp_path / "tone.wav")).json()
    next_one = hanging_stack.text_chat("asha", "hello")
    failed = hanging_stack.finished(stuck["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "stt_timeout")
    assert failed["error"]["stage"] == "transcribe"
    assert f"job {stuck['id']}] transcribe hung" in hanging_stack.log("gpu")
    assert hanging_stack.finished(next_one["id"])["result"]["audio_url"]


def test_a_tutor_that_never_answers_fails_the_job(hanging_stack: Stack, gate: Gate) -> None:
    gate.shut()
    job = hanging_stack.text_chat("asha", "hello")
    failed = hanging_stack.finished(job["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "llm_timeout")


def test_a_voice_that_never_comes_leaves_the_reply(hanging_stack: Stack, gate: Gate) -> None:
    gate.shut()
    gate.open("llm")
    job = hanging_stack.finished(hanging_stack.text_chat("asha", "hello")["id"])
    assert job["status"] == "succeeded"
    assert job["result"]["audio_url"] is None
    assert [warning["code"] for warning in job["result"]["warnings"]] == ["speech_timeout"]
