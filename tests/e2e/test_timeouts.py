"""An engine that does not return is cut at its limit, and the next job runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.gated_engines import KINDS, Gate
from tests.support.recordings import write_tone
from tests.support.stack import Stack, running_stack


@pytest.fixture
def start_limited(
    tmp_path: Path, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Callable[[str], Stack]]:
    """Start the product with a second for one kind of engine; the others, which must succeed, have long."""
    with ExitStack() as running:

        def start(kind: str) -> Stack:
            extra = gate.settings("llm", "tts") | {
                "STT_ENGINE": "tests.support.gated_engines:HangingTranscriber",
                **{f"{each.upper()}_TIMEOUT_SECONDS": "1" if each == kind else "600" for each in KINDS},
            }
            return running.enter_context(running_stack(tmp_path, create_migrated_database(), extra=extra))

        yield start


@pytest.fixture(autouse=True)
def open_gate(gate: Gate) -> None:
    gate.shut()
    gate.open()


def test_a_transcriber_that_holds_the_interpreter_is_killed_and_replaced(
    start_limited: Callable[[str], Stack], tmp_path: Path
) -> None:
    stack = start_limited("stt")
    stuck = stack.voice_chat("asha", write_tone(tmp_path / "tone.wav")).json()
    next_one = stack.text_chat("asha", "hello")
    failed = stack.finished(stuck["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "stt_timeout")
    assert failed["error"]["stage"] == "transcribe"
    assert f"job {stuck['id']}] transcribe hung" in stack.log("gpu")
    assert stack.finished(next_one["id"])["result"]["audio_url"]


def test_a_tutor_that_never_answers_fails_the_job(start_limited: Callable[[str], Stack], gate: Gate) -> None:
    stack = start_limited("llm")
    gate.shut()
    job = stack.text_chat("asha", "hello")
    failed = stack.finished(job["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "llm_timeout")


def test_a_voice_that_never_comes_leaves_the_reply(start_limited: Callable[[str], Stack], gate: Gate) -> None:
    stack = start_limited("tts")
    gate.shut()
    gate.open("llm")
    job = stack.finished(stack.text_chat("asha", "hello")["id"])
    assert job["status"] == "succeeded"
    assert job["result"]["audio_url"] is None
    assert [warning["code"] for warning in job["result"]["warnings"]] == ["speech_timeout"]
