"""The sweep: finds what was lost, is late, or waits unpublished, and sets it right.

PostgreSQL is the truth, so everything a crash or a wiped Redis can lose is found here. One holder at
a time; every step is a short transaction of its own, so the sweep's own death harms nothing: what it
had published but not noted is published a second time, which no claim falls for.

A job whose proper end cannot be written is abandoned, and one that cannot even be abandoned is left
alone: `/health` shows it, and the log says so once. Neither keeps the sweep from the others.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from celery import Celery
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, func, select, text, tuple_, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from shared import jobs, queue, telemetry
from shared.abandoning import abandon
from shared.database import is_disconnected, may_pass
from shared.failures import QUEUE_DEADLINE, RUN_DEADLINE, TIMED_OUT, Failure
from shared.jobs import Deadlines, Hint
from shared.metrics import on_commit
from shared.models import Job
from shared.queue import QUEUE_OF_STAGE, PublishError
from shared.transitions import Transitions
from worker.metrics import LEASES_EXPIRED, SWEEP_SECONDS
from worker.settings import WorkerSettings
from worker.upkeep.locks import Lock, holding

logger = logging.getLogger(__name__)

_BATCH = 200
_SENTINEL = "english_practice:dispatched"
# Below this length a queue is short enough for a second copy of a hint to cost nothing.
_LOW_WATER = 20
# Whoever makes a stage ready publishes it at once; the sweep publishes it only if that failed.
_PUBLISHER_GRACE = timedelta(seconds=1)
# A locked job is being changed by another transaction: the next pass looks again.
_WAIT_SHORTLY = text("SET LOCAL lock_timeout = '1s'")


class _Overdue(NamedTuple):
    id: UUID
    request_id: str
    created_at: datetime


class Sweep:
    """One pass over the unfinished jobs; every query uses a partial index on those alone."""

    def __init__(
        self,
        settings: WorkerSettings,
        sessions: sessionmaker[Session],
        redis: Redis,
        app: Celery,
        unsettled: dict[UUID, str],
    ) -> None:
        """`unsettled`: the jobs that earlier passes could not settle, and why; each pass renews it."""
        self._settings = settings
        self._sessions = sessions
        self._redis = redis
        self._app = app
        self._unsettled = unsettled
        self._deadlines = Deadlines(settings.queue_deadline, settings.run_deadline)
        self._broker_answers = True

    def run(self) -> None:
        """Do one pass, unless another sweep is at it. A dead Redis is only logged."""
        with holding(self._sessions, Lock.SWEEP) as reader:
            if reader is None:
                return
            began = time.monotonic()
            self._broker_answers = self._ping_broker()
            self._settle_all(reader)
            try:
                self._notice_a_wiped_broker()
                self._publish_unsent(reader)
                self._publish_lost(reader)
            except (RedisError, PublishError):
                logger.warning("not all was published: the broker did not answer")
            SWEEP_SECONDS.observe(time.monotonic() - began)

    def _ping_broker(self) -> bool:
        """Ask with this client, whose timeout is short; the application's own would wait for 10 s."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def _settle_all(self, reader: Session) -> None:
        """Settle, each in a transaction of its own, the jobs that are late, lost or cancelled.

        Those that cannot be settled do not count among a pass's batch: however many, they are passed by.
        """
        unsettled: dict[UUID, str] = {}
        settled, found = 0, self._overdue(reader, after=None)
        while found:
            for job_id, request_id, _ in found:
                with telemetry.working_on(job_id=str(job_id), request_id=request_id):
                    problem = self._settle_or_abandon(job_id)
                    if problem is None:
                        settled += 1
                        continue
                    unsettled[job_id] = problem
                    if self._unsettled.get(job_id) != problem:
                        logger.error("the job cannot be settled: %s", problem)
            found = self._overdue(reader, after=found[-1]) if settled < _BATCH else ()
        self._unsettled.clear()
        self._unsettled.update(unsettled)

    def _overdue(self, reader: Session, *, after: _Overdue | None) -> Sequence[_Overdue]:
        statement = (
            select(col(Job.id), col(Job.request_id), col(Job.created_at))
            .where(self._deadlines.overdue())
            .order_by(col(Job.created_at), col(Job.id))
            .limit(_BATCH)
        )
        if after is not None:
            place = tuple_(col(Job.created_at), col(Job.id))
            statement = statement.where(place > (after.created_at, after.id))
        return [_Overdue(*row) for row in reader.execute(statement)]

    def _settle_or_abandon(self, job_id: UUID) -> str | None:
        """Settle the job, or abandon it where its proper end cannot be written; return why neither worked.

        Raises the driver's error where the database is away: the whole pass ends.
        """
        try:
            following = self._settle(job_id)
        except Exception as error:
            if is_disconnected(error):
                raise
            problem = telemetry.without_words(error)
            if may_pass(error):
                return problem
        else:
            if following is not None:
                self._publish_following(following)
            return None
        try:
            with self._sessions.begin() as session:
                session.execute(_WAIT_SHORTLY)
                abandon(session, job_id)
        except Exception as error:
            if is_disconnected(error):
                raise
            return telemetry.without_words(error)
        logger.error("abandoned, for its proper end cannot be written: %s", problem)
        return None

    def _settle(self, job_id: UUID) -> Hint | None:
        with self._sessions.begin() as session:
            session.execute(_WAIT_SHORTLY)
            transitions = Transitions(session, self._settings.usage_timezone)
            try:
                job, now = transitions.lock(job_id)
            except NoResultFound:
                return None  # deleted meanwhile
            said, following = self._end_or_free(transitions, job, now)
        if said:
            logger.warning("%s", said)
        return following

    def _publish_following(self, hint: Hint) -> None:
        """Publish what counts as sent already, or note that it was not; after a failure nothing is tried."""
        try:
            if self._broker_answers:
                queue.publish(self._app, hint)
                return
        except PublishError:
            self._broker_answers = False
        with self._sessions.begin() as session:
            jobs.mark_unpublished(session, [hint])

    def _end_or_free(self, transitions: Transitions, job: Job, now: datetime) -> tuple[str, Hint | None]:
        """Do what a locked job needs; it may have moved on since it was found. Return what to say of it.

        Both deadlines are about the learner's wait: the queue's runs from acceptance, or a retry, until
        the first claim, also while earlier turns are in the way; the run's from the first claim on.
        """
        if job.finished_at is not None:
            return "", None
        if job.lease_token is None and job.cancel_requested_at is not None:
            return "cancelled: nobody else did", transitions.cancel(job, now)
        if (late := self._past_deadline(job, now)) is not None:
            return f"past its deadline: {late.code}", transitions.give_up(job, now, late)
        if job.lease_expires_at is not None and job.lease_expires_at < now:
            said = f"the lease of {job.stage} ran out"
            return said, self._settle_expired_lease(transitions, job, now)
        return "", None

    def _past_deadline(self, job: Job, now: datetime) -> Failure | None:
        if job.started_at is None:
            return QUEUE_DEADLINE if now - job.stage_ready_at > self._deadlines.queue else None
        return RUN_DEADLINE if now - job.started_at > self._deadlines.run else None

    def _settle_expired_lease(self, transitions: Transitions, job: Job, now: datetime) -> Hint | None:
        """Take the stage from its worker: as timed out where that one lives, or else as a death.

        A lease that was kept to the stage's deadline by a worker that still lives: the engine hung, and
        the worker could not reach the database to say so.
        """
        on_commit(transitions.session, LEASES_EXPIRED.labels(job.stage).inc)
        if job.stage is not None and jobs.is_outlived_by_its_worker(transitions.session, job.id):
            return transitions.give_up(job, now, TIMED_OUT[job.stage])
        return transitions.settle_death(job, now, deaths_allowed=self._settings.deaths_allowed)

    def _notice_a_wiped_broker(self) -> None:
        """Publish again all that waits where the sentinel is gone: Redis has lost everything."""
        if self._redis.exists(_SENTINEL):
            return
        with self._sessions.begin() as session:
            known = (col(Job.finished_at).is_(None), col(Job.published_at).is_not(None))
            free = select(col(Job.id)).where(*known).with_for_update(skip_locked=True)  # the rest is at work
            forget = update(Job).where(col(Job.id).in_(free)).values(published_at=None)
            lost = session.connection().execute(forget).rowcount
        self._redis.set(_SENTINEL, "1")
        if lost:
            logger.warning("the broker is empty: %d jobs that it knew are published again", lost)

    def _publish_unsent(self, reader: Session) -> None:
        """Publish ready stages that were never sent, also to a long queue: they are not on it yet."""
        ready = col(Job.stage_ready_at) < func.now() - _PUBLISHER_GRACE
        self._publish(reader, col(Job.published_at).is_(None) & ready, _BATCH)

    def _publish_lost(self, reader: Session) -> None:
        """Publish again what was sent long ago, where the queue is so short that it must be lost."""
        lost_after = timedelta(seconds=self._settings.republish_after_seconds)
        for name in sorted(set(QUEUE_OF_STAGE.values())):
            room = _LOW_WATER - int(self._redis.llen(name))
            if room > 0:
                stages = [stage for stage in QUEUE_OF_STAGE if QUEUE_OF_STAGE[stage] is name]
                sent_long_ago = col(Job.published_at) < func.now() - lost_after
                self._publish(reader, col(Job.stage).in_(stages) & sent_long_ago, room)

    def _publish(self, reader: Session, condition: ColumnElement[bool], limit: int) -> None:
        """Publish the waiting jobs that meet the condition, oldest first, and note those that were sent."""
        found = reader.execute(
            select(col(Job.id), col(Job.stage))
            .where(jobs.waiting(), condition)
            .order_by(col(Job.created_at))
            .limit(limit)
        ).all()
        hints = [Hint(row.id, row.stage) for row in found]
        sent: list[Hint] = []
        try:
            for hint in hints:
                queue.publish(self._app, hint)
                sent.append(hint)
        finally:
            if sent:
                with self._sessions.begin() as session:
                    jobs.mark_published(session, sent)
                logger.info("published %d hints", len(sent))
