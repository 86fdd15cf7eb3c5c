"""An API that is asked to stop answers whoever waits, at once, and ends; what it accepted goes on."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from redis import Redis

from local.servers import EmbeddedRedis
from shared.queue import direct_queue
from tests.support.contract import TEXT, VOICE, assert_problem, post_audio, silence
from tests.support.stack import Stack, eventually, running_stack
from tests.support.waiting import begin_to_wait

BODY = {"user_id": "asha", "message": "Hello"}
END_SECONDS = 8.0


@pytest.fixture
def idle(tmp_path: Path, create_migrated_database: Callable[[], str]) -> Iterator[Stack]:
    """An API without workers: nothing that it accepts is ever done."""
    with running_stack(tmp_path, create_migrated_database(), "api") as running:
        eventually(lambda: "startup complete" in running.logs(), what="the API at work")
        yield running


def waiting_requests(client: httpx.Client) -> dict[str, Callable[[], httpx.Response]]:
    return {
        "preferred": lambda: client.post(TEXT, json=BODY, headers={"Prefer": "wait=60"}),
        "voice": lambda: post_audio(client, silence(0.5), Prefer="wait=60"),
        "text-wait": lambda: client.post(f"{TEXT}/wait", json=BODY),
        "voice-wait": lambda: post_audio(client, silence(0.5), path=f"{VOICE}/wait"),
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_waits_is_answered_at_once_and_no_job_is_lost(idle: Stack, number: signal.Signals) -> None:
    job = idle.text_chat("asha", "Hello")
    api = idle.process("api")
    with ThreadPoolExecutor(20) as threads:
        asked = waiting_requests(idle.client)
        waiting: dict[str, list[Future[httpx.Response]]] = {
            name: [threads.submit(ask) for _ in range(3)] for name, ask in asked.items()
        }
        url = f"/jobs/{job['id']}/wait"
        waiting["job"] = [begin_to_wait(threads, idle.client, url, seconds=60) for _ in range(3)]
        eventually(lambda: idle.sql("SELECT 1 FROM jobs OFFSET 12"), what="twelve more jobs accepted")
        began = time.monotonic()
        api.send_signal(number)
        answers = {name: [each.result() for each in some] for name, some in waiting.items()}
        took = time.monotonic() - began

    assert took < END_SECONDS
    assert_ended(api, began)
    for answer in answers["preferred"] + answers["voice"]:
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    for answer in answers["job"]:
        assert (answer.status_code, answer.json()["id"]) == (200, job["id"])
    for answer in answers["text-wait"] + answers["voice-wait"]:
        assert_problem(answer, 504, "wait_timeout")
    [(unfinished,)] = idle.sql("SELECT count(*) FROM jobs WHERE finished_at IS NULL")
    assert unfinished == 13


def assert_ended(process: psutil.Process, began: float) -> None:
    process.wait(timeout=max(0.0, began + END_SECONDS - time.monotonic()))


def test_loading_models_is_given_up(idle: Stack, redis_server: EmbeddedRedis) -> None:
    idle.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, started_at, seen_at) VALUES"
        " ('gpu@here', 'here', 1, '{gpu}', '{\"stt\": \"x\"}', '{}', now(), now() + interval '1 hour')"
    )
    api = idle.process("api")
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(idle.client.post, "/api/v1/ai/init-models")
        with Redis.from_url(idle.redis.url) as redis:
            eventually(lambda: redis.exists(direct_queue("gpu@here")), what="the worker asked")
        began = time.monotonic()
        api.terminate()
        assert_problem(asked.result(), 504, "models_timeout")
    assert_ended(api, began)


def test_a_request_that_still_arrives_is_taken_in(idle: Stack) -> None:
    api, url = idle.process("api"), idle.client.base_url
    request = idle.client.build_request(
        "POST", VOICE, data={"user_id": "asha"}, files={"audio_file": silence(1)}
    )
    content = request.read()
    head = f"POST {VOICE} HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\n"
    head += f"Content-Type: {request.headers['content-type']}\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(content[:500])
        api.terminate()
        eventually(lambda: "Shutting down" in idle.logs(), what="the API on its way out")
        connection.sendall(content[500:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 202 ")
    assert_ended(api, time.monotonic())
