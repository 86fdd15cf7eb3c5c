"""How a step can fail, in words safe to show a learner."""

from dataclasses import dataclass

from shared.errors import ErrorCode, WarningCode
from shared.models import Stage, StepOutcome


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step ended without its result.

    A failed transcription or reply fails the job with an `ErrorCode`; failed speech only costs the voice,
    so it carries a `WarningCode`. The tokens are what a tutor was paid for without a result.
    """

    code: ErrorCode | WarningCode
    detail: str
    outcome: StepOutcome = StepOutcome.FAILED
    tokens_in: int = 0
    tokens_out: int = 0


TIMED_OUT = {
    Stage.TRANSCRIBE: Failure(
        ErrorCode.STT_TIMEOUT, "Understanding your recording took too long.", StepOutcome.TIMED_OUT
    ),
    Stage.REPLY: Failure(ErrorCode.LLM_TIMEOUT, "The tutor took too long to answer.", StepOutcome.TIMED_OUT),
    Stage.SYNTHESIZE: Failure(
        WarningCode.SPEECH_TIMEOUT, "Speaking the answer took too long.", StepOutcome.TIMED_OUT
    ),
}

_POISONED = "This could not be processed and will not be tried again."
POISONED = {
    Stage.TRANSCRIBE: Failure(ErrorCode.POISONED, _POISONED, StepOutcome.LOST),
    Stage.REPLY: Failure(ErrorCode.POISONED, _POISONED, StepOutcome.LOST),
    Stage.SYNTHESIZE: Failure(
        WarningCode.SPEECH_POISONED, "The answer could not be spoken.", StepOutcome.LOST
    ),
}

QUEUE_DEADLINE = Failure(
    ErrorCode.QUEUE_DEADLINE, "The tutor was too busy to start in time.", StepOutcome.TIMED_OUT
)
RUN_DEADLINE = Failure(ErrorCode.RUN_DEADLINE, "The answer was not finished in time.", StepOutcome.TIMED_OUT)
