"""Reads a learner's usage, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.access.quotas import Quotas
from api.database import Sessions
from api.http.problems import InvalidRequestError
from api.usage.schemas import QuotasView, QuotaView, UsageCounts, UsageDay, UsageQuery, UsageView
from shared import audio_objects, learners, usage
from shared.learners import LearnerRef
from shared.models import DailyUsage, Learner

DEFAULT_SPAN = timedelta(days=30)
MAX_DAYS = 366


class _Used(NamedTuple):
    """What of a learner counts against quotas; no row: they have not been here."""

    learner: Learner | None
    unfinished_jobs: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class UsageReader:
    """Days are those of `zone`."""

    sessions: Sessions
    zone: ZoneInfo

    async def read(self, learner: LearnerRef, quotas: Quotas, query: UsageQuery) -> UsageView:
        """Return the learner's usage; by default up to today, from 30 days before the last day.

        Raises `InvalidRequestError` if the first day is after the last, or more than a year before it.
        """
        last = query.last or datetime.now(self.zone).date()
        first = query.first or max(last, date.min + DEFAULT_SPAN) - DEFAULT_SPAN
        if first > last:
            raise InvalidRequestError("from: must not be after `to`")
        if (last - first).days >= MAX_DAYS:
            raise InvalidRequestError(f"from: must be less than {MAX_DAYS} days before `to`")
        rows, used = await self.sessions.read(_read, learner, first, last)
        return UsageView(
            user_id=learner.user_id,
            first=first,
            last=last,
            timezone=self.zone.key,
            days=[UsageDay(day=row.day, **_counts([row])) for row in rows],
            totals=UsageCounts(**_counts(rows)),
            quotas=self._left(used, quotas),
        )

    def _left(self, used: _Used, quotas: Quotas) -> QuotasView:
        today = datetime.now(self.zone).date()
        tomorrow = datetime.combine(today + timedelta(days=1), time(), self.zone)
        turns = 0 if used.learner is None else learners.turns_on(used.learner, today)
        return QuotasView(
            turns_today=_quota(quotas.turns_a_day, turns),
            turns_begin_anew_at=tomorrow,
            unfinished_jobs=_quota(quotas.unfinished_jobs_of_learner, used.unfinished_jobs),
            stored_bytes=_quota(quotas.stored_bytes, used.stored_bytes),
        )


def _read(
    session: Session, learner: LearnerRef, first: date, last: date
) -> tuple[Sequence[DailyUsage], _Used]:
    row = learners.find(session, learner)
    if row is None:
        return (), _Used(None, 0, 0)
    unfinished = len(learners.unfinished_jobs(session, row.id))
    return usage.days(session, learner, first, last), _Used(
        row, unfinished, audio_objects.stored_bytes(session, row.id)
    )


def _quota(limit: int | None, used: int) -> QuotaView:
    return QuotaView(limit=limit, left=None if limit is None else max(limit - used, 0))


def _counts(rows: Sequence[DailyUsage]) -> dict[str, Any]:
    """Return the rows' sums; seconds to the millisecond, the mean score to a tenth."""
    scores = sum(row.score_count for row in rows)
    return {
        "text_turns": sum(row.text_turns for row in rows),
        "voice_turns": sum(row.voice_turns for row in rows),
        "voice_seconds": round(sum(row.voice_seconds for row in rows), 3),
        "speech_seconds": round(sum(row.speech_seconds for row in rows), 3),
        "corrections": sum(row.corrections for row in rows),
        "mean_score": round(sum(row.score_sum for row in rows) / scores, 1) if scores else None,
        "tokens_in": sum(row.tokens_in for row in rows),
        "tokens_out": sum(row.tokens_out for row in rows),
    }
