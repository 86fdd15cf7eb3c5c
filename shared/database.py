"""Engines for threads, and how every connection is bounded in time: to connect, to wait, to run a statement.

Only a server that is stopped while its kernel still answers is not noticed here (it is in `api.database`):
PostgreSQL itself ends a statement that takes too long.

What a learner said is a statement's parameter, so no error may show parameters: errors are logged.
"""

from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

CONNECT_TIMEOUT_SECONDS = 2
POOL_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 10_000
IDLE_TRANSACTION_TIMEOUT_MS = 30_000

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
"""What says that the server cannot be used now, and nothing about the statement: try again later."""


def connection_options(application_name: str) -> dict[str, Any]:
    """Return libpq's options that bound a connection in time."""
    return {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": application_name,
        "options": (
            f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
            f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_TIMEOUT_MS}"
            " -c timezone=UTC"
        ),
        # A peer that vanished without closing its socket must not block a thread for hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


def pool_options(application_name: str, pool_size: int) -> dict[str, Any]:
    """Return SQLAlchemy's options of an engine whose pool never grows beyond `pool_size`."""
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT_SECONDS,
        "pool_pre_ping": True,
        "hide_parameters": True,
        "connect_args": connection_options(application_name),
    }


def create_sync_engine(url: str, *, application_name: str, pool_size: int) -> Engine:
    """Return an engine for threads; it connects at first use. `url` names the psycopg driver."""
    return create_engine(url, **pool_options(application_name, pool_size))
