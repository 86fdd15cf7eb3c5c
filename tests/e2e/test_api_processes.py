"""Several API processes on one port, as a deployment runs them: no request depends on which one it meets."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import psutil
import pytest

from tests.support.gated_engines import Gate
from tests.support.stack import WORKERS, Stack, eventually, running_stack

PROCESSES = 2
REQUESTS = 24  # so many that one process alone hardly takes them all


@pytest.fixture(scope="module")
def wide_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("wide")
    extra = gate.settings("llm") | {"WEB_CONCURRENCY": str(PROCESSES)}
    with running_stack(directory, create_migrated_database(), "api", *WORKERS, extra=extra) as running:
        eventually(lambda: len(serving(running)) == PROCESSES, what="every process at work")
        yield running


def serving(stack: Stack) -> dict[int, psutil.Process]:
    """Return the API's processes that are connected to PostgreSQL, by id; uvicorn's helpers are not."""
    port = httpx.URL(stack.database_url).port
    found = {}
    for child in stack.process("api").children():
        with suppress(psutil.Error):
            if any(each.raddr and each.raddr.port == port for each in child.net_connections(kind="tcp")):
                found[child.pid] = child
    return found


def on_many_connections(stack: Stack, path: str) -> list[httpx.Response]:
    """Get the path on a new connection each, all at once."""

    def get(_: int) -> httpx.Response:
        return httpx.get(f"{stack.settings.local_url}{path}", timeout=90)

    with ThreadPoolExecutor(REQUESTS) as threads:
        return list(threads.map(get, range(REQUESTS)))


def test_waiters_in_every_process_hear_of_the_end(wide_stack: Stack, gate: Gate) -> None:
    gate.shut()
    job = wide_stack.text_chat("asha", "I am go to market")
    eventually(lambda: gate.busy("llm"), what="the tutor at its gate")
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(on_many_connections, wide_stack, f"/jobs/{job['id']}/wait?timeout=60")
        gate.open()
        answers = waiting.result()

    assert {answer.json()["status"] for answer in answers} == {"succeeded"}


def test_a_link_signed_by_one_process_is_good_at_every_other(wide_stack: Stack, gate: Gate) -> None:
    gate.open()
    job = wide_stack.finished(wide_stack.text_chat("ravi", "Hello, how are you?")["id"])
    path = httpx.URL(job["result"]["audio_url"]).raw_path.decode()

    assert {answer.status_code for answer in on_many_connections(wide_stack, path)} == {200}


def test_a_process_that_is_killed_is_replaced_while_the_others_answer(wide_stack: Stack) -> None:
    before = serving(wide_stack)
    victim = next(iter(before.values()))
    victim.send_signal(signal.SIGKILL)

    def is_replaced() -> bool:
        now = serving(wide_stack)
        return victim.pid not in now and len(now) == PROCESSES

    eventually(is_replaced, what="a new process at work")
    assert {answer.status_code for answer in on_many_connections(wide_stack, "/health/ready")} == {200}
