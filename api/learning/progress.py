"""How learners get on, over the last weeks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.access.principal import InsufficientScopeError, Principal
from api.database import Sessions
from api.learning import counts
from api.learning.counts import LearnerCounts, LearnerTotals, OfACategory, Spoken
from api.learning.schemas import (
    CategoryProgress,
    CategoryWeek,
    CommonCategory,
    FluencyMeans,
    FluencyProgress,
    FluencyWeek,
    LearnerProgress,
    ProgressView,
    TeachersView,
)
from shared.learners import LearnerRef
from shared.models import MistakeCategory

WEEKS = 12
_NOTHING = LearnerCounts({}, {}, {}, {}, {}, 0)
_NOBODY = LearnerTotals(0, 0, (), 0)


@dataclass(frozen=True, slots=True)
class ProgressReader:
    """Days and weeks are those of `zone`."""

    sessions: Sessions
    zone: ZoneInfo

    async def of_learner(self, learner: LearnerRef) -> ProgressView:
        """Return how the learner gets on; one who is not known has done nothing."""
        today = datetime.now(self.zone).date()
        weeks = _weeks_until(today)
        found = await self.sessions.read(counts.of_learner, learner, weeks[0], today) or _NOTHING
        return ProgressView(
            user_id=learner.user_id,
            timezone=self.zone.key,
            streak_days=found.streak,
            categories=[_of_category(category, found, weeks) for category in _commonest_first(found)],
            fluency=_fluency(found, weeks),
        )

    async def of_learners(self, principal: Principal, user_ids: Sequence[str]) -> TeachersView:
        """Return how several learners of the app get on; one who is not known has done nothing.

        Raises `InsufficientScopeError` for a learner, who sees only their own.
        """
        if principal.user_id is not None:
            raise InsufficientScopeError("Only an app's key can compare learners.")
        first = _weeks_until(datetime.now(self.zone).date())[0]
        asked = list(dict.fromkeys(user_ids))
        found = await self.sessions.read(counts.of_learners, principal.app_id, asked, first)
        shown = [_of_one(user_id, found.get(user_id, _NOBODY)) for user_id in asked]
        return TeachersView(first=first, timezone=self.zone.key, learners=shown)


def _commonest_first(found: LearnerCounts) -> list[MistakeCategory]:
    def rarity(category: MistakeCategory) -> tuple[int, MistakeCategory]:
        return -sum(week.times for week in found.weeks.get(category, {}).values()), category

    return sorted({*found.mistakes, *found.weeks}, key=rarity)


def _of_category(category: MistakeCategory, found: LearnerCounts, weeks: Sequence[date]) -> CategoryProgress:
    shown = []
    for week in weeks:
        turns = found.turns.get(week, 0)
        happened = found.weeks.get(category, {}).get(week, OfACategory())
        share = None if turns == 0 else round(max(turns - happened.times, 0) / turns, 3)
        shown.append(CategoryWeek(week=week, **happened._asdict(), share_without=share))
    return CategoryProgress(
        category=category,
        mistakes=found.mistakes.get(category, 0),
        repaired=found.repaired.get(category, 0),
        weeks=shown,
    )


def _fluency(found: LearnerCounts, weeks: Sequence[date]) -> FluencyProgress:
    by_week = {week: found.spoken.get(week, Spoken()) for week in weeks}
    return FluencyProgress(
        usual=_means(by_week.values()),
        weeks=[
            FluencyWeek(week=week, turns=spoken.pauses_count, **_means([spoken]).model_dump())
            for week, spoken in by_week.items()
        ],
    )


def _means(spoken: Iterable[Spoken]) -> FluencyMeans:
    rate_sum, rates, pauses_sum, pauses = (sum(column) for column in zip(*spoken, strict=True))
    return FluencyMeans(
        articulation_rate=round(rate_sum / rates, 2) if rates else None,
        pauses_per_minute=round(pauses_sum / pauses, 2) if pauses else None,
    )


def _of_one(user_id: str, totals: LearnerTotals) -> LearnerProgress:
    return LearnerProgress(
        user_id=user_id,
        commonest=[CommonCategory(category=category, times=times) for category, times in totals.commonest],
        mistakes=totals.mistakes,
        repaired=totals.repaired,
        active_days=totals.active_days,
    )


def _weeks_until(today: date) -> list[date]:
    """Return the Mondays of the last weeks, this one's last."""
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=ago) for ago in reversed(range(WEEKS))]
