"""Runs one stage of one job: claim, run, translate failures, record. No transaction is held meanwhile.

While our own database is away the runner waits for it, then gives the stage back. A failure in an
engine ends the stage.
"""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session, sessionmaker

from shared import jobs, telemetry
from shared.abandoning import abandon
from shared.errors import DomainError, ErrorCode
from shared.failures import TIMED_OUT, Failure
from shared.jobs import Claim, Hint, LeaseLostError
from shared.models import Stage
from shared.results import StageResult
from shared.transitions import Transitions
from worker.settings import DEADLINE_SLACK, HARD_LIMIT_SLACK, WorkerSettings
from worker.stages import failures
from worker.stages.database_retry import DatabaseAwayError, DatabaseRetry
from worker.stages.stage import ClaimedWork, RunnableStage

logger = logging.getLogger(__name__)

# Before the hard limit, after which a stage that only waits for the database would count as hung.
_SAVED_BY = HARD_LIMIT_SLACK / 2


class StageRunner:
    """Runs stages for the worker process it lives in. Thread-safe where the stages are.

    `publish` sends a hint on its way and never raises.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        sessions: sessionmaker[Session],
        stages: Mapping[Stage, RunnableStage],
        publish: Callable[[Hint], None],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._stages = stages
        self._publish = publish
        self._out_of_memory = False

    @property
    def out_of_memory(self) -> bool:
        """Tell whether an engine had no memory even at its second try: this process should be replaced."""
        return self._out_of_memory

    def run(self, hint: Hint, *, token: UUID, worker: str) -> None:
        """Claim and run the stage; drop the hint silently if it cannot be claimed.

        Raises `DatabaseAwayError` where our database stayed away: the stage is to be given back.
        """
        started, limit = time.monotonic(), self._settings.stage_limit(hint.stage)
        loading = DatabaseRetry(started + (limit / 2).total_seconds())
        saving = DatabaseRetry(started + (limit + _SAVED_BY).total_seconds())
        claim = loading(lambda: self._claim(hint, token, worker))
        if claim is None:
            return
        with telemetry.working_on(job_id=str(claim.job.id), request_id=claim.job.request_id):
            try:
                said = self._record(claim, self._outcome(ClaimedWork(claim, loading, saving)), saving)
            except LeaseLostError:
                logger.warning("%s was not recorded: the lease was lost", claim.stage)
                return
            logger.info("%s %s in %.2f s", claim.stage, said, time.monotonic() - started)

    def _claim(self, hint: Hint, token: UUID, worker: str) -> Claim | None:
        with self._sessions.begin() as session:
            return jobs.claim(
                session,
                hint,
                token=token,
                worker=worker,
                lease=self._settings.lease,
                stage_limit=self._settings.stage_limit(hint.stage) + DEADLINE_SLACK,
            )

    def _outcome(self, work: ClaimedWork) -> StageResult | Failure:
        stage = work.claim.stage
        try:
            return self._stages[stage].run(work)
        except (DatabaseAwayError, LeaseLostError):
            raise
        except SoftTimeLimitExceeded:
            return TIMED_OUT[stage]
        except DomainError as error:
            self._out_of_memory |= error.code is ErrorCode.OUT_OF_MEMORY
            cause = telemetry.without_words(error.__cause__)
            logger.warning("%s failed: %s (%s)", stage, error.code, cause)
            return failures.failure(stage, error)
        except Exception as error:  # noqa: BLE001
            # An engine may be anybody's code: whatever it raises must end the stage, not the worker.
            logger.error("%s broke: %s", stage, telemetry.without_words(error))  # noqa: TRY400
            return failures.defect(stage)

    def _record(self, claim: Claim, outcome: StageResult | Failure, saving: DatabaseRetry) -> str:
        """Write the outcome, then publish what follows; return how the stage ended, for the log.

        What an engine gave may be anything. What cannot be written is recorded as a failure, once; where
        that cannot be written either, the job is abandoned, and at last left to the sweep.
        """
        for written in (outcome, failures.defect(claim.stage)):
            try:
                following = saving(partial(self._record_once, claim, written))
            except (DatabaseAwayError, LeaseLostError):
                raise
            except Exception as error:  # noqa: BLE001
                what = telemetry.without_words(error)
                logger.error("the end of %s cannot be recorded: %s", claim.stage, what)  # noqa: TRY400
                continue
            if following is not None:
                self._publish(following)
            return written.code if isinstance(written, Failure) else "succeeded"
        return self._abandon(claim, saving)

    def _record_once(self, claim: Claim, outcome: StageResult | Failure) -> Hint | None:
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
            logger.error("%s cannot be ended and is left to the sweep: %s", claim.stage, what)  # noqa: TRY400
            return "left to the sweep"
        return ErrorCode.POISONED

    def _abandon_once(self, claim: Claim) -> None:
        with self._sessions.begin() as session:
            abandon(session, claim.job.id, token=claim.token)
