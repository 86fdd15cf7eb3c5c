"""Dispatch: where a hint goes, and that a broker that is away says so soon."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from local.ports import free_port
from shared.models import QueueName, StepKind
from shared.queue import (
    PUBLISH_TIMEOUT_SECONDS,
    STEP_TASKS,
    PublishError,
    create_celery,
    direct_queue,
    publish,
)
from shared.steps import QUEUE_OF_KIND

# Generous: what must not happen is to hang.
BOUND_SECONDS = 20.0


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def seconds_to_fail(port: int) -> float:
    app = create_celery(f"redis://127.0.0.1:{port}/0", socket_timeout_seconds=PUBLISH_TIMEOUT_SECONDS)
    started = time.monotonic()
    with closing(app), pytest.raises(PublishError):
        publish(app, QueueName.LLM)
    return time.monotonic() - started


def test_a_dead_broker_is_an_error_soon() -> None:
    assert seconds_to_fail(free_port()) < BOUND_SECONDS


def test_a_hung_broker_is_an_error_soon(silent_port: int) -> None:
    assert seconds_to_fail(silent_port) < BOUND_SECONDS


def test_whatever_the_brokers_driver_raises_is_that_error() -> None:
    app = create_celery("redis://127.0.0.1:1/0?unknown=1", socket_timeout_seconds=1)

    with closing(app), pytest.raises(PublishError) as refusal:
        publish(app, QueueName.LLM)
    assert isinstance(refusal.value.__cause__, TypeError)


@pytest.mark.parametrize("queue", sorted(set(QUEUE_OF_KIND.values())))
def test_every_queue_that_has_steps_has_a_task_that_runs_them(queue: QueueName) -> None:
    app = create_celery("redis://127.0.0.1:1/0", socket_timeout_seconds=1)

    assert app.conf.task_routes[STEP_TASKS[queue]] == {"queue": queue}


def test_only_the_engines_that_hear_and_speak_need_the_gpu() -> None:
    assert QUEUE_OF_KIND == {
        StepKind.TRANSCRIBE: QueueName.GPU,
        StepKind.REPLY: QueueName.LLM,
        StepKind.SPEAK: QueueName.GPU,
        StepKind.JOIN: QueueName.LLM,
    }


def test_each_worker_has_a_queue_of_its_own() -> None:
    assert direct_queue("gpu@one") != direct_queue("gpu@two")


def test_two_applications_do_not_share_their_configuration() -> None:
    first = create_celery("redis://127.0.0.1:1/0", socket_timeout_seconds=1)
    second = create_celery("redis://127.0.0.1:2/0", socket_timeout_seconds=2)

    assert first.conf.broker_url != second.conf.broker_url
    assert first.conf.broker_transport_options["socket_timeout"] == 1
