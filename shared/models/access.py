"""Who may ask: apps with their keys and learners, and what remains of an erased learner."""

from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, SET_BY_DATABASE, known_values

BUILT_IN_APP_ID = UUID("00000000-0000-4000-8000-000000000001")
"""The app that owns everything with `ACCESS=open`; the migration inserts it."""


class Scope(StrEnum):
    """What a credential may do: talk for learners, or operate the service."""

    CHAT = "chat"
    OPERATE = "operate"


class ErasureState(StrEnum):
    """How far an erasure is. `STORAGE_AWAY`: only sounds are left, in a store that does not answer."""

    RUNNING = "running"
    STORAGE_AWAY = "storage_away"
    DONE = "done"


class App(SQLModel, table=True):
    """A tenant: it owns keys and learners. `quotas` holds what differs from the settings."""

    __tablename__ = "apps"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(max_length=64, unique=True)
    quotas: dict[str, int] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)


class ApiKey(SQLModel, table=True):
    """An app's key. Only its `digest` is stored: an HMAC under the secret of `secret_version`.

    `start` is what is shown of it. It works until `expires_at` or `revoked_at`; only a revocation also ends
    the learner tokens that it asked for. `last_used_at` is noted once an hour until it expires.
    """

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "app_id"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    app_id: UUID = Field(foreign_key="apps.id", ondelete="CASCADE")
    label: str = Field(max_length=64)
    start: str = Field(max_length=16)
    digest: str = Field(max_length=64, unique=True)
    secret_version: int
    scopes: list[str] = Field(sa_type=ARRAY(String(16)))
    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    last_used_at: datetime | None = Field(default=None, sa_type=MOMENT)
    expires_at: datetime | None = Field(default=None, sa_type=MOMENT)
    revoked_at: datetime | None = Field(default=None, sa_type=MOMENT)

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= datetime.now(UTC)


class Learner(SQLModel, table=True):
    """A person who learns, as their app names them. All that is kept of them refers to this row.

    `turns_on` and `turns_accepted` count the turns of one day of the usage time zone.
    `erasure_id` is set while everything of theirs is being erased; nothing new is accepted then.
    """

    __tablename__ = "learners"
    __table_args__ = (
        UniqueConstraint("app_id", "user_id"),
        UniqueConstraint("app_id", "id"),
        ForeignKeyConstraint(["erasure_id"], ["erasures.id"]),
        Index("ix_learners_erasure_id", "erasure_id", postgresql_where=text("erasure_id IS NOT NULL")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    app_id: UUID = Field(foreign_key="apps.id")
    user_id: str = Field(max_length=128)
    created_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    consent_given_at: datetime | None = Field(default=None, sa_type=MOMENT)
    guardian_consent_given_at: datetime | None = Field(default=None, sa_type=MOMENT)
    deletion_asked_at: datetime | None = Field(default=None, sa_type=MOMENT)
    turns_on: date | None = Field(default=None)
    turns_accepted: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    erasure_id: UUID | None = Field(default=None)


class Erasure(SQLModel, table=True):
    """That a learner was erased: a pseudonym, under a key that is not in the database, and no more."""

    __tablename__ = "erasures"
    __table_args__ = (
        Index("ix_erasures_unfinished", "asked_at", postgresql_where=text("finished_at IS NULL")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    app_id: UUID = Field(foreign_key="apps.id")
    pseudonym: str = Field(max_length=64)
    state: ErasureState = Field(default=ErasureState.RUNNING, sa_type=known_values(ErasureState, "state"))
    asked_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    finished_at: datetime | None = Field(default=None, sa_type=MOMENT)
