"""Usage as clients see it."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_as_a_day(value: object) -> object:
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("must be a day as YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_as_a_day), Field(examples=["2026-11-22"])]


class UsageQuery(BaseModel):
    """Which days are asked for."""

    first: Day | None = Field(
        default=None, alias="from", description="first day; 30 days before `to` when not given"
    )
    last: Day | None = Field(default=None, alias="to", description="last day; today when not given")


class UsageCounts(BaseModel):
    """What was done in succeeded turns. Seconds are of sound."""

    text_turns: int
    voice_turns: int
    voice_seconds: float = Field(description="heard in recordings")
    speech_seconds: float = Field(description="spoken by the tutor")
    corrections: int
    mean_score: float | None = Field(description="of the turns that have a score; null where none has")
    tokens_in: int = Field(description="read by the tutor's model")
    tokens_out: int = Field(description="written by the tutor's model")


class UsageDay(UsageCounts):
    """What was done on one day."""

    day: date


class QuotaView(BaseModel):
    """How much there may be, and how much of it is left; null: no limit."""

    limit: int | None
    left: int | None


class QuotasView(BaseModel):
    """What the learner may still do."""

    turns_today: QuotaView
    turns_begin_anew_at: datetime = Field(description="when the day of `timezone` ends")
    unfinished_jobs: QuotaView
    stored_bytes: QuotaView = Field(description="of recordings")


class UsageView(BaseModel):
    """What a user did from day `from` to day `to`, both included."""

    user_id: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    timezone: str = Field(description="whose days these are", examples=["Asia/Kolkata"])
    days: list[UsageDay] = Field(description="every day with usage, oldest first")
    totals: UsageCounts
    quotas: QuotasView
