"""Apps and their keys in the database. Functions here never commit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlmodel import col

from api.access.keys import KeyKind, new_key, start_of
from api.access.secrets import AccessSecrets
from shared.models import ApiKey, App, Scope

NOTED_EVERY = timedelta(hours=1)
"""How exactly a key's last use is known."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key, and the quotas that its app has instead of the settings'."""

    key: ApiKey
    quotas: dict[str, int]


def load(
    session: Session, *, digests: Collection[str] = (), ids: Collection[UUID] = ()
) -> Sequence[KeyRecord]:
    """Return the keys that have one of these digests or ids."""
    statement = (
        select(ApiKey, col(App.quotas))
        .join(App, col(App.id) == col(ApiKey.app_id))
        .where(or_(col(ApiKey.digest).in_(digests), col(ApiKey.id).in_(ids)))
    )
    return [KeyRecord(key, quotas) for key, quotas in session.execute(statement)]


def note_use(session: Session, key_ids: Collection[UUID]) -> None:
    """Note that these keys were used, unless that was noted within the hour."""
    session.execute(
        update(ApiKey)
        .where(
            col(ApiKey.id).in_(key_ids),
            func.coalesce(col(ApiKey.last_used_at), col(ApiKey.created_at) - NOTED_EVERY)
            <= func.now() - NOTED_EVERY,
        )
        .values(last_used_at=func.now())
        .execution_options(synchronize_session=False)
    )


def find_app(session: Session, name: str) -> App | None:
    """Return the app of this name, locked until the transaction ends; None if there is none."""
    return session.scalars(select(App).where(col(App.name) == name).with_for_update()).one_or_none()


def app_named(session: Session, name: str) -> App:
    """Return the app of this name, a new one if there is none, locked until the transaction ends."""
    table = App.metadata.tables["apps"]
    session.execute(
        insert(table).values(id=uuid4(), name=name).on_conflict_do_nothing(index_elements=["name"])
    )
    return session.scalars(select(App).where(col(App.name) == name).with_for_update()).one()


def create_key(  # noqa: PLR0913
    session: Session,
    secrets: AccessSecrets,
    *,
    app_id: UUID,
    label: str,
    kind: KeyKind,
    scopes: Sequence[Scope],
    lifetime: timedelta | None = None,
) -> tuple[ApiKey, str]:
    """Add a key; return its row and the key itself, which nothing can show again."""
    key = new_key(kind)
    row = ApiKey(
        app_id=app_id,
        label=label,
        start=start_of(key),
        digest=secrets.digest(key),
        secret_version=secrets.newest,
        scopes=[str(scope) for scope in scopes],
        expires_at=None if lifetime is None else _now(session) + lifetime,
    )
    session.add(row)
    session.flush()
    return row, key


def rotate_key(
    session: Session, secrets: AccessSecrets, key_id: UUID, *, overlap: timedelta
) -> tuple[ApiKey, str] | None:
    """Add a key like this one, which works for `overlap` longer; None if there is none that works."""
    old = session.get(ApiKey, key_id, with_for_update=True)
    now = _now(session)
    if old is None or old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
        return None
    kind = KeyKind.TEST if old.start.startswith("ep_test_") else KeyKind.LIVE
    made = create_key(
        session,
        secrets,
        app_id=old.app_id,
        label=old.label,
        kind=kind,
        scopes=[Scope(scope) for scope in old.scopes],
    )
    until = now + overlap
    old.expires_at = until if old.expires_at is None else min(old.expires_at, until)
    return made


def revoke_key(session: Session, key_id: UUID) -> bool:
    """Have the key, and the learner tokens it asked for, work no more; False if there is no such key."""
    key = session.get(ApiKey, key_id, with_for_update=True)
    if key is not None and key.revoked_at is None:
        key.revoked_at = _now(session)
    return key is not None


def keys(session: Session) -> Sequence[tuple[App, ApiKey]]:
    """Return every key with its app, by app and age."""
    statement = (
        select(App, ApiKey)
        .join(ApiKey, col(ApiKey.app_id) == col(App.id))
        .order_by(col(App.name), col(ApiKey.created_at))
    )
    return [(app, key) for app, key in session.execute(statement)]


def _now(session: Session) -> datetime:
    now: datetime = session.execute(select(func.now())).scalar_one()
    return now
