"""How a stage can fail, in words safe to show a learner."""

from dataclasses import dataclass

from shared.errors import ErrorCode, WarningCode
from shared.models import Stage, StageOutcome


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stage ended without its result.

    A failed transcription or reply fails the job with an `ErrorCode`; a failed `synthesize` only
    costs the voice, so it carries a `WarningCode`. The tokens are what a tutor was paid for without result.
    """

    code: ErrorCode | WarningCode
    detail: str
    outcome: StageOutcome = StageOutcome.FAILED
    tokens_in: int = 0
    tokens_out: int = 0


TIMED_OUT = {
    Stage.TRANSCRIBE: Failure(
        ErrorCode.STT_TIMEOUT, "Understanding your recording took too long.", StageOutcome.TIMED_OUT
    ),
    Stage.REPLY: Failure(ErrorCode.LLM_TIMEOUT, "The tutor took too long to answer.", StageOutcome.TIMED_OUT),
    Stage.SYNTHESIZE: Failure(
        WarningCode.SPEECH_TIMEOUT, "Speaking the answer took too long.", StageOutcome.TIMED_OUT
    ),
}

_POISONED = "This could not be processed and will not be tried again."
POISONED = {
    Stage.TRANSCRIBE: Failure(ErrorCode.POISONED, _POISONED, StageOutcome.LOST),
    Stage.REPLY: Failure(ErrorCode.POISONED, _POISONED, StageOutcome.LOST),
    Stage.SYNTHESIZE: Failure(
        WarningCode.SPEECH_POISONED, "The answer could not be spoken.", StageOutcome.LOST
    ),
}

QUEUE_DEADLINE = Failure(
    ErrorCode.QUEUE_DEADLINE, "The tutor was too busy to start in time.", StageOutcome.TIMED_OUT
)
RUN_DEADLINE = Failure(ErrorCode.RUN_DEADLINE, "The answer was not finished in time.", StageOutcome.TIMED_OUT)
