"""When a mistake comes back: FSRS 6, by the package `fsrs`.

A review is graded as FSRS's authors advise: *again* for what was forgotten. Days are the unit: no learning
steps of minutes, and no fuzz, so the same history gives the same date.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from fsrs import Card, Rating, ReviewLog, Scheduler
from fsrs.card import CardDict

from shared.models import UseKind

_SCHEDULER = Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
_EXACT_IN_JSON = 2**53 - 1


def rating_of(kind: UseKind, *, passed: bool) -> Rating:
    """Return how well the form was remembered: best where nobody asked for it."""
    if not passed:
        return Rating.Again
    return Rating.Easy if kind is UseKind.UNPROMPTED else Rating.Good


def new_card(mistake_id: UUID, now: datetime) -> Card:
    """Return the card of a mistake that was not reviewed yet."""
    return Card(card_id=mistake_id.int & _EXACT_IN_JSON, due=now.astimezone(UTC))


def stored(card: Card) -> dict[str, Any]:
    """Return the card as it is stored."""
    return dict(card.to_dict())


def read(card: Mapping[str, Any]) -> Card:
    """Return a card that was stored."""
    return Card.from_dict(cast("CardDict", card))


def reviewed(card: Card, rating: Rating, now: datetime) -> Card:
    """Return the card after a review; `due` says when it comes back."""
    return _SCHEDULER.review_card(card, rating, now.astimezone(UTC))[0]


def replayed(card: Card, reviews: Sequence[tuple[Rating, datetime]]) -> Card:
    """Return the card as it would be if these had been its reviews, with today's parameters."""
    logs = [ReviewLog(card.card_id, rating, at.astimezone(UTC), None) for rating, at in reviews]
    return _SCHEDULER.reschedule_card(card, logs)
