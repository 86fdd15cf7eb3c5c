"""Erasing a learner: what is asked for, and which rows are left. A repository: it never commits."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from shared import learners
from shared.learners import LearnerRef
from shared.models import AudioObject, Conversation, DailyMistakes, DailyUsage, Erasure, ErasureState, Learner

_ENDS = {"state": ErasureState.DONE, "finished_at": func.now()}


def ask(session: Session, learner: LearnerRef, pseudonym: str) -> UUID:
    """Begin to erase the learner and return the erasure's id: the one that is under way, if one is.

    From the commit on, nothing of theirs is accepted any more. Who is not known is erased already.
    """
    if learners.find(session, learner) is None:
        return _add(session, learner, pseudonym, ErasureState.DONE)
    row = learners.lock(session, learner)
    if row.erasure_id is not None:
        return row.erasure_id
    erasure_id = _add(session, learner, pseudonym, ErasureState.RUNNING)
    session.execute(
        update(Learner)
        .where(col(Learner.id) == row.id)
        .values(
            erasure_id=erasure_id,
            deletion_asked_at=func.coalesce(col(Learner.deletion_asked_at), func.now()),
        )
        .execution_options(synchronize_session=False)
    )
    return erasure_id


def _add(session: Session, learner: LearnerRef, pseudonym: str, state: ErasureState) -> UUID:
    erasure = Erasure(app_id=learner.app_id, pseudonym=pseudonym, state=state)
    session.add(erasure)
    session.flush()
    if state is ErasureState.DONE:
        session.execute(update(Erasure).where(col(Erasure.id) == erasure.id).values(finished_at=func.now()))
    return erasure.id


def find(session: Session, erasure_id: UUID) -> Erasure | None:
    """Return the erasure; None if there is none."""
    return session.scalars(select(Erasure).where(col(Erasure.id) == erasure_id)).one_or_none()


def unfinished(session: Session) -> Sequence[tuple[Learner, Erasure]]:
    """Return the learners that are to be erased, who was asked for first first."""
    statement = (
        select(Learner, Erasure)
        .join(Erasure, col(Erasure.id) == col(Learner.erasure_id))
        .order_by(col(Erasure.asked_at))
    )
    return [(learner, erasure) for learner, erasure in session.execute(statement)]


def conversations_of(session: Session, learner_id: UUID) -> Sequence[str]:
    """Return what the learner calls their conversations."""
    return session.scalars(
        select(col(Conversation.public_id)).where(col(Conversation.learner_id) == learner_id)
    ).all()


def audio_of(session: Session, learner_id: UUID, *, limit: int) -> Sequence[AudioObject]:
    """Return some of the learner's sounds, the newest last."""
    statement = select(AudioObject).where(col(AudioObject.learner_id) == learner_id)
    return session.scalars(statement.order_by(col(AudioObject.created_at)).limit(limit)).all()


def is_being_written(session: Session, learner_id: UUID, *, within: timedelta) -> bool:
    """Tell whether bytes of the learner's may still arrive: a row without them was added so recently."""
    statement = select(col(AudioObject.id)).where(
        col(AudioObject.learner_id) == learner_id,
        col(AudioObject.stored_at).is_(None),
        col(AudioObject.created_at) > func.now() - within,
    )
    return session.scalar(statement.limit(1)) is not None


def note(session: Session, erasure_id: UUID, state: ErasureState) -> None:
    """Note how far an unfinished erasure is."""
    session.execute(
        update(Erasure)
        .where(col(Erasure.id) == erasure_id, col(Erasure.state) != state)
        .values(state=state)
        .execution_options(synchronize_session=False)
    )


def finish(session: Session, learner: Learner, erasure_id: UUID) -> None:
    """Delete the learner's counts and row. Raises `IntegrityError` if anything else of theirs is left."""
    session.execute(delete(DailyMistakes).where(col(DailyMistakes.learner_id) == learner.id))
    session.execute(delete(DailyUsage).where(col(DailyUsage.learner_id) == learner.id))
    session.execute(delete(Learner).where(col(Learner.id) == learner.id))
    session.execute(update(Erasure).where(col(Erasure.id) == erasure_id).values(**_ENDS))
