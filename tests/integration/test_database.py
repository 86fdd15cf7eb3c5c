"""Connections: bounded in time, replaced when they break, and silent about what learners said."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from api.database import create_event_loop_engine
from local.servers import EmbeddedPostgres
from shared.database import create_sync_engine

WORDS = "what the learner said"
SLOW = text("SELECT pg_sleep(30), CAST(:words AS text)")


@pytest.fixture
def url(database: Engine) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_sync_engine(url, application_name="test", pool_size=1)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("TimeZone", "UTC"),
        ("application_name", "test"),
    ],
)
def test_every_connection_is_bounded_and_named(engine: Engine, setting: str, value: str) -> None:
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_setting(:name)"), {"name": setting}) == value


def test_a_statement_that_takes_too_long_fails_without_quoting_the_learner(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SET statement_timeout = '20ms'"))
        with pytest.raises(DBAPIError, match="statement timeout") as failure:
            connection.execute(SLOW, {"words": WORDS})

    assert WORDS not in str(failure.value)


def test_the_event_loops_engine_does_not_quote_the_learner_either(url: str) -> None:
    async def fail() -> str:
        engine = create_event_loop_engine(url, application_name="test", pool_size=1)
        async with engine.connect() as connection:
            await connection.execute(text("SET statement_timeout = '20ms'"))
            with pytest.raises(DBAPIError, match="statement timeout") as failure:
                await connection.execute(SLOW, {"words": WORDS})
        await engine.dispose()
        return str(failure.value)

    assert WORDS not in asyncio.run(fail())


def test_a_connection_that_was_cut_is_replaced(engine: Engine, postgres: EmbeddedPostgres) -> None:
    pid = text("SELECT pg_backend_pid()")
    with engine.connect() as connection:
        first = connection.scalar(pid)
    with psycopg.connect(postgres.url, autocommit=True) as operator:
        operator.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

    with engine.connect() as connection:
        assert connection.scalar(pid) != first
