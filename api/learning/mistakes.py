"""A learner's mistakes: lists them, and says which to review next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session
from sqlmodel import col

from api.database import Sessions
from api.http.paging import NEWEST_FIRST, MomentAndId, Page
from api.http.problems import NotFoundError
from api.learning.schemas import MistakesQuery, MistakeView
from shared import learners
from shared.learners import LearnerRef
from shared.learning import due
from shared.models import Mistake, MistakeUse


class MistakeNotFoundError(NotFoundError):
    """There is no such mistake, or it is another learner's."""

    def __init__(self) -> None:
        super().__init__("There is no such mistake.")


class MistakeRecord(NamedTuple):
    """A mistake, and the job in which it was made last: None if that has expired."""

    mistake: Mistake
    job_id: UUID | None


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Every query is about one learner's."""

    sessions: Sessions

    async def page(self, learner: LearnerRef, query: MistakesQuery) -> Page[MistakeRecord]:
        """Return the learner's mistakes, the one made last first.

        Raises `InvalidRequestError` for a bad cursor.
        """
        before = NEWEST_FIRST.read(query.cursor)
        found = await self.sessions.read(_latest, learner, query, before)
        return NEWEST_FIRST.page(
            found, query.limit, lambda record: (record.mistake.last_seen_at, record.mistake.id)
        )

    async def next_review(self, learner: LearnerRef) -> MistakeRecord | None:
        """Return the open mistake that has been due longest; None where none is due now."""
        return await self.sessions.read(_next, learner)

    async def check(self, learner: LearnerRef, mistake_id: UUID) -> None:
        """Raise `MistakeNotFoundError` where the learner has no such mistake."""
        if await self.sessions.read(due.find, learners.id_of(learner), mistake_id) is None:
            raise MistakeNotFoundError


def present(record: MistakeRecord) -> MistakeView:
    """Return the mistake as clients see it."""
    mistake = record.mistake
    return MistakeView(
        id=mistake.id,
        category=mistake.category,
        wrong=mistake.wrong,
        right=mistake.right,
        hinglish_explanation=mistake.hinglish_explanation,
        times=mistake.times,
        first_seen=mistake.first_seen_at,
        last_seen=mistake.last_seen_at,
        used_rightly=mistake.used_rightly,
        due_at=mistake.due_at,
        state=mistake.state,
        job_id=record.job_id,
    )


def prompt(mistake: Mistake) -> str:
    """Return what a learner is asked in a review."""
    return f'You said: "{mistake.wrong}". Say it right.'


_LAST_JOB = (
    select(col(MistakeUse.job_id))
    .where(col(MistakeUse.mistake_id) == col(Mistake.id), col(MistakeUse.wrong).is_not(None))
    .order_by(col(MistakeUse.used_at).desc())
    .limit(1)
    .scalar_subquery()
)


def _latest(
    session: Session, learner: LearnerRef, query: MistakesQuery, before: MomentAndId | None
) -> Sequence[MistakeRecord]:
    place = (col(Mistake.last_seen_at), col(Mistake.id))
    statement = select(Mistake, _LAST_JOB).where(col(Mistake.learner_id) == learners.id_of(learner))
    if query.state is not None:
        statement = statement.where(col(Mistake.state) == query.state)
    if query.category is not None:
        statement = statement.where(col(Mistake.category) == query.category)
    if before is not None:
        statement = statement.where(tuple_(*place) < before)
    rows = session.execute(statement.order_by(*(part.desc() for part in place)).limit(query.limit + 1))
    return [MistakeRecord(*row) for row in rows]


def _next(session: Session, learner: LearnerRef) -> MistakeRecord | None:
    mistake = due.next_due(session, learners.id_of(learner))
    if mistake is None:
        return None
    job_id = session.scalar(select(_LAST_JOB).select_from(Mistake).where(col(Mistake.id) == mistake.id))
    return MistakeRecord(mistake, job_id)
