"""The sweep: finds what was lost, is late, or waits unpublished, and sets it right.

PostgreSQL is the truth, so everything a crash or a wiped Redis can lose is found here. One holder at
a time; every step is a short transaction of its own, so the sweep's own death harms nothing.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from celery import Celery
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from shared import jobs, queue, telemetry
from shared.failures import QUEUE_DEADLINE, RUN_DEADLINE
from shared.jobs import Hint
from shared.models import Job, Stage
from shared.queue import QUEUE_OF_STAGE, PublishError
from shared.transitions import Transitions
from worker.settings import WorkerSettings

logger = logging.getLogger(__name__)

_LOCK = 7_310_418  # an arbitrary constant, beside the migrations' one
_BATCH = 200
_SENTINEL = "english_practice:dispatched"
# Below this length a queue is short enough for a second copy of a hint to cost nothing.
_LOW_WATER = 20
# Whoever makes a stage ready publishes it at once; the sweep steps in when that did not happen.
_PUBLISHER_GRACE = timedelta(seconds=1)

_Settlement = Callable[[Transitions, Job, datetime], Hint | None]


class Sweep:
    """One pass over the unfinished jobs; every query uses a partial index on those alone."""

    def __init__(
        self, settings: WorkerSettings, sessions: sessionmaker[Session], redis: Redis, app: Celery
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._redis = redis
        self._app = app

    def run(self) -> None:
        """Do one pass, unless another sweep is at it. A dead Redis is only logged."""
        with self._alone() as alone:
            if not alone:
                return
            self._end_deaths()
            self._end_late()
            try:
                self._notice_a_wiped_broker()
                self._publish_waiting()
            except (RedisError, PublishError):
                logger.warning("nothing was published: the broker did not answer")

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold an advisory lock for the pass, outside any transaction; it ends with its connection."""
        with self._sessions() as session:
            connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            alone = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}))
            try:
                yield alone
            finally:
                if alone:
                    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})

    def _end_deaths(self) -> None:
        """Take the stages whose lease ran out from their dead workers."""
        allowed = self._settings.deaths_allowed
        ended = self._settle(
            col(Job.lease_expires_at) < func.now(),
            lambda transitions, job, now: transitions.settle_death(job, now, deaths_allowed=allowed),
        )
        if ended:
            logger.warning("%d leases had run out", ended)

    def _end_late(self) -> None:
        """End the jobs that waited or ran too long."""
        queue_limit = timedelta(seconds=self._settings.queue_deadline_seconds)
        run_limit = timedelta(seconds=self._settings.run_deadline_seconds)
        self._settle(
            col(Job.started_at).is_(None) & (col(Job.stage_ready_at) < func.now() - queue_limit),
            lambda transitions, job, now: transitions.give_up(job, now, QUEUE_DEADLINE),
        )
        self._settle(
            col(Job.started_at) < func.now() - run_limit,
            lambda transitions, job, now: transitions.give_up(job, now, RUN_DEADLINE),
        )

    def _settle(self, condition: ColumnElement[bool], settlement: _Settlement) -> int:
        """Apply the settlement to every unfinished job that meets the condition, also once it is locked."""
        with self._sessions() as session:
            found = session.execute(
                select(col(Job.id), col(Job.conversation_id))
                .where(col(Job.finished_at).is_(None), condition)
                .order_by(col(Job.created_at))
                .limit(_BATCH)
            ).all()
        for job_id, conversation_id in found:
            # A job may have been deleted since it was found.
            with self._one_by_one(job_id), self._sessions.begin() as session:
                transitions = Transitions(session, self._settings.usage_timezone)
                job, now = transitions.lock(job_id, conversation_id)
                still = select(col(Job.id)).where(
                    col(Job.id) == job_id, col(Job.finished_at).is_(None), condition
                )
                if session.scalar(still) is not None:
                    settlement(transitions, job, now)
        return len(found)

    @contextmanager
    def _one_by_one(self, job_id: UUID) -> Iterator[None]:
        """Let no job that cannot be settled keep the sweep from the others."""
        try:
            yield
        except NoResultFound:
            logger.info("job %s was deleted meanwhile", job_id)
        except SQLAlchemyError as error:
            logger.error("job %s is not settled: %s", job_id, telemetry.without_words(error))  # noqa: TRY400

    def _notice_a_wiped_broker(self) -> None:
        """Publish again all that waits where the sentinel is gone: Redis has lost everything."""
        if self._redis.exists(_SENTINEL):
            return
        with self._sessions.begin() as session:
            session.execute(
                update(Job)
                .where(col(Job.finished_at).is_(None), col(Job.published_at).is_not(None))
                .values(published_at=None)
                .execution_options(synchronize_session=False)
            )
        self._redis.set(_SENTINEL, "1")
        logger.warning("the broker is empty: everything that waits is published again")

    def _publish_waiting(self) -> None:
        """Publish what is ready and was never sent, or was sent long ago and is lost."""
        lost_after = timedelta(seconds=self._settings.republish_after_seconds)
        for stage in Stage:
            length = int(self._redis.llen(QUEUE_OF_STAGE[stage]))
            room = max(0, _LOW_WATER - length)
            never_sent = col(Job.published_at).is_(None)
            self._publish(
                stage, never_sent & (col(Job.stage_ready_at) < func.now() - _PUBLISHER_GRACE), _BATCH
            )
            self._publish(stage, col(Job.published_at) < func.now() - lost_after, room)

    def _publish(self, stage: Stage, condition: ColumnElement[bool], limit: int) -> None:
        with self._sessions.begin() as session:
            ids = session.scalars(
                select(col(Job.id))
                .where(jobs.waiting(), col(Job.stage) == stage, condition)
                .order_by(col(Job.created_at))
                .limit(limit)
            ).all()
            hints = [Hint(job_id, stage) for job_id in ids]
            for hint in hints:
                queue.publish(self._app, hint)
            jobs.mark_published(session, hints)
        if hints:
            logger.info("published %d hints for %s", len(hints), stage)
