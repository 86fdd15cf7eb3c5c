"""What workers tell operators of their tasks: all of it, also of a task that ends as its worker stops."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from shared.queue import TaskName, create_celery
from tests.support.gated_engines import Gate
from tests.support.stack import WORKERS, Stack, eventually, running_stack

WHOLE = ["task-received", "task-started", "task-succeeded"]
STEPS = {TaskName.LLM_STEP, TaskName.GPU_STEP}


@contextmanager
def listening(stack: Stack) -> Iterator[list[dict[str, Any]]]:
    """Collect what the workers tell in the block, in the order in which it comes."""
    told: list[dict[str, Any]] = []
    app = create_celery(stack.redis.url, socket_timeout_seconds=5)
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": told.append})
        thread = Thread(target=receiver.capture)
        thread.start()
        try:
            # It asks for a sign of life when it listens.
            eventually(lambda: told, what="the first event")
            yield told
        finally:
            receiver.should_stop = True
            thread.join(30)


def lives_of_steps(told: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what was told of each task that ran a step."""
    events: dict[str, list[str]] = defaultdict(list)
    for event in list(told):
        if event["type"].startswith("task-"):
            events[event["uuid"]].append(event["type"])
    steps = {event["uuid"] for event in list(told) if event.get("name") in STEPS}
    return {task: events[task] for task in steps}


def all_told(told: list[dict[str, Any]], *, tasks: int) -> bool:
    """Tell whether so many tasks that ran a step were told of, and each from beginning to end."""
    lives = lives_of_steps(told)
    return len(lives) >= tasks and all(life == WHOLE for life in lives.values())


def test_every_step_is_told_of_from_beginning_to_end(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    with (
        running_stack(tmp_path, create_migrated_database(), "api", *WORKERS) as stack,
        listening(stack) as told,
    ):
        for number in range(3):
            stack.finished(stack.text_chat("asha", f"I am go to market {number}")["id"])
        for worker in ("gpu", "llm"):
            stack.end(worker)

        eventually(lambda: all_told(told, tasks=6), what="the end of every task")


@pytest.mark.parametrize("worker", ["llm", "gpu"])
def test_a_step_that_ends_while_its_worker_stops_is_told_of_too(
    tmp_path: Path, create_migrated_database: Callable[[], str], gate: Gate, worker: str
) -> None:
    kind, step = {"llm": ("llm", "reply"), "gpu": ("tts", "speak")}[worker]
    extra = gate.settings() | {"SHUTDOWN_GRACE_SECONDS": "60"}
    with (
        running_stack(tmp_path, create_migrated_database(), "api", *WORKERS, extra=extra) as stack,
        listening(stack) as told,
    ):
        gate.open(*{"llm", "tts"} - {kind})
        job = stack.text_chat("asha", "I am go to market")
        eventually(lambda: gate.busy(kind), what="the step at work")
        with ThreadPoolExecutor(1) as threads:
            stopping = threads.submit(stack.end, worker)
            eventually(lambda: "Warm shutdown" in stack.log(worker), what="the worker told to stop")
            gate.open(kind)
            stopping.result(60)

        result = f"'{step} of {job['id']}'"
        eventually(lambda: result in [event.get("result") for event in told], what="the task's end")
