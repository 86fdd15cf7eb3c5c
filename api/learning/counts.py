"""Counts of learners' mistakes and turns, kept as things happened: rows a day, not a turn. Reads only.

No query reads more rows than a learner has mistakes, or days, and each finds them by an index.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Float, Integer, cast, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlmodel import col

from shared import learners
from shared.learners import LearnerRef
from shared.models import DailyMistakes, DailyUsage, Learner, Mistake, MistakeCategory, MistakeState

_TURNS = col(DailyUsage.text_turns) + col(DailyUsage.voice_turns)
_KINDS_SHOWN = 3


class OfACategory(NamedTuple):
    """What happened to mistakes of a category: made, made for the first time, repaired."""

    times: int = 0
    new: int = 0
    repaired: int = 0


class Spoken(NamedTuple):
    """How fluently was spoken: each measure's sum over turns, and the number of turns that have it."""

    rate_sum: float = 0.0
    rate_count: int = 0
    pauses_sum: float = 0.0
    pauses_count: int = 0


@dataclass(frozen=True, slots=True)
class LearnerCounts:
    """A learner's mistakes by category, in all and by week; turns without reviews, and fluency, by week."""

    mistakes: dict[MistakeCategory, int]
    repaired: dict[MistakeCategory, int]
    weeks: dict[MistakeCategory, dict[date, OfACategory]]
    turns: dict[date, int]
    spoken: dict[date, Spoken]
    streak: int


class LearnerTotals(NamedTuple):
    """What a teacher sees of a learner: `commonest` are kinds with their number, commonest first."""

    mistakes: int
    repaired: int
    commonest: Sequence[tuple[MistakeCategory, int]]
    active_days: int


def of_learner(session: Session, learner: LearnerRef, first: date, today: date) -> LearnerCounts | None:
    """Return the learner's counts, those by week from `first` on; None for one who has not been here."""
    row = learners.find(session, learner)
    if row is None:
        return None
    by_state = _by_state(session, [row.id])
    repaired = {kind: n for (_, kind, state), n in by_state.items() if state is MistakeState.REPAIRED}
    mistakes: defaultdict[MistakeCategory, int] = defaultdict(int)
    for (_, kind, _), number in by_state.items():
        mistakes[kind] += number
    turns, spoken = _turns_by_week(session, row.id, first)
    return LearnerCounts(
        mistakes,
        repaired,
        _mistakes_by_week(session, row.id, first),
        turns,
        spoken,
        _streak(session, row.id, today),
    )


def of_learners(
    session: Session, app_id: UUID, user_ids: Iterable[str], first: date
) -> dict[str, LearnerTotals]:
    """Return the totals of the app's learners who are known; kinds and days are those since `first`."""
    known = select(col(Learner.id), col(Learner.user_id)).where(
        col(Learner.app_id) == app_id, col(Learner.user_id).in_(user_ids)
    )
    names = {row[0]: row[1] for row in session.execute(known)}
    mistakes: defaultdict[UUID, int] = defaultdict(int)
    repaired: defaultdict[UUID, int] = defaultdict(int)
    for (learner_id, _, state), number in _by_state(session, list(names)).items():
        mistakes[learner_id] += number
        repaired[learner_id] += number * (state is MistakeState.REPAIRED)
    commonest, days = _commonest(session, list(names), first), _active_days(session, list(names), first)
    return {
        user_id: LearnerTotals(
            mistakes[learner_id],
            repaired[learner_id],
            commonest[learner_id][:_KINDS_SHOWN],
            days.get(learner_id, 0),
        )
        for learner_id, user_id in names.items()
    }


def _by_state(
    session: Session, learner_ids: Sequence[UUID]
) -> dict[tuple[UUID, MistakeCategory, MistakeState], int]:
    key = (col(Mistake.learner_id), col(Mistake.category), col(Mistake.state))
    counted = select(*key, func.count()).where(col(Mistake.learner_id).in_(learner_ids)).group_by(*key)
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(counted)}


def _mistakes_by_week(
    session: Session, learner_id: UUID, first: date
) -> dict[MistakeCategory, dict[date, OfACategory]]:
    found: defaultdict[MistakeCategory, dict[date, OfACategory]] = defaultdict(dict)
    week = _week(col(DailyMistakes.day))
    sums = (_sum(col(column)) for column in (DailyMistakes.times, DailyMistakes.new, DailyMistakes.repaired))
    made = (
        select(col(DailyMistakes.category), week, *sums)
        .where(col(DailyMistakes.learner_id) == learner_id, col(DailyMistakes.day) >= first)
        .group_by(col(DailyMistakes.category), week)
    )
    for kind, monday, *counts in session.execute(made):
        found[kind][monday] = OfACategory(*counts)
    return found


def _turns_by_week(
    session: Session, learner_id: UUID, first: date
) -> tuple[dict[date, int], dict[date, Spoken]]:
    week = _week(col(DailyUsage.day))
    statement = (
        select(
            week,
            _sum(_TURNS - col(DailyUsage.reviews)),
            cast(func.sum(col(DailyUsage.articulation_rate_sum)), Float),
            _sum(col(DailyUsage.articulation_rate_count)),
            cast(func.sum(col(DailyUsage.pauses_per_minute_sum)), Float),
            _sum(col(DailyUsage.pauses_per_minute_count)),
        )
        .where(col(DailyUsage.learner_id) == learner_id, col(DailyUsage.day) >= first)
        .group_by(week)
    )
    rows = session.execute(statement).all()
    return {row[0]: row[1] for row in rows}, {row[0]: Spoken(*row[2:]) for row in rows}


def _streak(session: Session, learner_id: UUID, today: date) -> int:
    """Return how many days in a row had a turn, up to today, or yesterday where today has none yet.

    Of days in a row, numbered backwards, day and number have the same sum.
    """
    day = col(DailyUsage.day)
    number = cast(func.row_number().over(order_by=day.desc()), Integer)
    active = (
        select(day.label("day"), (day + number).label("sum"))
        .where(col(DailyUsage.learner_id) == learner_id, day <= today, _TURNS > 0)
        .subquery()
    )
    latest = (
        select(active.c.sum)
        .where(active.c.day >= today - timedelta(days=1))
        .order_by(active.c.day.desc())
        .limit(1)
    )
    return session.scalar(select(func.count()).where(active.c.sum == latest.scalar_subquery())) or 0


def _commonest(
    session: Session, learner_ids: Sequence[UUID], first: date
) -> defaultdict[UUID, list[tuple[MistakeCategory, int]]]:
    found: defaultdict[UUID, list[tuple[MistakeCategory, int]]] = defaultdict(list)
    key, total = (col(DailyMistakes.learner_id), col(DailyMistakes.category)), _sum(col(DailyMistakes.times))
    made = (
        select(*key, total)
        .where(col(DailyMistakes.learner_id).in_(learner_ids), col(DailyMistakes.day) >= first)
        .group_by(*key)
        .having(total > 0)
        .order_by(total.desc(), col(DailyMistakes.category))
    )
    for learner_id, category, number in session.execute(made):
        found[learner_id].append((category, number))
    return found


def _active_days(session: Session, learner_ids: Sequence[UUID], first: date) -> dict[UUID, int]:
    counted = (
        select(col(DailyUsage.learner_id), func.count())
        .where(col(DailyUsage.learner_id).in_(learner_ids), col(DailyUsage.day) >= first, _TURNS > 0)
        .group_by(col(DailyUsage.learner_id))
    )
    return {row[0]: row[1] for row in session.execute(counted)}


def _week(day: SQLCoreOperations[date]) -> ColumnElement[date]:
    return cast(func.date_trunc("week", day), Date)


def _sum(counted: SQLCoreOperations[int]) -> ColumnElement[int]:
    return cast(func.sum(counted), Integer)
