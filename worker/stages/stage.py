"""The interface between the runner and a stage: work on a claimed job, and a typed result."""

from dataclasses import dataclass
from typing import Protocol

from shared.jobs import Claim
from shared.models import Job
from shared.results import StageResult
from worker.stages.database_retry import DatabaseRetry


@dataclass(frozen=True, slots=True)
class ClaimedWork:
    """A claimed stage, and how long to wait for the database before and after the engine."""

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
        """Load the engine's input, run it, save its output, and return the result.

        Raises `DomainError` where the stage fails, `DatabaseAwayError` where our database stayed away, and
        `LeaseLostError` where somebody else owns the stage by now. Anything else is a defect.
        """
        ...
