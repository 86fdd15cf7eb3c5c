"""The sweep: finds what was lost, is late, or waits without a hint, and sets it right.

PostgreSQL is the truth, so everything a crash or a wiped Redis can lose is found here. One holder at
a time; everything it does is a short transaction of its own, so its own death harms nothing: a hint
that it had noted as sent, and did not send, is found again as lost.

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
from sqlalchemy import ColumnElement, select, text, tuple_
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from shared import queue, steps, telemetry
from shared.abandoning import abandon
from shared.database import is_disconnected, may_pass
from shared.failures import QUEUE_DEADLINE, RUN_DEADLINE, TIMED_OUT, Failure
from shared.jobs import Deadlines
from shared.metrics import on_commit
from shared.models import Job
from shared.queue import STEP_TASKS, PublishError
from shared.steps import STAGE_OF_KIND, Hint
from shared.transitions import Transitions
from worker.metrics import LEASES_EXPIRED, SWEEP_SECONDS
from worker.settings import WorkerSettings
from worker.upkeep.locks import Lock, holding

logger = logging.getLogger(__name__)

_BATCH = 200
_SENTINEL = "english_practice:dispatched"
# Below this length a queue is short enough for a second copy of a hint to cost nothing.
_LOW_WATER = 20
# Whoever makes a step ready publishes it at once; the sweep steps in when that did not happen.
_PUBLISHER_GRACE = timedelta(seconds=1)
# A job that others have locked is at work: the next pass looks again.
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
                self._free_what_may_run()
                self._notice_a_wiped_broker()
                self._publish_unsent()
                self._publish_lost()
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
            self._send(following)
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

    def _settle(self, job_id: UUID) -> Sequence[Hint]:
        with self._sessions.begin() as session:
            session.execute(_WAIT_SHORTLY)
            transitions = Transitions(session, self._settings.usage_timezone)
            try:
                job, now = transitions.lock(job_id)
            except NoResultFound:
                return ()  # deleted meanwhile
            said, following = self._end_or_free(transitions, job, now)
        if said:
            logger.warning("%s", said)
        return following

    def _send(self, hints: Sequence[Hint]) -> None:
        """Send what counts as sent already, or note that it was not; after a failure nothing is tried."""
        sent = 0
        try:
            for hint in hints if self._broker_answers else ():
                queue.publish(self._app, hint.queue)
                sent += 1
        except PublishError:
            self._broker_answers = False
        if hints[sent:]:
            with self._sessions.begin() as session:
                steps.mark_unpublished(session, hints[sent:])

    def _end_or_free(self, transitions: Transitions, job: Job, now: datetime) -> tuple[str, Sequence[Hint]]:
        """Do what a locked job needs; it may have moved on since it was found. Return what to say of it.

        Both deadlines are about the learner's wait: the queue's runs from acceptance, or a retry, until
        the first claim, also while earlier turns are in the way; the run's from the first claim on.
        """
        if job.finished_at is not None:
            return "", ()
        open_steps = steps.unfinished(transitions.session, job.id)
        if job.cancel_requested_at is not None and all(step.lease_token is None for step in open_steps):
            return "cancelled: nobody else did", transitions.cancel(job, now)
        if (late := self._past_deadline(job, now)) is not None:
            return f"past its deadline: {late.code}", transitions.give_up(job, now, late)
        for step in open_steps:
            if (
                step.lease_token is not None
                and step.lease_expires_at is not None
                and step.lease_expires_at < now
            ):
                # One at a time: what becomes of the others may depend on it.
                return f"the lease of {step.kind} ran out", self._settle_expired_lease(
                    transitions, step.lease_token
                )
        return "", ()

    def _past_deadline(self, job: Job, now: datetime) -> Failure | None:
        if job.started_at is None:
            return QUEUE_DEADLINE if now - job.queued_at > self._deadlines.queue else None
        return RUN_DEADLINE if now - job.started_at > self._deadlines.run else None

    def _settle_expired_lease(self, transitions: Transitions, token: UUID) -> Sequence[Hint]:
        """Take the step from its worker: as timed out where that one lives, or else as a death.

        A lease that was kept to the step's deadline by a worker that still lives: the engine hung, and
        the worker could not reach the database to say so.
        """
        job, step, now = transitions.owned(token)
        on_commit(transitions.session, LEASES_EXPIRED.labels(step.kind).inc)
        if steps.is_outlived_by_its_worker(transitions.session, step):
            return transitions.fail_step(job, step, now, TIMED_OUT[STAGE_OF_KIND[step.kind]])
        return transitions.settle_death(job, step, now, deaths_allowed=self._settings.deaths_allowed)

    def _notice_a_wiped_broker(self) -> None:
        """Publish again all that waits where the sentinel is gone: Redis has lost everything."""
        if self._redis.exists(_SENTINEL):
            return
        with self._sessions.begin() as session:
            lost = steps.forget_sent(session)
        self._redis.set(_SENTINEL, "1")
        if lost:
            logger.warning("the broker is empty: %d steps that it knew are published again", lost)

    def _free_what_may_run(self) -> None:
        with self._sessions.begin() as session:
            steps.free_what_may_run(session)

    def _publish_unsent(self) -> None:
        """Publish what is ready and was never sent; to a long queue too: it is not on it yet."""
        self._publish(steps.unsent(grace=_PUBLISHER_GRACE), _BATCH)

    def _publish_lost(self) -> None:
        """Publish again what was sent long ago, where the queue is so short that it must be lost."""
        lost_after = timedelta(seconds=self._settings.republish_after_seconds)
        for name in sorted(STEP_TASKS):
            room = _LOW_WATER - int(self._redis.llen(name))
            if room > 0:
                self._publish(steps.sent_long_ago(name, age=lost_after), room)

    def _publish(self, condition: ColumnElement[bool], limit: int) -> None:
        """Send the hints of ready steps that meet the condition, best first."""
        with self._sessions.begin() as session:
            hints = steps.take_unsent(session, condition, limit=limit)
        if hints:
            self._send(hints)
            logger.info("published %d hints", len(hints))
