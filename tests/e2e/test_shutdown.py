"""A worker that is told to stop finishes what it can within its grace, and hands over the rest at once."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from tests.support.gated_engines import Gate
from tests.support.recordings import write_tone
from tests.support.stack import Stack, eventually, has_ended, running_stack

pytestmark = pytest.mark.usefixtures("shut_gate")

# So long that nothing here can come from a lease that ran out or a hint that was taken for lost.
LONG = {"LEASE_SECONDS": "300", "HEARTBEAT_SECONDS": "60", "REPUBLISH_AFTER_SECONDS": "300"}
GRACE_SECONDS = "5"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    """All but GPU workers, which each test starts for itself."""
    directory, database = tmp_path_factory.mktemp("stopping"), create_migrated_database()
    extra = gate.settings() | LONG | {"SHUTDOWN_GRACE_SECONDS": GRACE_SECONDS}
    with running_stack(directory, database, "api", "llm", "maintenance", extra=extra) as running:
        yield running
        gate.open()
        assert "Traceback" not in running.logs()


@contextmanager
def ending(process: psutil.Process) -> Iterator[None]:
    """Check that the process, which was told to stop, ends with all its children."""
    family = [process, *process.children(recursive=True)]
    yield
    for member in family:
        eventually(lambda member=member: has_ended(member), what=f"the end of {member}")  # type: ignore[misc]


def runs(stack: Stack, job_id: str) -> list[tuple[str, str]]:
    """Return where each stage of the job ended, in order, and how: the last worker, without its host."""
    rows = stack.sql(
        "SELECT split_part(worker, '@', 1), outcome FROM steps WHERE job_id = :job AND kind <> 'join'"
        " ORDER BY finished_at",
        job=job_id,
    )
    return [each for each, _ in groupby((row[0], row[1]) for row in rows)]


def deaths(stack: Stack) -> int:
    [(count,)] = stack.sql("SELECT coalesce(sum(deaths), 0) FROM steps")
    return int(count)


def test_a_stage_that_outlasts_the_grace_goes_to_another_worker_at_once(
    stack: Stack, gate: Gate, recording: Path
) -> None:
    gate.open("llm", "tts")
    stack.start_another("gpu", "busy")
    job = stack.voice_chat("asha", recording).json()
    [busy] = eventually(lambda: gate.busy("stt"), what="the transcriber at work")
    stack.start_another("gpu", "other")
    with ending(stack.stop_one("busy")):
        [other] = eventually(lambda: gate.busy("stt") - {busy}, what="another worker at it")
    assert psutil.Process(other).ppid() == stack.process("other").pid
    gate.open()

    assert stack.finished(job["id"])["status"] == "succeeded"
    assert runs(stack, job["id"]) == [
        ("other", "succeeded"),
        ("llm", "succeeded"),
        ("other", "succeeded"),
    ]
    assert deaths(stack) == 0
    assert stack.sql("SELECT name FROM workers WHERE name LIKE 'busy@%'") == []
    stack.kill("other")


def test_a_stage_that_ends_within_the_grace_is_recorded_once(
    stack: Stack, gate: Gate, recording: Path
) -> None:
    gate.open("llm", "tts")
    stack.start_another("gpu", "quick")
    job = stack.voice_chat("asha", recording).json()
    eventually(lambda: gate.busy("stt"), what="the transcriber at work")
    with ending(stack.stop_one("quick")):
        eventually(lambda: "Warm shutdown" in stack.log("quick"), what="the stop heard")
        gate.open()
    stack.start_another("gpu", "next")

    assert stack.finished(job["id"])["status"] == "succeeded"
    assert runs(stack, job["id"]) == [("quick", "succeeded"), ("llm", "succeeded"), ("next", "succeeded")]
    stack.kill("next")


def test_hints_that_a_stopping_worker_took_and_never_started_are_not_stranded(
    stack: Stack, gate: Gate, recording: Path
) -> None:
    stack.start_another("gpu", "childless")
    jobs = [stack.voice_chat(f"u{number}", recording).json() for number in range(4)]
    [child] = eventually(lambda: gate.busy("stt"), what="the transcriber at work")
    gate.open()
    os.kill(child, signal.SIGKILL)
    # Now a hint is taken, the dead one's or the next, while the new child is not there to start it.
    eventually(lambda: "died" in stack.log("childless"), what="the child's death seen")
    with ending(stack.stop_one("childless")):
        stack.start_another("gpu", "starter")

    for job in jobs:
        assert stack.finished(job["id"])["status"] == "succeeded"
    # For a moment the sweep's own message may be in its worker's hands.
    eventually(lambda: stack.unacknowledged() == 0, what="no message stranded")
    stack.kill("starter")


def test_replies_that_outlast_the_grace_and_hints_that_came_too_late_go_to_another_worker(
    stack: Stack, gate: Gate
) -> None:
    jobs = [stack.text_chat(f"early{number}", "hello", speak=[]) for number in range(4)]
    eventually(lambda: leased(stack, "llm") == 4, what="the replies at work")
    stack.start_another("llm", "llm2")
    eventually(lambda: "ready" in stack.log("llm2"), what="the other at work")
    with ending(stack.stop_one("llm")):
        # Redis gives some of these to the worker that has just been told to stop.
        jobs += [stack.text_chat(f"late{number}", "hello", speak=[]) for number in range(12)]
        eventually(lambda: leased(stack, "llm2") == 16, what="every reply at the other")
    gate.open()

    for job in jobs:
        assert stack.finished(job["id"])["status"] == "succeeded"
        assert runs(stack, job["id"])[-1] == ("llm2", "succeeded")
    # For a moment the sweep's own message may be in its worker's hands.
    eventually(lambda: stack.unacknowledged() == 0, what="no message stranded")


def leased(stack: Stack, worker: str) -> int:
    [(count,)] = stack.sql(
        "SELECT count(*) FROM steps WHERE lease_token IS NOT NULL AND worker LIKE :name", name=f"{worker}@%"
    )
    return int(count)
