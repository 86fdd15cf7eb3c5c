"""The rows that say where audio lies. A repository: it never commits.

A row is committed before its bytes are written and marked after them, so whatever dies in between
leaves a row that a cleaner finds, never a file that nobody knows.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, tuple_, update
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import AudioBackend, AudioObject, Job
from shared.storage import new_object_name


def intend(session: Session, *, host: str, content_type: str, size_bytes: int, seconds: float) -> AudioObject:
    """Add a row for audio about to be written to this host's disk, under a fresh name."""
    audio = AudioObject(
        name=new_object_name(content_type),
        backend=AudioBackend.LOCAL,
        host=host,
        content_type=content_type,
        size_bytes=size_bytes,
        seconds=seconds,
    )
    session.add(audio)
    return audio


def mark_stored(session: Session, audio_ids: Collection[UUID]) -> None:
    """Note that the objects' bytes are written."""
    session.execute(
        update(AudioObject)
        .where(col(AudioObject.id).in_(audio_ids))
        .values(stored_at=func.now())
        .execution_options(synchronize_session=False)
    )


def orphans(
    session: Session, *, age: timedelta, after: AudioObject | None, limit: int
) -> Sequence[AudioObject]:
    """Return local objects older than `age` that no job names, oldest first, those that come `after` one."""
    place = tuple_(col(AudioObject.created_at), col(AudioObject.id))
    statement = (
        select(AudioObject)
        .where(
            col(AudioObject.backend) == AudioBackend.LOCAL,
            col(AudioObject.created_at) < func.now() - age,
            _named_by_no_job(),
        )
        .order_by(col(AudioObject.created_at), col(AudioObject.id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(place > (after.created_at, after.id))
    return session.scalars(statement).all()


def lock(session: Session, audio_ids: Collection[UUID]) -> Sequence[UUID]:
    """Keep every job from naming these objects until the transaction ends; return those it holds.

    A job that names one at this moment has it locked: that one is left out.
    """
    statement = select(col(AudioObject.id)).where(col(AudioObject.id).in_(audio_ids))
    return session.scalars(statement.with_for_update(skip_locked=True)).all()


def unnamed(session: Session, audio_ids: Collection[UUID]) -> Sequence[AudioObject]:
    """Return those of the objects that no job names. Asked after `lock`, the answer stays true."""
    return session.scalars(
        select(AudioObject).where(col(AudioObject.id).in_(audio_ids), _named_by_no_job())
    ).all()


def delete_rows(session: Session, audio_ids: Collection[UUID]) -> None:
    """Forget objects whose bytes are removed."""
    session.execute(
        delete(AudioObject)
        .where(col(AudioObject.id).in_(audio_ids))
        .execution_options(synchronize_session=False)
    )


def _named_by_no_job() -> ColumnElement[bool]:
    names = (col(Job.upload_id), col(Job.reply_audio_id), col(Job.explanation_audio_id))
    # Three questions, not one with OR: each has an index of its own.
    return and_(*(~exists().where(name == col(AudioObject.id)) for name in names))
