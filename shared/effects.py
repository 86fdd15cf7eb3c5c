"""What a recorded reply, a spoken piece and a job's end bring about.

All of it is written in the transaction that records the reply, the piece or the end, so it happens exactly
once. What is only counted in memory is counted after the commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from shared import conversations, metrics, usage
from shared.learning import ledger
from shared.models import AudioObject, Job, JobStatus


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens to a locked job now. `usage_zone` decides on which day it counts."""

    session: Session
    job: Job
    now: datetime
    usage_zone: ZoneInfo

    @property
    def day(self) -> date:
        """The day on which usage counts."""
        return self.now.astimezone(self.usage_zone).date()

    @property
    def seconds(self) -> float:
        """The time since the job was accepted."""
        return (self.now - self.job.created_at).total_seconds()


def _write_messages(moment: Moment) -> None:
    conversations.add_messages(moment.session, moment.job)


def _count_turn(moment: Moment) -> None:
    recording = select(col(AudioObject.seconds)).where(col(AudioObject.id) == moment.job.upload_id)
    heard = moment.session.scalar(recording) if moment.job.upload_id is not None else None
    usage.count_turn(moment.session, moment.job, day=moment.day, voice_seconds=heard or 0.0)


def _keep_mistakes(moment: Moment) -> None:
    ledger.record(moment.session, moment.job, now=moment.now, day=moment.day)


def _count_paid_tokens(moment: Moment) -> None:
    """Count the tokens of a turn that has no answer: the tutor was paid for them all the same."""
    job = moment.job
    if job.answered_at is None and (job.tokens_in or job.tokens_out):
        usage.count_tokens(moment.session, job, day=moment.day)


def _count_end(moment: Moment) -> None:
    job = moment.job
    with_warning = job.status is JobStatus.SUCCEEDED and job.warnings
    code = job.warnings[-1]["code"] if with_warning else job.error_code
    counted = partial(metrics.count_end, job.kind, job.status, code, moment.seconds)
    metrics.on_commit(moment.session, counted)


Effect = Callable[[Moment], None]

OF_A_REPLY: Sequence[Effect] = (_write_messages, _count_turn, _keep_mistakes)
OF_AN_END: Sequence[Effect] = (_count_paid_tokens, _count_end)


def bring_about(effects: Sequence[Effect], moment: Moment) -> None:
    """Write everything that the moment brings about."""
    for effect in effects:
        effect(moment)


def count_speech(moment: Moment, seconds: float) -> None:
    """Count a piece of `seconds` of sound that the learner can hear."""
    usage.count_speech(moment.session, moment.job.learner_id, day=moment.day, seconds=seconds)


def count_first_sound(moment: Moment) -> None:
    """Count how long the learner waited for the first piece."""
    counted = partial(metrics.count_first_sound, moment.job.kind, moment.seconds)
    metrics.on_commit(moment.session, counted)
