"""What a learner did on one day."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

_NONE_YET = {"server_default": "0"}


class DailyUsage(SQLModel, table=True):
    """What a learner did on one day of the usage time zone. Seconds are of sound.

    Reviews are turns too, and `reviews` says how many of these they were. Fluency is that of voice turns: the
    sum of each measure, and how many turns have it.
    """

    __tablename__ = "daily_usage"

    learner_id: UUID = Field(foreign_key="learners.id", primary_key=True)
    day: date = Field(primary_key=True)
    text_turns: int = Field(default=0, sa_type=BigInteger)
    voice_turns: int = Field(default=0, sa_type=BigInteger)
    voice_seconds: float = Field(default=0.0)
    speech_seconds: float = Field(default=0.0)
    corrections: int = Field(default=0, sa_type=BigInteger)
    score_sum: int = Field(default=0, sa_type=BigInteger)
    score_count: int = Field(default=0, sa_type=BigInteger)
    tokens_in: int = Field(default=0, sa_type=BigInteger)
    tokens_out: int = Field(default=0, sa_type=BigInteger)
    reviews: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=_NONE_YET)
    articulation_rate_sum: float = Field(default=0.0, sa_column_kwargs=_NONE_YET)
    articulation_rate_count: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=_NONE_YET)
    pauses_per_minute_sum: float = Field(default=0.0, sa_column_kwargs=_NONE_YET)
    pauses_per_minute_count: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=_NONE_YET)
