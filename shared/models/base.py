"""What all tables share: the names of constraints, and columns of moments and of known values."""

from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Enum, MetaData, func
from sqlmodel import SQLModel

# Explicit names, so that a migration can name what it changes.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata

MOMENT = DateTime(timezone=True)
SET_BY_DATABASE: dict[str, Any] = {"server_default": func.now()}


def known_values(values: type[StrEnum], column: str, *, length: int = 16) -> Enum:
    """Return a text column type with a CHECK: a native enum is awkward to change in a migration."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=length,
        name=f"{column}_known",
        values_callable=lambda members: [member.value for member in members],
    )
