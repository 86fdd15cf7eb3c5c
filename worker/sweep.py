"""The sweep: finds what was lost, is late, or waits unpublished, and sets it right.

PostgreSQL is the truth, so everything a crash or a wiped Redis can lose is found here. One holder at
a time; every step is a short transaction of its own, so the sweep's own death harms nothing: what it
had published but not noted is published a second time, which no claim falls for.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from celery import Celery
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from shared import jobs, queue, telemetry
from shared.failures import QUEUE_DEADLINE, RUN_DEADLINE, TIMED_OUT, Failure
from shared.jobs import Hint
from shared.metrics import on_commit
from shared.models import Job
from shared.queue import QUEUE_OF_STAGE, PublishError
from shared.transitions import Transitions
from worker.locks import Lock, holding
from worker.metrics import LEASES_EXPIRED, SWEEP_SECONDS
from worker.settings import WorkerSettings

logger = logging.getLogger(__name__)

_BATCH = 200
_SENTINEL = "english_practice:dispatched"
# Below this length a queue is short enough for a second copy of a hint to cost nothing.
_LOW_WATER = 20
# Whoever makes a stage ready publishes it at once; the sweep steps in when that did not happen.
_PUBLISHER_GRACE = timedelta(seconds=1)


class Sweep:
    """One pass over the unfinished jobs; every query uses a partial index on those alone."""

    def __init__(
        self, settings: WorkerSettings, sessions: sessionmaker[Session], redis: Redis, app: Celery
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._redis = redis
        self._app = app
        self._queue_limit = timedelta(seconds=settings.queue_deadline_seconds)
        self._run_limit = timedelta(seconds=settings.run_deadline_seconds)
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
        """Ask with this client, whose patience is short; the application's own would wait for 10 s."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def _settle_all(self, reader: Session) -> None:
        """Settle, each in a transaction of its own, the jobs that are late, lost or cancelled."""
        found = reader.execute(
            select(col(Job.id), col(Job.request_id))
            .where(col(Job.finished_at).is_(None), self._needs_settling())
            .order_by(col(Job.created_at))
            .limit(_BATCH)
        ).all()
        for job_id, request_id in found:
            with telemetry.working_on(job_id=str(job_id), request_id=request_id), self._one_by_one():
                with self._sessions.begin() as session:
                    transitions = Transitions(session, self._settings.usage_timezone)
                    following = self._settle(transitions, *transitions.lock(job_id))
                if following is not None:
                    self._publish_following(following)

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

    def _needs_settling(self) -> ColumnElement[bool]:
        return or_(
            col(Job.lease_expires_at) < func.now(),
            col(Job.lease_token).is_(None) & col(Job.cancel_requested_at).is_not(None),
            col(Job.started_at).is_(None) & (col(Job.stage_ready_at) < func.now() - self._queue_limit),
            col(Job.started_at) < func.now() - self._run_limit,
        )

    def _settle(self, transitions: Transitions, job: Job, now: datetime) -> Hint | None:
        """Do what a locked job needs; it may have moved on since it was found.

        Both deadlines are about the learner's wait: the queue's runs from acceptance, or a retry, until
        the first claim, also while earlier turns are in the way; the run's from the first claim on.
        """
        if job.finished_at is not None:
            return None
        if job.lease_token is None and job.cancel_requested_at is not None:
            logger.warning("cancelled: nobody else did")
            return transitions.cancel(job, now)
        if (late := self._past_deadline(job, now)) is not None:
            logger.warning("past its deadline: %s", late.code)
            return transitions.give_up(job, now, late)
        if job.lease_expires_at is not None and job.lease_expires_at < now:
            return self._settle_expired_lease(transitions, job, now)
        return None

    def _past_deadline(self, job: Job, now: datetime) -> Failure | None:
        if job.started_at is None:
            return QUEUE_DEADLINE if now - job.stage_ready_at > self._queue_limit else None
        return RUN_DEADLINE if now - job.started_at > self._run_limit else None

    def _settle_expired_lease(self, transitions: Transitions, job: Job, now: datetime) -> Hint | None:
        """Take the stage from its worker: as timed out where that one lives, or else as a death.

        A lease that was kept to the stage's deadline by a worker that still lives: the engine hung, and
        the worker could not reach the database to say so.
        """
        on_commit(transitions.session, LEASES_EXPIRED.labels(job.stage).inc)
        logger.warning("the lease of %s ran out", job.stage)
        if job.stage is not None and jobs.is_outlived_by_its_worker(transitions.session, job.id):
            return transitions.give_up(job, now, TIMED_OUT[job.stage])
        return transitions.settle_death(job, now, deaths_allowed=self._settings.deaths_allowed)

    @contextmanager
    def _one_by_one(self) -> Iterator[None]:
        """Let no job that cannot be settled keep the sweep from the others."""
        try:
            yield
        except NoResultFound:
            logger.info("the job was deleted meanwhile")
        except SQLAlchemyError as error:
            logger.error("the job is not settled: %s", telemetry.without_words(error))  # noqa: TRY400

    def _notice_a_wiped_broker(self) -> None:
        """Publish again all that waits where the sentinel is gone: Redis has lost everything."""
        if self._redis.exists(_SENTINEL):
            return
        with self._sessions.begin() as session:
            known = (col(Job.finished_at).is_(None), col(Job.published_at).is_not(None))
            lost = session.connection().execute(update(Job).where(*known).values(published_at=None)).rowcount
        self._redis.set(_SENTINEL, "1")
        if lost:
            logger.warning("the broker is empty: %d jobs that it knew are published again", lost)

    def _publish_unsent(self, reader: Session) -> None:
        """Publish what is ready and was never sent; to a long queue too: it is not on it yet."""
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
