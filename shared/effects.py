"""What the end of a job brings about: a list of effects for success, another for failure and cancelling.

All of it is written in the transaction that ends the job, so it happens with the end or not at all; what
is only counted in memory is counted after the commit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from shared import conversations, events, metrics, usage
from shared.models import AudioObject, Job, JobStatus


@dataclass(frozen=True, slots=True)
class JobEnd:
    """A locked job that has just got its final status. `usage_zone` decides on which day it counts.

    `known_seconds`: how long those of its sounds are that need not be asked for.
    """

    session: Session
    job: Job
    now: datetime
    usage_zone: ZoneInfo
    known_seconds: Mapping[UUID, float]

    @property
    def day(self) -> date:
        """The day on which the job's usage counts."""
        return self.now.astimezone(self.usage_zone).date()

    def seconds_of(self, *audio_ids: UUID | None) -> float:
        """Return the total length of the audio; look up only the lengths that are not known."""
        named = {audio_id for audio_id in audio_ids if audio_id is not None}
        total = sum(self.known_seconds[audio_id] for audio_id in named & self.known_seconds.keys())
        if unknown := named - self.known_seconds.keys():
            rest = select(func.sum(col(AudioObject.seconds))).where(col(AudioObject.id).in_(unknown))
            total += self.session.scalar(rest) or 0.0
        return total


def _write_messages(end: JobEnd) -> None:
    conversations.add_messages(end.session, end.job)


def _count_turn(end: JobEnd) -> None:
    job = end.job
    usage.count_turn(
        end.session,
        job,
        day=end.day,
        voice_seconds=end.seconds_of(job.upload_id),
        speech_seconds=end.seconds_of(job.reply_audio_id, job.explanation_audio_id),
    )


def _count_paid_tokens(end: JobEnd) -> None:
    """Count what the tutor was paid for without a turn."""
    if end.job.tokens_in or end.job.tokens_out:
        usage.count_tokens(end.session, end.job, day=end.day)


def _count_end(end: JobEnd) -> None:
    job = end.job
    with_warning = job.status is JobStatus.SUCCEEDED and job.warnings
    code = job.warnings[-1]["code"] if with_warning else job.error_code
    seconds = (end.now - job.created_at).total_seconds()
    metrics.on_commit(end.session, partial(metrics.count_end, job.kind, job.status, code, seconds))


def _tell_waiters(end: JobEnd) -> None:
    events.notify_job_ended(end.session, end.job.id)


Effect = Callable[[JobEnd], None]

OF_SUCCESS: Sequence[Effect] = (_write_messages, _count_turn, _count_end, _tell_waiters)
OF_FAILURE_OR_CANCEL: Sequence[Effect] = (_count_paid_tokens, _count_end, _tell_waiters)


def bring_about(end: JobEnd) -> None:
    """Write all that the job's end brings about."""
    for effect in OF_SUCCESS if end.job.status is JobStatus.SUCCEEDED else OF_FAILURE_OR_CANCEL:
        effect(end)
