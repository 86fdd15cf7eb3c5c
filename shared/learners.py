"""Learners: who is meant, and their rows. A repository: it never commits."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ScalarSelect, Select, Table, bindparam, exists, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from shared.models import Job, Learner
from shared.statements import built_once

_learners: Table = Learner.metadata.tables["learners"]
_IS_MEANT = (_learners.c.app_id == bindparam("app_id"), _learners.c.user_id == bindparam("user_id"))


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
    while (row := session.scalars(_lock(), {"id": uuid4(), **learner._asdict()}).one_or_none()) is None:
        pass  # somebody else has just made it: now it can be seen
    return row


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
    return select(Learner).where(*_IS_MEANT)


@built_once
def _lock() -> Select[Learner]:
    """Return one statement for both: what finds and locks the row, and what makes it where there is none."""
    # FOR NO KEY UPDATE: rows that refer to the learner can be inserted meanwhile.
    found = select(_learners).where(*_IS_MEANT).with_for_update(key_share=True).cte("found")
    given = [bindparam(name, type_=_learners.c[name].type) for name in ("id", "app_id", "user_id")]
    made = (
        insert(_learners)
        .from_select(["id", "app_id", "user_id"], select(*given).where(~exists(found.select())))
        .on_conflict_do_nothing(index_elements=["app_id", "user_id"])
        .returning(*_learners.c)
        .cte("made")
    )
    either = aliased(Learner, union_all(found.select(), made.select()).subquery())
    # What others have committed since this session read the row is read again.
    return select(either).execution_options(populate_existing=True)
