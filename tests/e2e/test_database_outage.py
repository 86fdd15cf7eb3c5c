"""PostgreSQL hangs, or is killed and comes back: clients are told soon, and the API heals by itself."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx
import psutil
import pytest

from local.servers import EmbeddedPostgres
from tests.conftest import migrate
from tests.support import figures
from tests.support.contract import TEXT, VOICE, assert_problem, post_audio, silence
from tests.support.stack import Stack, eventually, running_stack
from tests.support.waiting import begin_to_wait

BODY = {"user_id": "asha", "message": "Hello"}
# The API gives PostgreSQL 4 s; a busy machine needs some to decode and to answer.
BOUND_SECONDS = 20.0
POOL_SIZE = 3


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("outage-postgres")) as server:
        migrate(server.url, "head")
        yield server
        server.kill()


@pytest.fixture(scope="module")
def api(own_postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An API without workers, on a PostgreSQL that may be harmed."""
    directory = tmp_path_factory.mktemp("outage")
    extra = {"DATABASE_POOL_SIZE": str(POOL_SIZE), "MAX_UNFINISHED_JOBS_PER_USER": "10000"}
    with running_stack(directory, own_postgres.url, "api", extra=extra) as running:
        eventually(lambda: "startup complete" in running.logs(), what="the API at work")
        yield running


@contextmanager
def hanging(server: EmbeddedPostgres) -> Iterator[None]:
    """Stop every process of the server; the kernel goes on answering for it."""
    leader = psutil.Process(server.pid)
    processes = [leader, *leader.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def fill_the_pool(stack: Stack) -> None:
    """Have every pooled connection open."""
    with ThreadPoolExecutor(4 * POOL_SIZE) as threads:
        list(threads.map(lambda _: stack.text_chat("asha", "Hello"), range(8 * POOL_SIZE)))


def requests(stack: Stack, job_id: str) -> list[Callable[[], httpx.Response]]:
    client = stack.client
    return [
        lambda: client.post(TEXT, json=BODY),
        lambda: client.post(f"{TEXT}/wait", json=BODY),
        lambda: client.post(TEXT, json=BODY, headers={"Idempotency-Key": "k"}),
        lambda: client.post(TEXT, json=BODY, headers={"Prefer": "wait=30"}),
        lambda: post_audio(client, silence(0.5)),
        lambda: post_audio(client, silence(0.5), path=f"{VOICE}/wait"),
        lambda: client.get(f"/jobs/{job_id}"),
        lambda: client.get(f"/jobs/{job_id}/wait"),
        lambda: client.post(f"/jobs/{job_id}/cancel"),
        lambda: client.post(f"/jobs/{job_id}/retry"),
        lambda: client.post("/api/v1/ai/init-models"),
    ]


def assert_unavailable(response: httpx.Response) -> None:
    assert_problem(response, 503, "database_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert response.elapsed.total_seconds() < BOUND_SECONDS, response.request


def assert_heals(stack: Stack) -> None:
    eventually(lambda: stack.client.get("/health/ready").status_code == 200, what="ready", within=20)
    fill_the_pool(stack)


def test_while_it_hangs_every_request_is_answered_in_time_and_the_api_heals(
    api: Stack, own_postgres: EmbeddedPostgres
) -> None:
    job = api.text_chat("asha", "Hello")
    fill_the_pool(api)
    many = requests(api, job["id"]) * 3
    with hanging(own_postgres), ThreadPoolExecutor(len(many)) as threads:
        for _ in range(2):  # on connections that were open, and on new ones
            list(threads.map(lambda request: assert_unavailable(request()), many))
    assert_heals(api)


def test_while_it_hangs_the_service_lives_but_is_not_ready(
    api: Stack, own_postgres: EmbeddedPostgres
) -> None:
    fill_the_pool(api)
    with hanging(own_postgres):
        for _ in range(2):
            health = api.client.get("/health")
            assert (health.status_code, health.elapsed.total_seconds() < 4) == (200, True)
            assert not health.json()["dependencies"]["database"]["ok"]
            assert_unavailable(api.client.get("/health/ready"))


def test_who_waits_while_it_hangs_gets_the_job_once_it_is_back(
    api: Stack, own_postgres: EmbeddedPostgres
) -> None:
    job = api.text_chat("asha", "Hello")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(api.client.get, f"/jobs/{job['id']}/wait", params={"timeout": 60})
        with hanging(own_postgres):
            # Longer than the LISTEN connection takes to notice.
            eventually(lambda: "the LISTEN connection is away" in api.logs(), what="the hang noticed")
        eventually(lambda: api.client.get("/health/ready").status_code == 200, what="ready")
        api.client.post(f"/jobs/{job['id']}/cancel")
        assert waiting.result().json()["status"] == "cancelled"


def test_a_lost_listen_connection_is_replaced_and_waiters_hear_at_once_again(
    api: Stack, own_postgres: EmbeddedPostgres
) -> None:
    find = "SELECT pid FROM pg_stat_activity WHERE application_name = 'api-listen'"
    [(lost,)] = eventually(lambda: api.sql(find), what="the LISTEN connection")
    api.sql("SELECT pg_terminate_backend(:pid)", pid=lost)
    eventually(lambda: [pid for (pid,) in api.sql(find) if pid != lost], what="another LISTEN connection")

    delays = [seconds_from_end_to_answer(api) for _ in range(5)]
    # Heard of only by the regular re-reading, each after the first would take the whole 3 s between two.
    assert min(delays[1:]) < 1, delays


def seconds_from_end_to_answer(stack: Stack) -> float:
    job = stack.text_chat("asha", "Hello")
    with ThreadPoolExecutor(1) as threads:
        waiting = begin_to_wait(threads, stack.client, f"/jobs/{job['id']}/wait", seconds=30)
        began = time.monotonic()
        stack.client.post(f"/jobs/{job['id']}/cancel")
        assert waiting.result().json()["done"]
        return time.monotonic() - began


def test_a_killed_and_restarted_server_costs_only_503_and_the_api_heals(
    api: Stack, own_postgres: EmbeddedPostgres
) -> None:
    job = api.text_chat("asha", "Hello")
    enough, seen = Event(), Counter[int]()

    def press(request: Callable[[], httpx.Response]) -> None:
        while not enough.is_set():
            response = request()
            if response.status_code >= 500:
                assert_unavailable(response)
            seen[response.status_code] += 1

    def more(status: int) -> None:
        before = seen[status]
        eventually(lambda: seen[status] >= before + 8, what=f"more answers with {status}")

    with ThreadPoolExecutor(8) as threads:
        pressing = [threads.submit(press, request) for request in requests(api, job["id"])[:1] * 8]
        try:
            for harm in (own_postgres.kill, own_postgres.stop):
                more(202)
                harm()
                more(503)
                own_postgres.start()
            more(202)
        finally:
            enough.set()
        for each in pressing:
            each.result()

    assert set(seen) == {202, 503}
    assert_heals(api)
    assert "unexpected error" not in api.logs()


def test_while_it_hangs_what_was_counted_is_shown_and_that_it_is_away(
    api: Stack, own_postgres: EmbeddedPostgres
) -> None:
    api.text_chat("asha", "Hello")
    with hanging(own_postgres):
        for _ in range(2):
            response = api.client.get("/metrics")
            assert (response.status_code, response.elapsed.total_seconds() < 4) == (200, True)
            shown = figures.read(response.text)
            assert shown.of("database_up") == 0
            assert shown.shown("queue_depth") == {}
            assert shown.of("jobs_accepted_total", kind="text") > 0
    eventually(lambda: figures.read(api.metrics("api")).of("database_up") == 1, what="the database shown")
    assert_heals(api)
