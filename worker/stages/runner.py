"""Runs one step of one job: claim, run, translate failures, record. No transaction is open while it runs.

What fails on our side (the database is away) is waited for, and then gives the step back; what fails
in an engine ends the step.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from shared import steps, telemetry, traces
from shared.abandoning import abandon
from shared.database import single_statements
from shared.errors import DomainError, ErrorCode
from shared.failures import TIMED_OUT, Failure
from shared.models import Job, QueueName, StepKind, StepOutcome
from shared.results import StepResult
from shared.steps import Claim, Hint, LeaseLostError
from shared.transitions import Transitions
from worker.settings import DEADLINE_SLACK, HARD_LIMIT_SLACK, WorkerSettings
from worker.stages import failures
from worker.stages.database_retry import DatabaseAwayError, DatabaseRetry
from worker.stages.soft_limit import soft_limit
from worker.stages.stage import ClaimedWork, RunnableStage

logger = logging.getLogger(__name__)

_CLAIMED_WITHIN_SECONDS = 10.0
# Before the hard limit, after which a step that only waits for the database would count as hung.
_SAVED_BY = HARD_LIMIT_SLACK / 2


class StageRunner:
    """Runs steps for the worker process it lives in. Thread-safe where the stages are.

    `publish` sends hints on their way and never raises.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        sessions: sessionmaker[Session],
        stages: Mapping[StepKind, RunnableStage],
        publish: Callable[[Sequence[Hint]], None],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._statements = single_statements(sessions)
        self._stages = stages
        self._publish = publish
        self._out_of_memory = False

    @property
    def out_of_memory(self) -> bool:
        """Tell whether an engine had no memory even at its second try: this process should be replaced."""
        return self._out_of_memory

    def run(self, queue: QueueName, *, token: UUID, worker: str) -> str | None:
        """Run the best ready step of the queue; return what it was, for operators; None where no step waits.

        Raises `DatabaseAwayError` where our database stayed away: the step is to be given back.
        """
        started = time.monotonic()
        claiming = DatabaseRetry(started + _CLAIMED_WITHIN_SECONDS)
        claim, job = claiming(lambda: self._claim(queue, token, worker))
        if claim is None:
            return None
        limit = self._settings.step_limit(claim.kind)
        loading = DatabaseRetry(started + (limit / 2).total_seconds())
        saving = DatabaseRetry(started + (limit + _SAVED_BY).total_seconds())
        with (
            telemetry.working_on(job_id=str(claim.job_id)),
            traces.step(claim.job_id, claim.kind, worker) as told,
        ):
            try:
                job = job or loading(lambda: self._start(claim))
                if job is None:
                    return None
                with telemetry.working_on(job_id=str(job.id), request_id=job.request_id):
                    outcome = self._outcome(ClaimedWork(claim, job, loading, saving))
                    said = self._record(claim, outcome, saving)
                    told |= {"outcome": said, "engine": getattr(outcome, "engine", "none")}
                    logger.info("%s %s in %.2f s", claim.kind, said, time.monotonic() - started)
            except LeaseLostError:
                told["outcome"] = StepOutcome.LOST
                logger.warning("%s was not recorded: the lease was lost", claim.kind)
        return f"{claim.kind} of {claim.job_id}"

    def _claim(self, queue: QueueName, token: UUID, worker: str) -> tuple[Claim | None, Job | None]:
        """Claim the queue's best step and take its job, if that can be done without waiting for a lock."""
        try:
            with self._statements.begin() as session:
                claimed = steps.claim(
                    session,
                    queue,
                    token=token,
                    worker=worker,
                    lease=self._settings.lease,
                    limits={kind: self._settings.step_limit(kind) + DEADLINE_SLACK for kind in StepKind},
                )
                if claimed is not None:
                    transitions = Transitions(session, self._settings.usage_timezone)
                    return claimed[0], transitions.start_at_once(*claimed)
        except IntegrityError as error:
            if not isinstance(error.orig, UniqueViolation):
                raise
        with self._statements.begin() as session:
            return steps.claimed(session, token=token, worker=worker), None

    def _start(self, claim: Claim) -> Job | None:
        with self._sessions.begin() as session:
            job, hints = Transitions(session, self._settings.usage_timezone).start(claim)
        self._publish(hints)
        return job

    def _outcome(self, work: ClaimedWork) -> StepResult | Failure:
        kind, stage = work.claim.kind, work.claim.stage
        try:
            with soft_limit(self._settings.step_limit(kind)):
                return self._stages[kind].run(work)
        except (DatabaseAwayError, LeaseLostError):
            raise
        except SoftTimeLimitExceeded:
            return TIMED_OUT[stage]
        except DomainError as error:
            self._out_of_memory |= error.code is ErrorCode.OUT_OF_MEMORY
            cause = telemetry.without_words(error.__cause__)
            logger.warning("%s failed: %s (%s)", kind, error.code, cause)
            return failures.failure(stage, error)
        except Exception as error:  # noqa: BLE001
            # An engine is anybody's code; whatever it raises must end the step, not the worker.
            logger.error("%s broke: %s", kind, telemetry.without_words(error))  # noqa: TRY400
            return failures.defect(stage)

    def _record(self, claim: Claim, outcome: StepResult | Failure, saving: DatabaseRetry) -> str:
        """Write the outcome, then publish what follows; return how the step ended, for the log.

        What an engine gave may be anything. What cannot be written is recorded as a failure, once; where
        that cannot be written either, the job is abandoned; where even that fails, it is left to the sweep.
        """
        for written in (outcome, failures.defect(claim.stage)):
            try:
                following = saving(partial(self._record_once, claim, written))
            except (DatabaseAwayError, LeaseLostError):
                raise
            except Exception as error:  # noqa: BLE001
                what = telemetry.without_words(error)
                logger.error("the end of %s cannot be recorded: %s", claim.kind, what)  # noqa: TRY400
                continue
            self._publish(following)
            return written.code if isinstance(written, Failure) else "succeeded"
        return self._abandon(claim, saving)

    def _record_once(self, claim: Claim, outcome: StepResult | Failure) -> Sequence[Hint]:
        with self._sessions.begin() as session:
            transitions = Transitions(session, self._settings.usage_timezone)
            if isinstance(outcome, Failure):
                return transitions.fail(claim, outcome)
            return transitions.succeed(claim, outcome)

    def _abandon(self, claim: Claim, saving: DatabaseRetry) -> str:
        try:
            saving(lambda: self._abandon_once(claim))
        except (DatabaseAwayError, LeaseLostError):
            raise
        except Exception as error:  # noqa: BLE001
            what = telemetry.without_words(error)
            logger.error("%s cannot be ended and is left to the sweep: %s", claim.kind, what)  # noqa: TRY400
            return "left to the sweep"
        return ErrorCode.POISONED

    def _abandon_once(self, claim: Claim) -> None:
        with self._sessions.begin() as session:
            abandon(session, claim.job_id, token=claim.token)
