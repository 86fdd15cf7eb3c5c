"""What the runner asks of a stage: to do a claimed step and to return a result of its own type."""

from dataclasses import dataclass
from typing import Protocol

from shared.models import Job
from shared.results import StepResult
from shared.steps import Claim
from worker.stages.database_retry import DatabaseRetry


@dataclass(frozen=True, slots=True)
class ClaimedWork:
    """A claimed step, its job as it was then, and how long to wait for the database before and after."""

    claim: Claim
    job: Job
    loading: DatabaseRetry
    saving: DatabaseRetry


class RunnableStage(Protocol):
    """Does one kind of step. It records nothing: its result is what a transition writes."""

    def run(self, work: ClaimedWork) -> StepResult:
        """Load what the engine needs, run it, save what it gave, and say what came of it.

        Raises `DomainError` where the step fails, `DatabaseAwayError` where our database stayed away, and
        `LeaseLostError` where somebody else owns the step by now. Anything else is a defect.
        """
        ...
