"""The rows that say where audio lies. A repository: it never commits.

A row is committed before its bytes are written and marked after them, so whatever dies in between
leaves a row that a cleaner finds, never a file that nobody knows.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import AudioBackend, AudioObject
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
