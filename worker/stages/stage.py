"""What the runner asks of a stage: work on a claimed job, and a result of the stage's own type."""

from dataclasses import dataclass
from typing import Protocol

from shared.jobs import Claim
from shared.models import Job
from shared.results import StageResult
from worker.stages.database_retry import DatabaseRetry


@dataclass(frozen=True, slots=True)
class ClaimedWork:
    """A claimed stage, and how long the database is waited for before and after the engine."""

    claim: Claim
    loading: DatabaseRetry
    saving: DatabaseRetry

    @property
    def job(self) -> Job:
        """The job as it was when claimed."""
        return self.claim.job


class RunnableStage(Protocol):
    """One stage of a job. It records nothing: its result is what a transition writes."""

    def run(self, work: ClaimedWork) -> StageResult:
        """Load what the engine needs, run it, save what it gave, and say what came of it.

        Raises `DomainError` where the stage fails, `DatabaseAwayError` where our database stayed away, and
        `LeaseLostError` where somebody else owns the stage by now. Anything else is a defect.
        """
        ...
