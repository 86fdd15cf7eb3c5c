"""From what a step raises to the `Failure` that is recorded of it."""

from shared.errors import DomainError, ErrorCode, WarningCode
from shared.failures import Failure
from shared.models import Stage
from worker.bounds import bounded_sentence, bounded_tokens
from worker.errors import EngineError

_DEFECT_CODES: dict[Stage, ErrorCode | WarningCode] = {
    Stage.TRANSCRIBE: ErrorCode.ENGINE_UNAVAILABLE,
    Stage.REPLY: ErrorCode.TUTOR_UNAVAILABLE,
    Stage.SYNTHESIZE: WarningCode.SPEECH_FAILED,
}


def defect(stage: Stage) -> Failure:
    """Return the failure of a stage in which something broke that nobody foresaw."""
    return Failure(_DEFECT_CODES[stage], "Something went wrong on our side.")


def failure(stage: Stage, error: DomainError) -> Failure:
    """Return the failure that an engine's or a store's error means for a job at this stage."""
    if stage is not Stage.SYNTHESIZE:
        spent = (error.tokens_in, error.tokens_out) if isinstance(error, EngineError) else (0, 0)
        tokens_in, tokens_out = map(bounded_tokens, spent)
        return Failure(error.code, bounded_sentence(error.detail), tokens_in=tokens_in, tokens_out=tokens_out)
    out_of_memory = error.code is ErrorCode.OUT_OF_MEMORY
    code = WarningCode.SPEECH_OUT_OF_MEMORY if out_of_memory else WarningCode.SPEECH_FAILED
    return Failure(code, "The answer could not be spoken.")
