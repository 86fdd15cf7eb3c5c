"""What a learner, an app and all together may use up, asked when a turn is accepted.

Exact, with the learner locked first: a learner's turns a day, unfinished jobs and stored bytes, and their
app's unfinished jobs, which near the limit are counted under a lock of the app. The limit for all may be
exceeded by the jobs accepted at the same moment, at most one per database connection of the API processes.
That is acceptable: it protects PostgreSQL and keeps waits short, so it need not be exact.
"""

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, func, select, true
from sqlalchemy.orm import Session
from sqlmodel import col

from api.access.quotas import Quotas
from api.http import allowances
from api.http.allowances import Allowance
from api.jobs.stage_durations import RecentStageDurations, StageDurations
from shared import audio_objects, learners
from shared.errors import DomainError, ErrorCode
from shared.models import Job, Learner
from shared.statements import built_once

SOONEST_SECONDS, LATEST_SECONDS = 1, 60
_UNKNOWN_SECONDS = 5
# Recordings expire day by day.
_ROOM_AFTER_SECONDS = 3600
# More than the transactions that accept turns of one app at the same moment.
_NEAR = 200
_LOCK_APP = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("app"), 0)))
_DAY_SECONDS = 86_400


class RefusedError(DomainError):
    """A limit is reached; `retry_after_seconds` says when to try again."""


class TooManyJobsError(RefusedError):
    """The learner, or their app, has too many unfinished jobs."""

    code = ErrorCode.TOO_MANY_JOBS


class QuotaExceededError(RefusedError):
    """The learner's turns of the day are used up, or their recordings have reached their storage limit."""

    code = ErrorCode.QUOTA_EXCEEDED


class BusyError(RefusedError):
    """All learners together have too many unfinished jobs."""

    code = ErrorCode.BUSY


class ErasureInProgressError(RefusedError):
    """Everything of the learner is being erased."""

    code = ErrorCode.ERASURE_IN_PROGRESS


class ConsentRequiredError(RefusedError):
    """Neither the learner's consent nor their guardian's is noted, and the deployment wants one."""

    code = ErrorCode.CONSENT_REQUIRED


@dataclass(frozen=True, slots=True)
class Limits:
    """The most unfinished jobs of all; `zone` says when a day begins, `wants_consent` whether voices need it.

    `durations` are used to estimate when to try again.
    """

    of_all: int
    durations: RecentStageDurations
    zone: ZoneInfo
    wants_consent: bool = False


def check(session: Session, learner: Learner, quotas: Quotas, limits: Limits) -> None:
    """Raise a `RefusedError` unless there is room for one more turn of a locked learner."""
    if learner.erasure_id is not None:
        raise ErasureInProgressError(
            "Everything of this learner is being erased. Please wait until that is done.",
            retry_after_seconds=_UNKNOWN_SECONDS,
        )
    _check_turns(learner, quotas, limits)
    own, of_app, of_all = _unfinished(session, learner, quotas, limits)
    if own >= quotas.unfinished_jobs_of_learner:
        # Of `of_all / own` jobs that end, one is expected to be this learner's.
        raise TooManyJobsError(
            "You have many answers on their way. Please wait for some of them.",
            retry_after_seconds=_seconds_until(limits.durations.read(session), of_all / own),
        )
    if quotas.unfinished_jobs_of_app is not None and of_app >= quotas.unfinished_jobs_of_app:
        raise TooManyJobsError(
            "Very many learners of this app are practising just now. Please try again soon.",
            retry_after_seconds=_seconds_until(limits.durations.read(session), of_all / of_app),
        )
    if of_all >= limits.of_all:
        # Not when the next job ends: that would make room for only one of the clients that try again.
        raise BusyError(
            "Very many learners are practising just now. Please try again soon.",
            retry_after_seconds=_seconds_until(limits.durations.read(session), limits.of_all / 100),
        )


def count_turn(session: Session, learner: Learner, quotas: Quotas, limits: Limits) -> None:
    """Count an accepted turn of a locked learner, if their turns are limited, and note what is left."""
    if quotas.turns_a_day is not None:
        turns = learners.count_turn(session, learner, datetime.now(limits.zone).date())
        _note_turns(quotas.turns_a_day, turns, limits.zone)


def check_consent(learner: Learner, limits: Limits) -> None:
    """Raise `ConsentRequiredError` if the deployment may not take the learner's recordings."""
    if limits.wants_consent and not (learner.consent_given_at or learner.guardian_consent_given_at):
        raise ConsentRequiredError("Consent to recordings is not noted yet. Writing is possible without it.")


def check_stored(session: Session, learner: Learner, more_bytes: int, quotas: Quotas) -> None:
    """Raise `QuotaExceededError` if `more_bytes` would exceed what the learner may store.

    Exact if the learner is locked first: a recording counts from the moment its job is accepted.
    """
    if audio_objects.stored_bytes(session, learner.id) + more_bytes > quotas.stored_bytes:
        raise QuotaExceededError(
            "Your recordings take all the room that they may. Please delete old conversations.",
            retry_after_seconds=_ROOM_AFTER_SECONDS,
        )


def _check_turns(learner: Learner, quotas: Quotas, limits: Limits) -> None:
    if quotas.turns_a_day is None:
        return
    turns = learners.turns_on(learner, datetime.now(limits.zone).date())
    if turns >= quotas.turns_a_day:
        _note_turns(quotas.turns_a_day, turns, limits.zone)
        raise QuotaExceededError(
            "That was all for today. Please come back tomorrow.",
            retry_after_seconds=seconds_left_of_the_day(limits.zone),
        )


def _note_turns(quota: int, turns: int, zone: ZoneInfo) -> None:
    left = max(quota - turns, 0)
    allowances.note(Allowance("turns", quota, _DAY_SECONDS, left, seconds_left_of_the_day(zone)))


def seconds_left_of_the_day(zone: ZoneInfo) -> int:
    """Return in how many whole seconds the next day begins."""
    now = datetime.now(zone)
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), zone)
    return math.ceil(midnight.timestamp() - now.timestamp())


def _unfinished(session: Session, learner: Learner, quotas: Quotas, limits: Limits) -> tuple[int, int, int]:
    """Count the unfinished jobs of the learner, of their app if those are limited, and of all."""
    most_of_app = quotas.unfinished_jobs_of_app
    asked = {
        "learner": learner.id,
        "of_learner": quotas.unfinished_jobs_of_learner,
        "app": learner.app_id,
        "of_app": most_of_app or 0,
        "of_all": limits.of_all,
    }
    counts = session.execute(_count_unfinished(), asked).one()
    if most_of_app is not None and counts[1] >= most_of_app - _NEAR:
        session.execute(_LOCK_APP, {"app": str(learner.app_id)})
        counts = session.execute(_count_unfinished(), asked).one()
    return counts[0], counts[1], counts[2]


@built_once
def _count_unfinished() -> Select[int, int, int]:
    return select(
        _count(col(Job.learner_id) == bindparam("learner"), limit=bindparam("of_learner")),
        _count(col(Job.app_id) == bindparam("app"), limit=bindparam("of_app")),
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
