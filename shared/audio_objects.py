"""The rows that say where audio is stored. A repository: it never commits.

A row is committed before its bytes are written and marked after them, so whatever dies in between
leaves a row that a cleaner finds, never a file that nobody knows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import AudioBackend, AudioObject, Job, Step
from shared.statements import built_once
from shared.storage import FLAC, new_object_name

_table: Table = AudioObject.metadata.tables["audio_objects"]
_audio = _table.c


@dataclass(frozen=True, slots=True)
class WrittenAudio:
    """A sound whose bytes are written, and what holds it; its row does not say so yet."""

    audio_id: UUID
    backend: AudioBackend
    size_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Total:
    """How many objects of a content type a backend holds, and their bytes."""

    backend: AudioBackend
    content_type: str
    objects: int
    size_bytes: int


def intend(session: Session, *, host: str, content_type: str, learner_id: UUID) -> AudioObject:
    """Add a row for audio that this host is about to write, under a fresh name, for the learner whose it is.

    Until `mark_stored` says more, it is empty and taken to lie on the host's disk.
    """
    audio = AudioObject(
        name=new_object_name(content_type),
        backend=AudioBackend.LOCAL,
        host=host,
        content_type=content_type,
        learner_id=learner_id,
        size_bytes=0,
        seconds=0.0,
    )
    session.add(audio)
    return audio


def mark_stored(session: Session, written: WrittenAudio) -> None:
    """Note that the object's bytes are written, where, and how much that is; in S3 they have no host."""
    its = {
        "its_id": written.audio_id,
        "its_backend": written.backend,
        "its_size": written.size_bytes,
        "its_seconds": written.seconds,
    }
    session.execute(_mark_stored(written.backend), its)


@built_once
def _mark_stored(backend: AudioBackend) -> Update:
    host = {"host": None} if backend is AudioBackend.S3 else {}
    return (
        update(_table)
        .where(_audio.id == bindparam("its_id"))
        .values(
            stored_at=func.now(),
            backend=bindparam("its_backend"),
            size_bytes=bindparam("its_size"),
            seconds=bindparam("its_seconds"),
            **host,
        )
    )


def stored_bytes(session: Session, learner_id: UUID) -> int:
    """Return how many bytes of the learner's recordings are stored."""
    theirs = (
        col(AudioObject.learner_id) == learner_id,
        col(AudioObject.content_type) == literal_column(f"'{FLAC}'"),  # as the index has it
        col(AudioObject.stored_at).is_not(None),
    )
    return session.scalar(select(func.sum(col(AudioObject.size_bytes))).where(*theirs)) or 0


def mark_moved(session: Session, audio_id: UUID) -> None:
    """Record that the object is in S3 now, and that its host still has a file of it."""
    _change(session, audio_id, backend=AudioBackend.S3)


def mark_off_disk(session: Session, audio_id: UUID) -> None:
    """Note that no host has a file of the object."""
    _change(session, audio_id, host=None)


def on_disk(session: Session, *, after: AudioObject | None, limit: int) -> Sequence[AudioObject]:
    """Return stored objects of which a host may have a file, oldest first, those that come `after` one."""
    written = (col(AudioObject.host).is_not(None), col(AudioObject.stored_at).is_not(None))
    return session.scalars(_from(select(AudioObject).where(*written), after, limit)).all()


def lock_on_disk(session: Session, audio_id: UUID) -> AudioObject | None:
    """Keep the object from being removed until the transaction ends; None unless it lies on a disk.

    Jobs can go on to name it meanwhile. One that somebody else has locked counts as none.
    """
    here = (col(AudioObject.id) == audio_id, col(AudioObject.backend) == AudioBackend.LOCAL)
    # FOR NO KEY UPDATE: a job that names the object locks only its key.
    locking = select(AudioObject).where(*here).with_for_update(skip_locked=True, key_share=True)
    return session.scalars(locking).one_or_none()


def orphans(
    session: Session, *, age: timedelta, after: AudioObject | None, limit: int
) -> Sequence[AudioObject]:
    """Return objects older than `age` that no job names, oldest first, those that come `after` one."""
    old = col(AudioObject.created_at) < func.now() - age
    return session.scalars(_from(select(AudioObject).where(old, _named_by_no_job()), after, limit)).all()


def count_orphans(session: Session, *, age: timedelta) -> int:
    """Return how many objects `orphans` would return in all. Reads every object."""
    old = col(AudioObject.created_at) < func.now() - age
    return session.scalar(select(func.count()).select_from(AudioObject).where(old, _named_by_no_job())) or 0


def totals(session: Session) -> Sequence[Total]:
    """Return how much is stored, by what holds it and its content type. Reads every object."""
    by = (col(AudioObject.backend), col(AudioObject.content_type))
    sizes = select(*by, func.count(), func.sum(col(AudioObject.size_bytes)))
    found = session.execute(sizes.where(col(AudioObject.stored_at).is_not(None)).group_by(*by))
    return [Total(backend, content_type, count, int(size)) for backend, content_type, count, size in found]


def lock(session: Session, audio_ids: Collection[UUID]) -> Sequence[UUID]:
    """Keep every job from naming these objects until the transaction ends; return those it holds.

    A job that names one at this moment has it locked: that one is left out.
    """
    statement = select(col(AudioObject.id)).where(col(AudioObject.id).in_(audio_ids))
    return session.scalars(statement.with_for_update(skip_locked=True)).all()


def hold(session: Session, audio_ids: Collection[UUID]) -> dict[UUID, float]:
    """Keep these objects from being removed until the transaction ends; return the seconds of each.

    Only of those that still exist: one that is being removed at this moment counts as gone.
    """
    statement = select(col(AudioObject.id), col(AudioObject.seconds)).where(
        col(AudioObject.id).in_(audio_ids), col(AudioObject.stored_at).is_not(None)
    )
    held = session.execute(statement.with_for_update(read=True, key_share=True, skip_locked=True))
    return {row.id: row.seconds for row in held}


def unnamed(session: Session, audio_ids: Collection[UUID]) -> Sequence[AudioObject]:
    """Return those of the objects that no job names. Called after `lock`, the answer stays true."""
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


def _change(session: Session, audio_id: UUID, **values: object) -> None:
    session.execute(
        update(AudioObject)
        .where(col(AudioObject.id) == audio_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _from(statement: Select[AudioObject], after: AudioObject | None, limit: int) -> Select[AudioObject]:
    place = (col(AudioObject.created_at), col(AudioObject.id))
    if after is not None:
        statement = statement.where(tuple_(*place) > (after.created_at, after.id))
    return statement.order_by(*place).limit(limit)


def _named_by_no_job() -> ColumnElement[bool]:
    names = (col(Job.upload_id), col(Job.reply_audio_id), col(Job.explanation_audio_id), col(Step.audio_id))
    # A question each, not one with OR: each has an index of its own.
    return and_(*(~exists().where(name == col(AudioObject.id)) for name in names))
