"""URLs of PostgreSQL and Redis: every library reads the same in them, and nobody is shown a password."""

import io

import pytest
from flower.utils.broker import Broker
from kombu import Connection
from kombu.utils.url import url_to_parts
from redis import ConnectionPool
from sqlalchemy.engine import make_url

from local import launcher
from local.console import Console
from local.settings import LauncherSettings
from shared.database import connect_arguments
from shared.queue import create_celery
from shared.server_urls import broker_url, masked, read_database_url, read_redis_url
from shared.settings import SharedSettings, read_settings

SECRETS = [
    "secret",
    "se/cret",
    "se#cret",
    "se@cret",
    "se:cret",
    "se/c#r@e:t",
    "se+cret",
    "se;cret",
    "sé cret",
    "100%",
]
ENCODED = {"se%2Fcret": "se/cret", "se%40cret": "se@cret", "se%3Fcret": "se?cret", "se%25cret": "se%cret"}
PASSWORDS = {secret: secret for secret in SECRETS} | ENCODED


@pytest.mark.parametrize(("written", "meant"), PASSWORDS.items())
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_sqlalchemy_and_psycopg_read_the_same_login(scheme: str, written: str, meant: str) -> None:
    url = read_database_url(f"{scheme}://me:{written}@db:5433/name?sslmode=require")

    read, given = make_url(url), connect_arguments(url, "test")
    assert (read.drivername, read.username, read.password) == ("postgresql+psycopg", "me", meant)
    assert (read.host, read.port, read.database) == ("db", 5433, "name")
    assert (given["user"], given["password"], given["dbname"]) == ("me", meant, "name")
    assert (given["host"], given["port"], given["sslmode"]) == ("db", 5433, "require")


@pytest.mark.parametrize(("written", "meant"), PASSWORDS.items())
@pytest.mark.parametrize("login", ["", "me"])
def test_redis_py_kombu_and_flower_read_the_same_login(login: str, written: str, meant: str) -> None:
    url = read_redis_url(f"redis://{login}:{written}@cache:6380/3")

    read, broker, flower = (
        ConnectionPool.from_url(url).connection_kwargs,
        url_to_parts(broker_url(url)),
        Broker(broker_url(url)),
    )
    assert (read.get("username", ""), read["password"]) == (login, meant)
    assert (read["host"], read["port"], read["db"]) == ("cache", 6380, 3)
    assert (broker.username or "", broker.password) == (login, meant)
    assert (broker.hostname, broker.port, broker.path) == ("cache", 6380, "3")
    assert (flower.username or "", flower.password) == (login, meant)
    assert (flower.host, flower.port, flower.vhost) == ("cache", 6380, 3)


@pytest.mark.parametrize(("written", "meant"), PASSWORDS.items())
def test_a_unix_socket_is_read_alike(written: str, meant: str) -> None:
    url = read_redis_url(f"unix://:{written}@/run/redis.sock?db=3")

    read, flower = ConnectionPool.from_url(url).connection_kwargs, Broker(broker_url(url))
    assert (read["path"], read["db"], read["password"]) == ("/run/redis.sock", 3, meant)
    assert broker_url(url).startswith("redis+socket://")
    with Connection(broker_url(url)) as broker:
        options = url_to_parts(str(broker.hostname))
    assert (options.path, options.password) == ("run/redis.sock", meant)
    assert options.query == {"virtual_host": "3"}
    assert flower.password == meant


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("redis://localhost", "redis://localhost/0"),
        ("redis://localhost:6379/2", "redis://localhost:6379/2"),
        ("redis://localhost?db=4", "redis://localhost/4"),
        ("redis://[::1]:6379/1", "redis://[::1]:6379/1"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=0"),
        ("rediss://cache", "rediss://cache/0?ssl_cert_reqs=required"),
        ("rediss://cache/0?ssl_cert_reqs=none", "rediss://cache/0?ssl_cert_reqs=none"),
    ],
)
def test_what_a_redis_url_leaves_out_is_written(given: str, read: str) -> None:
    assert read_redis_url(given) == read
    assert read_redis_url(read) == read  # a program hands it on to another


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://me:secret@db/name", "must be a postgresql:// URL"),
        ("secret", "must be a postgresql:// URL"),
        ("postgresql://me:secret@db:port/name", "must have the form postgresql://"),
        ("postgresql://me:secret@db/name?pgbouncer=true", "must not have pgbouncer"),
        ("postgresql://me:secret@db/name?schema=public", "has the parameter schema, which is not understood"),
        (
            "postgresql://me:secret@db/name?sslmode=require&sslmode=disable",
            "has the parameter sslmode more than",
        ),
        ("postgresql://me:sec?ret@db/name", "must have \\? in its login written as %3F"),
    ],
)
def test_a_database_url_that_would_be_misread_is_refused_in_a_sentence(
    url: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SystemExit, match=f"DATABASE_URL .*{sentence}") as end:
        read_settings(SharedSettings)

    assert "secret" not in str(end.value)
    assert "ret@" not in str(end.value)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://:secret@cache", "must be a redis://, rediss:// or unix:// URL"),
        ("localhost:6379", "must be a redis://, rediss:// or unix:// URL"),
        ("redis://:secret@cache/first", "must name a database by its number"),
        ("redis://:secret@cache:port/0", "must have the form redis://"),
        ("redis://:secret@cache/0?socket_timout=5", "has the parameter socket_timout, which is not"),
        ("redis://:secret@cache/0?ssl_cert_reqs=none", "has the parameter ssl_cert_reqs, which is not"),
        ("rediss://:secret@cache/0?ssl_cert_reqs=maybe", "must say required, optional or none"),
        ("unix://:secret@run/redis.sock", "must name an absolute path"),
        ("redis://:sec?ret@cache/0", "must have \\? in its login written as %3F"),
    ],
)
def test_a_redis_url_that_would_be_misread_is_refused_in_a_sentence(
    url: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(SystemExit, match=f"REDIS_URL .*{sentence}") as end:
        read_settings(SharedSettings)

    assert "secret" not in str(end.value)
    assert "ret@" not in str(end.value)


@pytest.mark.parametrize("written", [*PASSWORDS, "se?cret"])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:{}@db:5432/name",
        "postgresql://me:{}@/name?host=/run/postgresql&password={}",
        "postgresql+psycopg://me:{}@[::1]/name?options=-csearch_path%3Dx",
        "redis://:{}@cache:6379/0",
        "redis://{}@cache",
        "rediss://me:{}@cache/0?ssl_cert_reqs=none",
        "unix://:{}@/run/redis.sock?db=1",
        "https://me:{}@gateway.example/v1",
    ],
)
def test_a_url_is_shown_without_its_login_and_its_parameters(url: str, written: str) -> None:
    shown = masked(url.format(written, written))

    assert "cret" not in shown
    assert "100%" not in shown
    scheme, _, rest = url.partition("://")
    place = rest.rpartition("@")[2].partition("?")[0]
    assert shown in {f"{scheme}://***@{place}", f"{scheme}://***"}


@pytest.mark.parametrize("written", PASSWORDS)
def test_the_launcher_says_where_its_servers_are_without_their_passwords(written: str) -> None:
    settings = LauncherSettings(
        _env_file=None,
        database_url=f"postgresql://me:{written}@db:5432/name",
        redis_url=f"redis://:{written}@cache:6379/0",
    )
    shown = io.StringIO()
    launcher._show_addresses(settings, launcher.Servers(settings).urls, Console(shown), None, has_keys=False)

    assert "db:5432/name" in shown.getvalue()
    assert "cache:6379/0" in shown.getvalue()
    assert "cret" not in shown.getvalue()
    assert "100%" not in shown.getvalue()


def test_what_has_no_login_is_shown_as_it_is() -> None:
    assert masked("redis://localhost:6379/0") == "redis://localhost:6379/0"
    assert masked("postgresql://db/name?user=me&password=secret") == "postgresql://db/name"
    assert masked("secret") == "(not a URL)"


@pytest.mark.parametrize("written", PASSWORDS)
def test_celery_says_where_it_connects_without_the_password(written: str) -> None:
    for url in (f"redis://me:{written}@cache:6379/0", f"unix://:{written}@/run/redis.sock"):
        app = create_celery(read_redis_url(url), socket_timeout_seconds=1)
        with app.connection_for_write() as connection:
            assert "cret" not in connection.as_uri()
            assert "100%" not in connection.as_uri()
