"""Learners: who is meant, and their rows. A repository: it never commits."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ScalarSelect, Select, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col

from shared.models import Job, Learner
from shared.statements import built_once


class LearnerRef(NamedTuple):
    """A learner as clients name them: `user_id` means nothing without the app that says it."""

    app_id: UUID
    user_id: str


def id_of(learner: LearnerRef) -> ScalarSelect[UUID]:
    """Return the learner's id for use in a query; NULL, which equals nothing, if there is no such learner."""
    return (
        select(col(Learner.id))
        .where(col(Learner.app_id) == learner.app_id, col(Learner.user_id) == learner.user_id)
        .scalar_subquery()
    )


def find(session: Session, learner: LearnerRef) -> Learner | None:
    """Return the learner's row; None for one who has not been here."""
    return session.scalars(_find(), learner._asdict()).one_or_none()


def lock(session: Session, learner: LearnerRef) -> Learner:
    """Return the learner's row, a new one if need be, locked until the transaction ends.

    So a learner's turns are accepted one at a time. Lock order: learner, app, conversation, job.
    """
    while (found := session.scalars(_lock(), learner._asdict()).one_or_none()) is None:
        made = session.scalars(_insert(), {"id": uuid4(), **learner._asdict()}).one_or_none()
        if made is not None:  # nobody else sees it yet
            return made
    return found


def count_turn(session: Session, learner: Learner, day: date) -> int:
    """Count one more turn of a locked learner; return how many were accepted on this day."""
    turns = turns_on(learner, day) + 1
    session.execute(
        update(Learner)
        .where(col(Learner.id) == learner.id)
        .values(turns_on=day, turns_accepted=turns)
        .execution_options(synchronize_session=False)
    )
    return turns


def turns_on(learner: Learner, day: date) -> int:
    """Return how many of the learner's turns were accepted on this day."""
    return learner.turns_accepted if learner.turns_on == day else 0


def unfinished_jobs(session: Session, learner_id: UUID) -> Sequence[UUID]:
    """Return the learner's jobs that have not ended."""
    statement = select(col(Job.id)).where(col(Job.learner_id) == learner_id, col(Job.finished_at).is_(None))
    return session.scalars(statement).all()


@built_once
def _find() -> Select[Learner]:
    return select(Learner).where(
        col(Learner.app_id) == bindparam("app_id"), col(Learner.user_id) == bindparam("user_id")
    )


@built_once
def _lock() -> Select[Learner]:
    # FOR NO KEY UPDATE: rows that refer to the learner can be inserted meanwhile. What others have committed
    # since this session read the row is read again.
    return _find().with_for_update(key_share=True).execution_options(populate_existing=True)


@built_once
def _insert() -> ReturningInsert[Learner]:
    ignoring = insert(Learner).on_conflict_do_nothing(index_elements=["app_id", "user_id"])
    return ignoring.returning(Learner)
