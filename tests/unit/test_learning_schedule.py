"""When a mistake comes back and when it is repaired, without a database."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from fsrs import Rating

from shared.learning import schedule
from shared.learning.standing import PASSES_TO_REPAIR, Standing
from shared.models import MistakeState, UseKind

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("uses", "state", "in_a_row", "rightly"),
    [
        ([True], MistakeState.OPEN, 1, 1),
        ([True, True], MistakeState.OPEN, 2, 2),
        ([True, True, True], MistakeState.REPAIRED, 3, 3),
        ([True, True, True, True], MistakeState.REPAIRED, 3, 4),
        ([True, True, False, True], MistakeState.OPEN, 1, 3),
        ([True, True, True, False], MistakeState.OPEN, 0, 3),
        ([True, True, True, False, True, True], MistakeState.OPEN, 2, 5),
    ],
)
def test_three_in_a_row_repair(uses: list[bool], state: MistakeState, in_a_row: int, rightly: int) -> None:
    standing = Standing()
    for passed in uses:
        standing = standing.after(passed=passed)

    assert standing == Standing(state, in_a_row, rightly)
    assert PASSES_TO_REPAIR == 3


def test_unprompted_use_counts_most() -> None:
    ratings = [schedule.rating_of(kind, passed=True) for kind in (UseKind.UNPROMPTED, UseKind.PROMPTED)]
    assert ratings == [Rating.Easy, Rating.Good]
    assert schedule.rating_of(UseKind.REVIEW, passed=True) is Rating.Good
    assert {schedule.rating_of(kind, passed=False) for kind in UseKind} == {Rating.Again}


def due_days(*ratings: Rating) -> list[int]:
    """Return after how many days a card comes back that is reviewed whenever it is due."""
    card, now, days = schedule.new_card(uuid4(), NOW), NOW, []
    for rating in ratings:
        card = schedule.reviewed(card, rating, now)
        days.append((card.due - now).days)
        now = card.due
    return days


def test_intervals_are_days_that_grow_with_right_uses_and_shrink_with_a_wrong_one() -> None:
    assert due_days(Rating.Good, Rating.Good, Rating.Again) == [2, 11, 2]
    growing = due_days(Rating.Again, Rating.Good, Rating.Good, Rating.Good)
    assert growing[0] == 1
    assert growing == sorted(growing)
    easy, good = due_days(Rating.Again, Rating.Easy)[-1], due_days(Rating.Again, Rating.Good)[-1]
    assert easy >= good


def test_a_card_survives_its_storage_and_has_its_mistakes_number() -> None:
    mistake_id = uuid4()
    card = schedule.reviewed(schedule.new_card(mistake_id, NOW), Rating.Again, NOW)

    stored = json.loads(json.dumps(schedule.stored(card)))

    assert schedule.stored(schedule.read(stored)) == schedule.stored(card)
    assert card.card_id == mistake_id.int % 2**53


def test_the_zone_of_a_moment_changes_nothing() -> None:
    card = schedule.new_card(uuid4(), NOW)
    there = NOW.astimezone(ZoneInfo("Asia/Kolkata"))

    assert schedule.reviewed(card, Rating.Good, there) == schedule.reviewed(card, Rating.Good, NOW)


def test_a_card_can_be_computed_anew_from_its_reviews() -> None:
    card = schedule.new_card(uuid4(), NOW)
    reviews = [(Rating.Again, NOW), (Rating.Good, NOW + timedelta(days=2)), (Rating.Easy, NOW + timedelta(9))]
    for rating, at in reviews:
        card = schedule.reviewed(card, rating, at)

    assert schedule.replayed(schedule.new_card(uuid4(), NOW), reviews).stability == card.stability
