"""Lists a learner's jobs, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.orm import Session
from sqlmodel import col

from api.database import Sessions
from api.http.paging import NEWEST_FIRST, MomentAndId, Page
from api.jobs.read import JobReader, JobRecord
from api.jobs.schemas import JobsQuery
from shared import learners
from shared.learners import LearnerRef
from shared.models import Job


@dataclass(frozen=True, slots=True)
class JobLists:
    """Finds the jobs of a page and reads them together, in three queries however many there are."""

    sessions: Sessions
    reader: JobReader

    async def page(self, learner: LearnerRef, query: JobsQuery) -> Page[JobRecord]:
        """Return the learner's jobs, newest first. Raises `InvalidRequestError` for a bad cursor.

        A job accepted while a client goes through the pages belongs before the first page, so it does not
        appear. A job removed between finding and reading is left out.
        """
        before = NEWEST_FIRST.read(query.cursor)
        found = await self.sessions.read(_newest, learner, query, before, self.reader.keep)
        page = NEWEST_FIRST.page(found, query.limit, lambda row: (row.created_at, row.id))
        records = await self.reader.read([row.id for row in page.rows])
        return Page([records[row.id] for row in page.rows if row.id in records], page.next_cursor)


def _newest(
    session: Session, learner: LearnerRef, query: JobsQuery, before: MomentAndId | None, keep: timedelta
) -> Sequence[Row[UUID, datetime]]:
    place = (col(Job.created_at), col(Job.id))
    statement = select(col(Job.id), col(Job.created_at)).where(
        col(Job.learner_id) == learners.id_of(learner),
        func.coalesce(col(Job.finished_at), func.now()) > func.now() - keep,
    )
    if query.status is not None:
        statement = statement.where(col(Job.status) == query.status)
    if before is not None:
        statement = statement.where(tuple_(*place) < before)
    return session.execute(statement.order_by(*(part.desc() for part in place)).limit(query.limit + 1)).all()
