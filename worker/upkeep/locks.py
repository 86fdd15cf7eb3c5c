"""Locks that keep the upkeep's tasks to one holder at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker


class Lock(IntEnum):
    """The keys of PostgreSQL's advisory locks: arbitrary, beside the migrations' one in `alembic/env.py`."""

    SWEEP = 7_310_418
    RETENTION = 7_310_419
    MOVE = 7_310_420
    ERASING = 7_310_421


@contextmanager
def holding(sessions: sessionmaker[Session], lock: Lock) -> Iterator[Session | None]:
    """Hold the lock within; None where another has it. The session that holds it commits each statement.

    The lock ends with its connection, so a holder that dies leaves nothing locked.
    """
    with sessions() as session:
        connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": int(lock)}))
        try:
            yield session if held else None
        finally:
            if held:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": int(lock)})
