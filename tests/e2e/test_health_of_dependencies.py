"""What `/health` says of servers that answer and do not work."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from redis import Redis

from local.servers import EmbeddedPostgres
from tests.support.gemini_server import GeminiServer, failed
from tests.support.stack import Stack, eventually, running_stack

ROLE_PASSWORD = "limited"  # noqa: S105
ROLE_CONNECTIONS = 12


@pytest.fixture(scope="module")
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        yield running


@pytest.fixture(scope="module")
def limited_url(postgres: EmbeddedPostgres, create_migrated_database: Callable[[], str]) -> str:
    """The URL of a database for a role that may have few connections, and is no superuser."""
    url, role = create_migrated_database(), f"r{uuid4().hex}"
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} CONNECTION LIMIT {}").format(
                sql.Identifier(role), ROLE_PASSWORD, sql.Literal(ROLE_CONNECTIONS)
            )
        )
        admin.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(sql.Identifier(role)))
    return f"postgresql://{role}:{ROLE_PASSWORD}@127.0.0.1:{postgres.port}/{name}"


@pytest.fixture(scope="module")
def watched_stack(
    tmp_path_factory: pytest.TempPathFactory, limited_url: str, gemini: GeminiServer
) -> Iterator[Stack]:
    extra = {"LLM_ENGINE": "gemini", "GEMINI_API_KEY": "AIza-key", "GEMINI_BASE_URL": gemini.url}
    directory = tmp_path_factory.mktemp("watched")
    with running_stack(directory, limited_url, "api", "llm", extra=extra) as running:
        yield running


def seen(stack: Stack, name: str) -> tuple[str, bool, str | None]:
    """Return the status of all, and what is said of one dependency."""
    health = stack.client.get("/health").json()
    dependency = health["dependencies"][name]
    return health["status"], dependency["ok"], dependency["detail"]


def test_a_full_redis_is_named(watched_stack: Stack) -> None:
    assert seen(watched_stack, "broker")[1:] == (True, None)
    with Redis.from_url(watched_stack.redis.url) as redis:
        redis.config_set("maxmemory", "1")
        full = seen(watched_stack, "broker")
        redis.config_set("maxmemory", "0")

    assert full == ("degraded", False, "refuses writes: its memory is full")
    assert seen(watched_stack, "broker")[1:] == (True, None)


def test_a_postgresql_without_free_connections_is_named(watched_stack: Stack, limited_url: str) -> None:
    assert seen(watched_stack, "database")[1:] == (True, None)
    with ExitStack() as taken:
        for _ in range(ROLE_CONNECTIONS + 1):
            try:
                taken.enter_context(psycopg.connect(limited_url))
            except psycopg.OperationalError as error:
                assert "too many connections" in str(error)  # noqa: PT017
                break
        else:
            pytest.fail("the role has no limit")
        full = seen(watched_stack, "database")

    assert full == ("degraded", False, "takes no new connection: all may be taken")
    eventually(lambda: seen(watched_stack, "database")[1], what="connections free again")


def test_a_key_that_is_refused_on_every_call_is_named(watched_stack: Stack, gemini: GeminiServer) -> None:
    refused = failed(403, "PERMISSION_DENIED")
    gemini.script(refused, refused)
    for name in ("asha", "tara"):
        job = watched_stack.text_chat(name, "I am go to market", speak=[])
        assert watched_stack.finished(job["id"])["error"]["code"] == "tutor_unavailable"

    assert seen(watched_stack, "tutor") == ("degraded", False, "its last calls failed (2): tutor_unavailable")
    job = watched_stack.text_chat("asha", "I am go to market", speak=[])
    assert watched_stack.finished(job["id"])["status"] == "succeeded"
    assert seen(watched_stack, "tutor")[1:] == (True, None)


def test_a_tutors_failures_before_its_restart_do_not_count(
    watched_stack: Stack, gemini: GeminiServer
) -> None:
    refused = failed(403, "PERMISSION_DENIED")
    gemini.script(refused, refused, refused)
    for _ in range(3):
        watched_stack.finished(watched_stack.text_chat("asha", "I am go to market", speak=[])["id"])
    assert not seen(watched_stack, "tutor")[1]
    watched_stack.end("llm")
    watched_stack.start("llm")

    eventually(lambda: seen(watched_stack, "tutor")[1], what="a tutor that has failed at nothing")
