"""Which jobs may be tried again."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import col

from shared.errors import RETRYABLE_FAILURES, DomainError, ErrorCode
from shared.models import Job, JobStatus, Stage

MAX_RETRIES = 3
"""How often a failed job may be run again."""


class NotRetryableError(DomainError):
    """The job has not failed, would fail again, or was tried often or long ago."""

    code = ErrorCode.NOT_RETRYABLE


def check_retryable(job: Job, now: datetime, *, window: timedelta = timedelta.max) -> None:
    """Raise `NotRetryableError` unless a locked job may be retried: `window` after its end at the latest."""
    if job.status is not JobStatus.FAILED or job.finished_at is None:
        raise NotRetryableError("Only a failed job can be tried again.")
    if job.error_code not in RETRYABLE_FAILURES:
        raise NotRetryableError("This job would fail again.")
    if job.retries >= MAX_RETRIES:
        raise NotRetryableError(f"This job was tried again {MAX_RETRIES} times already.")
    if job.error_stage is Stage.TRANSCRIBE and job.upload_id is None:
        raise NotRetryableError("The recording of this job is not stored any more.")
    if now - job.finished_at > window:
        raise NotRetryableError("This job failed too long ago to be tried again.")


def retryable(window: timedelta) -> ColumnElement[bool]:
    """Return the condition that an ended job could still be retried, as `check_retryable` decides it."""
    return and_(
        col(Job.status) == JobStatus.FAILED,
        col(Job.error_code).in_(sorted(RETRYABLE_FAILURES)),
        col(Job.retries) < MAX_RETRIES,
        col(Job.finished_at) >= func.now() - window,
    )
