"""What a learner did on a day: one row a learner a day, written in the transaction that records it."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session
from sqlmodel import col

from shared import learners
from shared.learners import LearnerRef
from shared.models import DailyUsage, Job, JobKind
from shared.statements import built_once


def count_tokens(session: Session, job: Job, *, day: date) -> None:
    """Add what the tutor was paid for, without a turn, to the learner's row for `day`."""
    _add(session, job.learner_id, day, {"tokens_in": job.tokens_in, "tokens_out": job.tokens_out})


def count_speech(session: Session, learner_id: UUID, *, day: date, seconds: float) -> None:
    """Add `seconds` of speech to the learner's row for `day`."""
    _add(session, learner_id, day, {"speech_seconds": seconds})


def count_turn(session: Session, job: Job, *, day: date, voice_seconds: float) -> None:
    """Add an answered job to its learner's row for `day`; `voice_seconds` of sound were heard."""
    voice, is_review = job.transcript is not None, job.kind is JobKind.REVIEW
    # What is said again in a review tells nothing of how someone speaks.
    rate, pauses = (None, None) if is_review else (job.articulation_rate, job.pauses_per_minute)
    added = {
        "text_turns": int(not voice),
        "voice_turns": int(voice),
        "voice_seconds": voice_seconds,
        "corrections": int(job.mistake_wrong is not None),
        "score_sum": job.score or 0,
        "score_count": int(job.score is not None),
        "tokens_in": job.tokens_in,
        "tokens_out": job.tokens_out,
        "reviews": int(is_review),
        "articulation_rate_sum": rate or 0.0,
        "articulation_rate_count": int(rate is not None),
        "pauses_per_minute_sum": pauses or 0.0,
        "pauses_per_minute_count": int(pauses is not None),
    }
    _add(session, job.learner_id, day, added)


def _add(session: Session, learner_id: UUID, day: date, added: Mapping[str, object]) -> None:
    counts = [column.name for column in DailyUsage.metadata.tables["daily_usage"].c if not column.primary_key]
    row = {"learner_id": learner_id, "day": day} | dict.fromkeys(counts, 0) | dict(added)
    session.execute(_add_to_the_day(), row)


@built_once
def _add_to_the_day() -> Insert:
    table = DailyUsage.metadata.tables["daily_usage"]
    row = insert(table)
    counts = [column for column in table.c if not column.primary_key]
    added = {column.name: column + row.excluded[column.name] for column in counts}
    return row.on_conflict_do_update(index_elements=table.primary_key.columns, set_=added)


def days(session: Session, learner: LearnerRef, first: date, last: date) -> Sequence[DailyUsage]:
    """Return the learner's rows from day `first` to `last`, both included, oldest first."""
    statement = (
        select(DailyUsage)
        .where(
            col(DailyUsage.learner_id) == learners.id_of(learner), col(DailyUsage.day).between(first, last)
        )
        .order_by(col(DailyUsage.day))
    )
    return session.scalars(statement).all()
