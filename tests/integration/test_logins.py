"""Real servers with logins that URLs are misread by, a Unix socket, and options in a URL."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from redis import Redis
from sqlalchemy import text

from local.processes import Process
from local.servers import EmbeddedPostgres, EmbeddedRedis
from shared.database import STATEMENT_TIMEOUT_MS, connect_arguments, create_sync_engine
from shared.models import QueueName
from shared.queue import TaskName, create_celery, send_task
from shared.server_urls import read_database_url, read_redis_url

PASSWORDS = ["a/b#c@d:e%f+g h;i&j=k", "@/#", "पासवर्ड"]


class LoginRedis(EmbeddedRedis):
    """A Redis with a password of the test's choice, on a TCP port and on a Unix socket."""

    def __init__(self, directory: Path, password: str) -> None:
        super().__init__(directory)
        self._password = password
        self.socket = directory / "redis.sock"

    @property
    def url(self) -> str:
        return read_redis_url(f"redis://:{self._password}@127.0.0.1:{self.port}/0")

    def _configuration(self) -> str:
        return super()._configuration() + f'unixsocket "{self.socket}"\n'

    def start(self) -> Process:
        process = super().start()
        assert self.socket.is_socket()
        return process


@pytest.fixture(params=PASSWORDS)
def login_redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoginRedis]:
    with LoginRedis(tmp_path / "redis", request.param) as server:
        yield server


@pytest.mark.parametrize(
    "form", ["redis://:{password}@127.0.0.1:{port}/1", "unix://:{password}@{socket}?db=1"]
)
def test_redis_is_reached_by_its_client_and_by_celery(login_redis: LoginRedis, form: str) -> None:
    given = form.format(password=login_redis._password, port=login_redis.port, socket=login_redis.socket)
    url = read_redis_url(given)
    with Redis.from_url(url) as client, create_celery(url, socket_timeout_seconds=5) as app:
        send_task(app, TaskName.SWEEP, queue=QueueName.MAINTENANCE)

        assert client.llen(QueueName.MAINTENANCE) == 1


@pytest.mark.parametrize("password", PASSWORDS)
def test_postgresql_is_reached_by_both_ways_to_it(postgres: EmbeddedPostgres, password: str) -> None:
    role = f"r{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), password))
    url = read_database_url(f"postgresql://{role}:{password}@127.0.0.1:{postgres.port}/postgres")

    with psycopg.connect(**connect_arguments(url, "test")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role,)
    engine = create_sync_engine(url, application_name="test", pool_size=1)
    with engine.connect() as pooled:
        assert pooled.execute(text("SELECT current_user")).scalar_one() == role
    engine.dispose()


def test_options_in_the_url_hold_beside_our_own(postgres: EmbeddedPostgres) -> None:
    url = read_database_url(
        f"{postgres.url}?options=-c%20search_path%3Delsewhere%20-c%20statement_timeout%3D0"
    )
    engine = create_sync_engine(url, application_name="test", pool_size=1)
    question = """SELECT current_setting('search_path'), setting FROM pg_settings
        WHERE name = 'statement_timeout'"""
    with engine.connect() as pooled, psycopg.connect(**connect_arguments(url, "test")) as connection:
        answers = [pooled.execute(text(question)).one(), connection.execute(question).fetchone()]

    assert [tuple(answer or ()) for answer in answers] == [("elsewhere", str(STATEMENT_TIMEOUT_MS))] * 2
    engine.dispose()
