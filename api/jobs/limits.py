"""Backpressure: limits on unfinished jobs, one per user and one for all users together.

The limit per user is exact if the user is locked first. The limit for all may be exceeded by the jobs
accepted at the same moment, at most one per database connection of the API processes. That is acceptable:
it protects PostgreSQL and keeps waits short, so it need not be exact.
"""

import math
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, func, select, true
from sqlalchemy.orm import Session
from sqlmodel import col

from api.jobs.stage_durations import RecentStageDurations, StageDurations
from shared import audio_objects
from shared.errors import DomainError, ErrorCode
from shared.models import Job

SOONEST_SECONDS, LATEST_SECONDS = 1, 60
_UNKNOWN_SECONDS = 5
# Recordings expire day by day.
_ROOM_AFTER_SECONDS = 3600
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("user_id"), 0)))


class RefusedError(DomainError):
    """There are too many unfinished jobs; `retry_after_seconds` says when to try again."""


class TooManyJobsError(RefusedError):
    """The user has too many unfinished jobs."""

    code = ErrorCode.TOO_MANY_JOBS


class QuotaExceededError(RefusedError):
    """The user's recordings have reached their storage limit."""

    code = ErrorCode.QUOTA_EXCEEDED


class BusyError(RefusedError):
    """All users together have too many unfinished jobs."""

    code = ErrorCode.BUSY


@dataclass(frozen=True, slots=True)
class Limits:
    """The most unfinished jobs of one user and of all users, and the most bytes of one user's recordings.

    `durations` are used to estimate when to try again.
    """

    of_user: int
    of_all: int
    stored_bytes: int
    durations: RecentStageDurations


def lock_user(session: Session, user_id: str) -> None:
    """Lock the user until the transaction ends, so that their turns are accepted one at a time.

    Lock order: user, conversation, job. Two users whose ids have the same hash merely wait for each
    other.
    """
    session.execute(_LOCK, {"user_id": user_id})


def check(session: Session, user_id: str, limits: Limits) -> None:
    """Raise `TooManyJobsError` or `BusyError` if there is no room for one more job."""
    own, all_jobs = session.execute(
        _count_unfinished(), {"user": user_id, "of_user": limits.of_user, "of_all": limits.of_all}
    ).one()
    if own >= limits.of_user:
        # Of `all_jobs / own` jobs that end, one is expected to be this user's.
        raise TooManyJobsError(
            "You have many answers on their way. Please wait for some of them.",
            retry_after_seconds=_seconds_until(limits.durations.read(session), all_jobs / own),
        )
    if all_jobs >= limits.of_all:
        # Not when the next job ends: that would make room for only one of the clients that try again.
        raise BusyError(
            "Very many learners are practising just now. Please try again soon.",
            retry_after_seconds=_seconds_until(limits.durations.read(session), limits.of_all / 100),
        )


def check_stored(session: Session, user_id: str, more_bytes: int, limits: Limits) -> None:
    """Raise `QuotaExceededError` if `more_bytes` would exceed what the user may store.

    Exact if the user is locked first: a recording counts from the moment its job is accepted.
    """
    if audio_objects.stored_bytes(session, user_id) + more_bytes > limits.stored_bytes:
        raise QuotaExceededError(
            "Your recordings take all the room that they may. Please delete old conversations.",
            retry_after_seconds=_ROOM_AFTER_SECONDS,
        )


@cache  # building the statement costs more than running it
def _count_unfinished() -> Select[int, int]:
    return select(
        _count(col(Job.user_id) == bindparam("user"), limit=bindparam("of_user")),
        _count(true(), limit=bindparam("of_all")),
    )


def _count(condition: ColumnElement[bool], *, limit: ColumnElement[int]) -> ScalarSelect[int]:
    """Count unfinished jobs up to the limit, which bounds the cost too."""
    some = select(col(Job.id)).where(col(Job.finished_at).is_(None), condition).limit(limit).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _seconds_until(durations: StageDurations, jobs_ended: float) -> int:
    """Return the number of whole seconds in which that many jobs end at the measured rate."""
    seconds_a_job = durations.seconds_a_job
    if seconds_a_job is None:
        return _UNKNOWN_SECONDS
    return min(max(math.ceil(seconds_a_job * jobs_ended), SOONEST_SECONDS), LATEST_SECONDS)
