"""Connections: bounded in time, replaced when they break, and silent about what learners said."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from api.database import Sessions
from local.servers import EmbeddedPostgres
from shared.database import ANSWER_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_MS, create_sync_engine
from shared.models import BUILT_IN_APP_ID

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


def test_an_answer_that_does_not_come_in_time_breaks_its_connection_and_no_other(url: str) -> None:
    impatient = create_sync_engine(url, application_name="test", pool_size=1, answer_seconds=3)
    with impatient.connect() as connection, pytest.raises(OperationalError) as failure:
        connection.execute(SLOW, {"words": WORDS})
    assert failure.value.connection_invalidated
    assert WORDS not in str(failure.value)

    with impatient.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    impatient.dispose()


def test_no_answer_may_take_so_long_as_to_break_a_connection_that_lives() -> None:
    assert ANSWER_TIMEOUT_SECONDS * 1000 > STATEMENT_TIMEOUT_MS


def test_a_connection_that_was_cut_is_replaced(engine: Engine, postgres: EmbeddedPostgres) -> None:
    pid = text("SELECT pg_backend_pid()")
    with engine.connect() as connection:
        first = connection.scalar(pid)
    with psycopg.connect(postgres.url, autocommit=True) as operator:
        operator.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

    with engine.connect() as connection:
        assert connection.scalar(pid) != first


def test_a_unit_of_work_is_committed_only_as_a_whole(engine: Engine) -> None:
    def add(session: Session, *user_ids: str) -> None:
        for user_id in user_ids:
            session.execute(
                text(
                    "INSERT INTO learners (id, app_id, user_id) VALUES (gen_random_uuid(), :app_id, :user_id)"
                ),
                {"app_id": BUILT_IN_APP_ID, "user_id": user_id},
            )

    def users(session: Session) -> Sequence[str]:
        return session.scalars(text("SELECT user_id FROM learners ORDER BY user_id")).all()

    with closing(Sessions(engine, at_once=1)) as sessions:
        asyncio.run(sessions.commit(add, "asha"))
        with pytest.raises(IntegrityError):
            asyncio.run(sessions.commit(add, "ravi", "asha"))

        assert asyncio.run(sessions.read(users)) == ["asha"]


def test_a_unit_that_was_given_up_is_not_committed(engine: Engine) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def add(session: Session) -> None:
        session.execute(
            text("INSERT INTO learners (id, app_id, user_id) VALUES (gen_random_uuid(), :app_id, 'asha')"),
            {"app_id": BUILT_IN_APP_ID},
        )
        begun.set()
        go_on.wait()

    async def give_up(sessions: Sessions) -> int:
        unit = asyncio.create_task(sessions.commit(add))
        await asyncio.to_thread(begun.wait)
        unit.cancel()
        await asyncio.wait([unit])
        go_on.set()
        return await sessions.read(Session.scalar, text("SELECT count(*) FROM learners")) or 0

    with closing(Sessions(engine, at_once=1)) as sessions:
        assert asyncio.run(give_up(sessions)) == 0


def test_a_unit_that_is_not_done_in_time_is_an_error_of_the_database(engine: Engine) -> None:
    with closing(Sessions(engine, at_once=1)) as sessions, pytest.raises(SQLAlchemyError) as failure:
        asyncio.run(sessions.read(Session.execute, SLOW, {"words": WORDS}))

    assert WORDS not in str(failure.value)
