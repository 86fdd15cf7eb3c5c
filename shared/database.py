"""Engines for threads, and how every connection is bounded in time: to connect, to wait, to run a statement.

PostgreSQL itself ends a statement that takes too long. A server that is stopped while its kernel still
answers ends nothing: so an answer that does not come in time breaks its connection.

What a learner said is a statement's parameter, so no error may show parameters: errors are logged.
"""

import select
from typing import Any, TypeVar

from psycopg import Connection
from psycopg import OperationalError as PsycopgError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from shared.server_urls import psycopg_arguments

CONNECT_TIMEOUT_SECONDS = 2
POOL_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 10_000
IDLE_TRANSACTION_TIMEOUT_MS = 30_000
ANSWER_TIMEOUT_SECONDS = 12.0
"""Longer than any statement may take: what has not answered by then does not answer at all."""

Answer = TypeVar("Answer")

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
"""Errors of a server that cannot be used now. Where `may_pass` agrees, try again later."""

# https://www.postgresql.org/docs/current/errcodes-appendix.html: 54 is "Program Limit Exceeded".
_OF_THE_STATEMENT = "54"


def may_pass(error: BaseException) -> bool:
    """Tell whether the same statement may succeed later: the server is away, at its limits or busy.

    A value that is too large for PostgreSQL is an `OperationalError` too, but stays too large.
    """
    if isinstance(error, DBAPIError) and str(_sqlstate(error)).startswith(_OF_THE_STATEMENT):
        return False
    return isinstance(error, DATABASE_AWAY)


def is_disconnected(error: BaseException) -> bool:
    """Tell whether the server cannot be reached at all, so that the next statement would fail too."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (may_pass(error) and _sqlstate(error) is None)
    return isinstance(error, PoolTimeoutError)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def connect_arguments(url: str, application_name: str) -> dict[str, Any]:
    """Return psycopg's arguments for the URL, read as SQLAlchemy's engine reads it, and bounded in time."""
    return psycopg_arguments(url) | _bounds(url, application_name)


def _bounds(url: str, application_name: str) -> dict[str, Any]:
    return {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": application_name,
        # The URL's own options first: where both set something, ours holds.
        "options": (
            f"{make_url(url).query.get('options', '')}"
            f" -c statement_timeout={STATEMENT_TIMEOUT_MS}"
            f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_TIMEOUT_MS}"
            " -c timezone=UTC"
        ),
        # A peer that vanished without closing its socket must not block a thread for hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


class BoundedConnection(Connection[Any]):
    """A connection that breaks where a single answer does not come within `answer_seconds`."""

    answer_seconds = ANSWER_TIMEOUT_SECONDS

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Return the server's answer; psycopg calls this for each.

        Raises psycopg's `OperationalError` when it does not answer.
        """
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except PsycopgError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


def _refuse_a_closed_connection(connection: Any, _: object, __: object) -> None:
    """Have the pool replace a connection that the server has closed: it has something to read while it rests.

    A look costs no round trip, as `pool_pre_ping` would for every unit of work.
    """
    resting = select.poll()
    resting.register(connection, select.POLLIN)
    if resting.poll(0):
        raise DisconnectionError


def create_sync_engine(
    url: str, *, application_name: str, pool_size: int, answer_seconds: float = ANSWER_TIMEOUT_SECONDS
) -> Engine:
    """Return an engine for threads; it connects at first use. `url` names the psycopg driver.

    Its pool never grows beyond `pool_size`; an answer that takes over `answer_seconds` breaks its connection.
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_use_lifo=True,  # the connection used last: its server process has our statements prepared
        hide_parameters=True,
        connect_args=_bounds(url, application_name),
    )

    event.listen(engine, "checkout", _refuse_a_closed_connection)

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, args: Any, options: Any) -> BoundedConnection:
        connection = BoundedConnection.connect(*args, **options)
        connection.answer_seconds = answer_seconds
        return connection

    return engine


def transactions(engine: Engine) -> sessionmaker[Session]:
    """Return sessions, each a transaction; what they gave can be read after their end."""
    return sessionmaker(engine, expire_on_commit=False)


def single_statements(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """Return sessions on the same connections in which each statement is a transaction of its own.

    For what only reads, or is one statement: a transaction's beginning and its end are a round trip each.
    """
    engine: Engine = sessions.kw["bind"]
    return transactions(engine.execution_options(isolation_level="AUTOCOMMIT"))
