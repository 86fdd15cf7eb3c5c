"""The API keys that `make run` makes with `ACCESS=keys`: one for whoever runs it, and one for itself."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from api.access import repository
from api.access.keys import KeyKind
from api.access.settings import AccessSettings
from shared.database import create_sync_engine
from shared.models import ApiKey, Scope

_APP = "default"
_OWN = "make run"
"""The app and the label of the launcher's own key; those of earlier runs are taken away."""
_OWN_LIFETIME = timedelta(hours=1)


def make_keys(database_url: str, data_dir: Path) -> tuple[str | None, str | None]:
    """Return a new key for whoever runs this, unless any was ever made, and one to ask for readiness with.

    Neither with `ACCESS=open`.
    """
    settings = AccessSettings(database_url=database_url, data_dir=data_dir)
    if settings.is_open:
        return None, None
    secrets = settings.secrets()
    engine = create_sync_engine(settings.database_url, application_name="launcher", pool_size=1)
    try:
        with Session(engine) as session, session.begin():
            own_app_id = repository.app_named(session, _OWN).id
            session.execute(delete(ApiKey).where(col(ApiKey.app_id) == own_app_id, col(ApiKey.label) == _OWN))
            first = None
            if session.scalar(select(col(ApiKey.id)).limit(1)) is None:
                _, first = repository.create_key(
                    session,
                    secrets,
                    app_id=repository.app_named(session, _APP).id,
                    label="first",
                    kind=KeyKind.LIVE,
                    scopes=list(Scope),
                )
            _, own = repository.create_key(
                session,
                secrets,
                app_id=own_app_id,
                label=_OWN,
                kind=KeyKind.LIVE,
                scopes=[Scope.OPERATE],
                lifetime=_OWN_LIFETIME,
            )
            return first, own
    finally:
        engine.dispose()
