"""What a user did on a day: one row a user a day, written in the transaction that ends the job."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import DailyUsage, Job, JobKind


def count_tokens(session: Session, job: Job, *, day: date) -> None:
    """Add what the tutor was paid for, without a turn, to the user's row for `day`."""
    counts = [column.name for column in DailyUsage.metadata.tables["daily_usage"].c if not column.primary_key]
    added = dict.fromkeys(counts, 0) | {"tokens_in": job.tokens_in, "tokens_out": job.tokens_out}
    _add(session, job.user_id, day, added)


def count_turn(session: Session, job: Job, *, day: date, voice_seconds: float, speech_seconds: float) -> None:
    """Add a succeeded job to its user's row for `day`. Seconds are of sound heard and spoken."""
    voice = job.kind is JobKind.VOICE
    added = {
        "text_turns": int(not voice),
        "voice_turns": int(voice),
        "voice_seconds": voice_seconds,
        "speech_seconds": speech_seconds,
        "corrections": int(job.mistake_wrong is not None),
        "score_sum": job.score or 0,
        "score_count": int(job.score is not None),
        "tokens_in": job.tokens_in,
        "tokens_out": job.tokens_out,
    }
    _add(session, job.user_id, day, added)


def _add(session: Session, user_id: str, day: date, added: Mapping[str, object]) -> None:
    session.execute(_add_to_the_day(), {"user_id": user_id, "day": day, **added})


@cache  # building it costs more than running it
def _add_to_the_day() -> Insert:
    table = DailyUsage.metadata.tables["daily_usage"]
    row = insert(table)
    counts = [column for column in table.c if not column.primary_key]
    added = {column.name: column + row.excluded[column.name] for column in counts}
    return row.on_conflict_do_update(index_elements=table.primary_key.columns, set_=added)


def days(session: Session, user_id: str, first: date, last: date) -> Sequence[DailyUsage]:
    """Return the user's rows from day `first` to `last`, both included, oldest first."""
    statement = (
        select(DailyUsage)
        .where(col(DailyUsage.user_id) == user_id, col(DailyUsage.day).between(first, last))
        .order_by(col(DailyUsage.day))
    )
    return session.scalars(statement).all()
