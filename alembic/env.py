"""Runs migrations against `DATABASE_URL`, one transaction per run, one run at a time."""

import sys
from logging.config import fileConfig
from typing import Literal

from alembic import context
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel.sql.sqltypes import AutoString

from shared.database import create_sync_engine
from shared.models import metadata
from shared.settings import SharedSettings

# An arbitrary constant: two deploys that migrate at once take turns.
MIGRATION_LOCK = 7_310_417


def render_item(kind: str, item: object, _: object) -> str | Literal[False]:
    """Write SQLModel's string type as plain SQLAlchemy: a migration must outlive the models' library."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run_migrations() -> None:
    """Migrate on the connection that a test passes in, or on a new one."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        context.configure(connection=connection, target_metadata=metadata, render_item=render_item)
        context.run_migrations()
        return
    engine = create_sync_engine(SharedSettings().database_url, application_name="alembic", pool_size=1)
    with _connected(engine) as connection:
        connection.execute(text("SET statement_timeout = 0"))
        context.configure(connection=connection, target_metadata=metadata, render_item=render_item)
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            context.run_migrations()
        connection.commit()
    engine.dispose()


def _connected(engine: Engine) -> Connection:
    """Connect, or end the program with the server's own words: it was started by hand, or before all else."""
    try:
        return engine.connect()
    except OperationalError as error:
        sys.exit(f"the database of DATABASE_URL cannot be used: {error.orig}")


if context.config.config_file_name is not None and context.config.attributes.get("connection") is None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)
run_migrations()
