"""What operators see, and what clients see while a server is down."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from api.publishing import BREAK_SECONDS
from local.ports import free_port
from shared.queue import PUBLISH_TIMEOUT_SECONDS
from tests.support.contract import TEXT, VOICE, assert_problem, post_audio, send_together, silence
from tests.support.stack import WORKERS, Stack, eventually, running_stack

AT_ONCE = 20
# Half of what it would take if each waited for Redis after the other, also on a busy machine.
QUICKLY_SECONDS = AT_ONCE * PUBLISH_TIMEOUT_SECONDS / 2
ORIGINS = ["https://app.example", "http://localhost:3000"]


@pytest.fixture(scope="module")
def no_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An API whose database nobody listens for."""
    url = f"postgresql://nobody:secret@127.0.0.1:{free_port()}/nothing"
    extra = {"CORS_ORIGINS": ", ".join(ORIGINS)}
    with running_stack(tmp_path_factory.mktemp("no-database"), url, "api", extra=extra) as running:
        eventually(lambda: "startup complete" in running.logs(), what="the API at work")
        yield running


@pytest.fixture(scope="module", params=["killed", "hanging"])
def no_redis(
    tmp_path_factory: pytest.TempPathFactory,
    create_migrated_database: Callable[[], str],
    request: pytest.FixtureRequest,
) -> Iterator[Stack]:
    """An API whose Redis was killed, or does not answer."""
    with running_stack(tmp_path_factory.mktemp("no-redis"), create_migrated_database(), "api") as running:
        eventually(lambda: "startup complete" in running.logs(), what="the API at work")
        redis = psutil.Process(running.redis.pid)
        if request.param == "killed":
            running.redis.kill()
            yield running
        else:
            redis.suspend()
            yield running
            redis.resume()


def test_health_shows_version_engines_and_every_dependency(stack: Stack) -> None:
    response = stack.client.get("/health")

    health = response.json()
    assert response.status_code == 200
    assert health.keys() == {"status", "version", "app_env", "engines", "dependencies"}
    assert (health["status"], health["app_env"]) == ("ok", "dev")
    assert health["engines"].keys() == {"stt", "llm", "tts"}
    assert all(engine["engine"] for engine in health["engines"].values())
    assert health["dependencies"].keys() == {"database", "broker", "storage", "workers", "tutor"}
    assert all(dependency["ok"] for dependency in health["dependencies"].values())
    queues = health["dependencies"]["workers"]["queues"]
    assert queues == {name: {"ok": True, "workers": 1} for name in WORKERS}


def test_a_job_that_nobody_ends_is_shown(tmp_path: Path, create_migrated_database: Callable[[], str]) -> None:
    url = create_migrated_database()
    with running_stack(tmp_path, url, "api") as running, psycopg.connect(url, autocommit=True) as database:
        assert running.client.post(TEXT, json={"user_id": "asha", "message": "Hello"}).status_code == 202
        fresh = running.client.get("/health").json()["dependencies"]["workers"]
        database.execute("UPDATE jobs SET queued_at = now() - interval '1 hour'")
        late = running.client.get("/health").json()

    assert "a job is long past its time" not in fresh["detail"]
    assert "a job is long past its time and is not ended" in late["dependencies"]["workers"]["detail"]
    assert late["status"] == "degraded"


def test_ready_while_jobs_can_be_accepted(stack: Stack) -> None:
    response = stack.client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


def test_without_a_database_messages_and_recordings_are_to_be_sent_again(no_database: Stack) -> None:
    body = {"user_id": "asha", "message": "Hello"}
    client = no_database.client
    for response in (
        client.post(TEXT, json=body),
        client.post(f"{TEXT}/wait", json=body),
        client.post(TEXT, json=body, headers={"Idempotency-Key": "k"}),
        client.post(TEXT, json=body, headers={"Prefer": "wait=5"}),
        post_audio(client, silence(0.5)),
        post_audio(client, silence(0.5), path=f"{VOICE}/wait"),
        client.get("/jobs/0b5b0b0e-0000-4000-8000-000000000000"),
        client.get("/jobs/0b5b0b0e-0000-4000-8000-000000000000/wait"),
    ):
        detail = assert_problem(response, 503, "database_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert response.json()["retryable"]
        assert response.elapsed.total_seconds() < 6
        assert "secret" not in detail


def test_without_a_database_what_is_not_valid_is_still_said(no_database: Stack) -> None:
    assert_problem(no_database.client.post(TEXT, json={}), 422, "invalid_request")
    assert_problem(post_audio(no_database.client, b"hello"), 415, "unsupported_audio")


def test_without_a_database_the_service_lives_but_is_not_ready(no_database: Stack) -> None:
    ready = no_database.client.get("/health/ready")
    health = no_database.client.get("/health")

    assert assert_problem(ready, 503, "database_unavailable").startswith("database: ")
    assert int(ready.headers["retry-after"]) > 0
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert not health.json()["dependencies"]["database"]["ok"]
    assert health.json()["dependencies"]["broker"]["ok"]
    assert "secret" not in health.text


def test_without_redis_messages_and_recordings_are_accepted_quickly(no_redis: Stack) -> None:
    for _ in range(2):
        began = time.monotonic()
        job = no_redis.text_chat("asha", "Hello")
        assert time.monotonic() - began < QUICKLY_SECONDS
        assert job["status"] == "queued"
    response = post_audio(no_redis.client, silence(0.5))
    assert (response.status_code, response.elapsed.total_seconds() < QUICKLY_SECONDS) == (202, True)


def test_without_redis_twenty_messages_at_once_are_accepted_as_quickly(no_redis: Stack) -> None:
    time.sleep(BREAK_SECONDS)  # the API's own pause, after which it tries Redis again
    body = {"user_id": "asha", "message": "Hello"}
    responses = send_together(no_redis.client, [{"url": TEXT, "json": body}] * AT_ONCE)
    assert {response.status_code for response in responses} == {202}
    assert max(response.elapsed.total_seconds() for response in responses) < QUICKLY_SECONDS


def test_without_redis_the_service_is_ready_but_says_what_is_down(no_redis: Stack) -> None:
    health = no_redis.client.get("/health")

    assert no_redis.client.get("/health/ready").status_code == 200
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert not health.json()["dependencies"]["broker"]["ok"]
    assert health.json()["dependencies"]["database"]["ok"]


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_browser_of_an_allowed_origin_may_call(no_database: Stack, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,idempotency-key,prefer",
    }
    preflight = no_database.client.options(TEXT, headers=asked)
    refused = no_database.client.post(TEXT, json={}, headers={"Origin": origin})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert refused.headers["access-control-allow-origin"] == origin
    exposed = refused.headers["access-control-expose-headers"]
    assert {"X-Request-ID", "Location", "Retry-After"} <= set(exposed.split(", "))


def test_a_browser_of_another_origin_may_not(no_database: Stack, stack: Stack) -> None:
    foreign = {"Origin": "https://evil.example"}
    for client in (no_database.client, stack.client):
        assert "access-control-allow-origin" not in client.get("/health", headers=foreign).headers
