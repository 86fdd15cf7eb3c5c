import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.embedded import EmbeddedServer
from local.processes import StartError
from local.servers import EmbeddedPostgres, EmbeddedRedis
from tests.support.stack import eventually


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        yield server


@pytest.fixture
def embedded_redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "redis") as server:
        yield server


def note(server: EmbeddedPostgres, text: str) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
        connection.execute("INSERT INTO notes VALUES (%s)", [text])


def notes(server: EmbeddedPostgres) -> list[str]:
    with psycopg.connect(server.url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM notes")]


def processes_of(server: EmbeddedServer) -> list[psutil.Process]:
    assert server.pid is not None
    leader = psutil.Process(server.pid)
    return [leader, *leader.children(recursive=True)]


def test_postgres_serves_the_products_database_in_utf8(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute("SELECT current_database(), current_setting('server_encoding')").fetchone()

    assert row == ("english_practice", "UTF8")


def test_postgres_refuses_a_wrong_password(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace("//postgres:", "//postgres:not-"))


def test_only_the_owner_can_read_the_password(postgres: EmbeddedPostgres) -> None:
    mode = (postgres.directory / "password").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


def test_data_and_url_survive_a_restart(postgres: EmbeddedPostgres) -> None:
    url = postgres.url
    note(postgres, "kept")

    postgres.restart()

    assert postgres.url == url
    assert notes(postgres) == ["kept"]


def test_data_survives_into_another_instance_on_the_same_directory(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as first:
        note(first, "kept")
    with EmbeddedPostgres(tmp_path) as second:
        assert notes(second) == ["kept"]


def test_committed_data_survives_a_kill_and_an_immediate_start(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url):
        note(postgres, "kept")
        postgres.kill()
        assert postgres.pid is None
        postgres.start()

    assert notes(postgres) == ["kept"]


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "cluster.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(tmp_path) as server:
        note(server, "works")
        assert notes(server) == ["works"]


def test_a_long_data_path_works(tmp_path: Path) -> None:
    long = tmp_path / ("long" * 30) / "with space"

    with EmbeddedPostgres(long / "postgres") as postgres, EmbeddedRedis(long / "redis") as embedded_redis:
        note(postgres, "works")
        with redis.Redis.from_url(embedded_redis.url) as client:
            assert client.ping()


def test_a_cluster_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.embedded._LEFTOVER_SECONDS", 0.1)
    server = EmbeddedPostgres(tmp_path)
    with server:
        cluster = tmp_path / "cluster"
    (cluster / "PG_VERSION").write_text("9.6\n")

    with pytest.raises(StartError, match=r"postgres does not start:(.|\n)*not compatible"):
        server.start()


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedRedis])
@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_no_process_is_left(kind: type[EmbeddedServer], ending: str, tmp_path: Path) -> None:
    server = kind(tmp_path)
    server.start()
    processes = processes_of(server)

    getattr(server, ending)()

    assert server.pid is None
    eventually(lambda: not any(process.is_running() for process in processes), what="all gone")


def test_stopping_twice_is_harmless(embedded_redis: EmbeddedRedis) -> None:
    embedded_redis.stop()
    embedded_redis.stop()


def test_redis_comes_back_empty_at_the_same_url(embedded_redis: EmbeddedRedis) -> None:
    with redis.Redis.from_url(embedded_redis.url) as client:
        client.set("key", "value")
        embedded_redis.kill()
        embedded_redis.start()

        assert client.get("key") is None


def test_redis_asks_for_its_password_and_does_not_show_it(embedded_redis: EmbeddedRedis) -> None:
    with (
        redis.Redis(port=embedded_redis.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()

    password = embedded_redis.url.split(":")[2].split("@")[0]
    assert embedded_redis.pid is not None
    assert password not in " ".join(psutil.Process(embedded_redis.pid).cmdline())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become someone else")
def test_postgres_does_not_run_as_root(postgres: EmbeddedPostgres) -> None:
    assert postgres.pid is not None
    assert psutil.Process(postgres.pid).uids().effective != 0
