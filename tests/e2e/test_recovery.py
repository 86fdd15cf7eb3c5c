"""What a crash may cost: time, never a job, and no effect twice."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support import figures
from tests.support.gated_engines import Gate
from tests.support.recordings import write_tone
from tests.support.stack import WORKERS, Stack, eventually, has_ended, running_stack

pytestmark = pytest.mark.usefixtures("shut_gate")

DEATHS_ALLOWED = 3  # the default: so many quarantine a job


def assert_every_effect_happened_once(stack: Stack, job_id: str) -> None:
    steps = stack.sql("SELECT outcome FROM steps WHERE job_id = :job", job=job_id)
    assert {outcome for (outcome,) in steps} == {"succeeded"}
    told = stack.sql(
        "SELECT type, count(*) FROM job_events WHERE job_id = :job"
        " GROUP BY type, data ->> 'part', data ->> 'index'",
        job=job_id,
    )
    assert {count for _, count in told} == {1}, told
    said = stack.sql("SELECT role, count(*) FROM messages WHERE job_id = :job GROUP BY role", job=job_id)
    assert dict(map(tuple, said)) == {"learner": 1, "tutor": 1}
    [(turns,)] = stack.sql(
        "SELECT text_turns + voice_turns FROM daily_usage JOIN jobs USING (learner_id) WHERE jobs.id = :job",
        job=job_id,
    )
    assert turns == 1


def deaths(stack: Stack, job_id: str) -> int:
    [(counted,)] = stack.sql("SELECT sum(deaths) FROM steps WHERE job_id = :job", job=job_id)
    return int(counted)


def replies_taken(stack: Stack) -> float:
    """Return how many replies the sweep has taken from dead workers."""
    return figures.read(stack.metrics("maintenance")).of("leases_expired_total", kind="reply")


def test_a_voice_job_survives_its_gpu_child(gated_stack: Stack, gate: Gate, tmp_path: Path) -> None:
    job = gated_stack.voice_chat("child-dies", write_tone(tmp_path / "tone.wav")).json()
    [child] = eventually(lambda: gate.busy("stt"), what="the transcriber at work")
    os.kill(child, signal.SIGKILL)
    eventually(lambda: gate.busy("stt") - {child}, what="another child at the same stage")
    gate.open()
    done = gated_stack.finished(job["id"])
    assert done["status"] == "succeeded", done
    assert done["result"]["audio_url"]
    assert deaths(gated_stack, job["id"]) == 1
    assert_every_effect_happened_once(gated_stack, job["id"])


def test_a_child_whose_parent_dies_while_it_starts_ends_quietly(gated_stack: Stack, gate: Gate) -> None:
    gate.open()
    gated_stack.finished(gated_stack.text_chat("starts", "hello")["id"])
    worker = gated_stack.process("gpu")
    [busy] = gate.busy("tts")
    old = psutil.Process(busy)
    old.kill()
    eventually(lambda: has_ended(old), what="the old child's end")
    [child] = eventually(lambda: starting(worker), what="a new child")
    worker.kill()
    eventually(lambda: has_ended(child), what="its end")
    gated_stack.kill("gpu")
    gated_stack.start("gpu")

    assert "Traceback" not in gated_stack.log("gpu")


def starting(worker: psutil.Process) -> list[psutil.Process]:
    """Return the pool's child that lives, but not the helper that tracks semaphores."""
    living = [process for process in worker.children() if not has_ended(process)]
    return [process for process in living if any("spawn_main" in part for part in process.cmdline())]


@pytest.mark.parametrize(("worker", "engine"), [("llm", "llm"), ("gpu", "tts")])
def test_a_text_job_survives_a_whole_worker(gated_stack: Stack, gate: Gate, worker: str, engine: str) -> None:
    gate.open(*{"llm", "tts"} - {engine})
    job = gated_stack.text_chat(f"{worker}-dies", "hello")
    eventually(lambda: gate.busy(engine), what=f"the {worker} worker at work")
    gated_stack.kill(worker)
    gate.forget()
    gated_stack.start(worker)
    eventually(lambda: gate.busy(engine), what=f"the new {worker} worker at work")
    gate.open()
    done = gated_stack.finished(job["id"])
    assert done["status"] == "succeeded", done
    assert done["result"]["audio_url"]
    assert_every_effect_happened_once(gated_stack, job["id"])


def test_a_crash_of_the_llm_worker_is_counted_against_none_of_the_replies_beside_each_other(
    gated_stack: Stack, gate: Gate
) -> None:
    before = replies_taken(gated_stack)
    jobs = [gated_stack.text_chat(f"beside{number}", "hello", speak=[])["id"] for number in range(5)]

    def at_work() -> bool:
        [(count,)] = gated_stack.sql(
            "SELECT count(*) FROM steps JOIN jobs ON jobs.id = job_id"
            " JOIN learners ON learners.id = learner_id"
            " WHERE user_id LIKE 'beside%' AND lease_token IS NOT NULL"
        )
        return int(count) == len(jobs)

    for _ in range(DEATHS_ALLOWED):
        eventually(at_work, what="every reply at work")
        gated_stack.kill("llm")
        eventually(lambda: not at_work(), what="the replies taken from the dead worker")
        gated_stack.start("llm")
    gate.open()

    for job in jobs:
        assert gated_stack.finished(job)["status"] == "succeeded"
        assert_every_effect_happened_once(gated_stack, job)
        assert deaths(gated_stack, job) == 0
    assert replies_taken(gated_stack) - before == DEATHS_ALLOWED * len(jobs)


def test_the_turns_of_a_conversation_stay_in_order_over_a_crash(gated_stack: Stack, gate: Gate) -> None:
    jobs = [
        gated_stack.text_chat("in-order", f"turn {number}", conversation_id="one", speak=[])
        for number in range(3)
    ]
    eventually(lambda: gate.busy("llm"), what="the first turn at the tutor")
    gated_stack.kill("llm")
    gate.open()
    gated_stack.start("llm")
    replies = [gated_stack.finished(job["id"])["result"]["reply_text"] for job in jobs]
    assert [f"I remember {number} turns" in reply for number, reply in enumerate(replies)] == [True] * 3


def test_no_queued_job_is_lost_with_redis(
    tmp_path: Path, create_migrated_database: Callable[[], str], gate: Gate
) -> None:
    gate.open()
    with running_stack(
        tmp_path, create_migrated_database(), "api", "maintenance", extra=gate.settings()
    ) as stack:
        eventually(lambda: stack.redis_keys() > 0, what="the sweep's sentinel")
        jobs = [stack.text_chat(f"u{number}", "hello") for number in range(10)]
        stack.redis.kill()
        stack.redis.start()
        stack.start(*set(WORKERS) - {"maintenance"})
        for job in jobs:
            assert stack.finished(job["id"])["status"] == "succeeded"
            assert_every_effect_happened_once(stack, job["id"])
