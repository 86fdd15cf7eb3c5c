"""Reads a learner's usage, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api.database import Sessions
from api.http.problems import InvalidRequestError
from api.usage.schemas import UsageCounts, UsageDay, UsageQuery, UsageView
from shared import usage
from shared.learners import LearnerRef
from shared.models import DailyUsage

DEFAULT_SPAN = timedelta(days=30)
MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class UsageReader:
    """Days are those of `zone`."""

    sessions: Sessions
    zone: ZoneInfo

    async def read(self, learner: LearnerRef, query: UsageQuery) -> UsageView:
        """Return the learner's usage; by default up to today, from 30 days before the last day.

        Raises `InvalidRequestError` if the first day is after the last, or more than a year before it.
        """
        last = query.last or datetime.now(self.zone).date()
        first = query.first or max(last, date.min + DEFAULT_SPAN) - DEFAULT_SPAN
        if first > last:
            raise InvalidRequestError("from: must not be after `to`")
        if (last - first).days >= MAX_DAYS:
            raise InvalidRequestError(f"from: must be less than {MAX_DAYS} days before `to`")
        rows = await self.sessions.read(usage.days, learner, first, last)
        return UsageView(
            user_id=learner.user_id,
            first=first,
            last=last,
            timezone=self.zone.key,
            days=[UsageDay(day=row.day, **_counts([row])) for row in rows],
            totals=UsageCounts(**_counts(rows)),
        )


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
