"""A worker goes on after Redis was lost, whatever it held and whoever of it had died."""

from collections.abc import Callable, Iterator

import psutil
import pytest

from shared.models import QueueName
from shared.queue import PUBLISH_TIMEOUT_SECONDS, TaskName, create_celery
from tests.support.crossed_engines import CrossedSynthesizer
from tests.support.engines_for_tests import engine
from tests.support.gated_engines import Gate
from tests.support.stack import Stack, eventually, has_ended, running_stack

pytestmark = pytest.mark.usefixtures("shut_gate")


@pytest.fixture(scope="module")
def crossed_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    extra = gate.settings("tts") | {"TTS_ENGINE": engine(CrossedSynthesizer)}
    with running_stack(
        tmp_path_factory.mktemp("crossed"), create_migrated_database(), extra=extra
    ) as running:
        yield running


def spoken(stack: Stack, job_id: str) -> bool:
    done = stack.finished(job_id)
    return done["status"] == "succeeded" and bool(done["result"]["audio_url"])


def child_at_work(stack: Stack, gate: Gate, message: str) -> tuple[str, psutil.Process]:
    """Have a text spoken; return the job and the child that stands at the gate with it."""
    job = stack.text_chat("reconnecting", message)["id"]
    [child] = eventually(lambda: gate.busy("tts"), what="the voice at its gate")
    gate.forget()
    return job, psutil.Process(child)


def hint_before(stack: Stack, child: psutil.Process) -> str:
    """Stop the idle child and have a hint wait for it in the main process; return the hint's job."""
    child.suspend()
    job: str = stack.text_chat("reconnecting", "after it")["id"]
    waits = "the hint in the main process's hands"
    eventually(lambda: stack.job(job)["stage"] == "synthesize" and stack.unacknowledged() == 1, what=waits)
    return job


def test_hints_reach_the_next_child_after_one_died_at_work_and_redis_was_lost(
    crossed_stack: Stack, gate: Gate
) -> None:
    job, child = child_at_work(crossed_stack, gate, "dies")
    child.kill()
    [heir] = eventually(lambda: gate.busy("tts"), what="the next child at the gate")
    gate.open()
    assert spoken(crossed_stack, job)

    crossed_stack.redis.kill()
    crossed_stack.redis.start()
    waiting = hint_before(crossed_stack, psutil.Process(heir))
    psutil.Process(heir).resume()

    assert spoken(crossed_stack, waiting)


def test_a_worker_outlives_a_redis_that_dies_before_a_hint_is_acknowledged(
    crossed_stack: Stack, gate: Gate
) -> None:
    gate.open()
    worker = crossed_stack.process("llm")
    # As every hint for a moment, one with a countdown is in the worker's hands and not acknowledged.
    with create_celery(crossed_stack.redis.url, socket_timeout_seconds=PUBLISH_TIMEOUT_SECONDS) as app:
        app.send_task(TaskName.LLM_STEP, queue=QueueName.LLM, countdown=60)
    eventually(lambda: crossed_stack.unacknowledged() == 1, what="the hint in the worker's hands")
    crossed_stack.redis.kill()
    crossed_stack.redis.start()

    assert spoken(crossed_stack, crossed_stack.text_chat("reconnecting", "after it")["id"])
    assert not has_ended(worker)
