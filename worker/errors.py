"""What an engine may raise. An adapter translates every library exception into one of these."""

from typing import Self

from shared.errors import DomainError, ErrorCode


class EngineError(DomainError):
    """Base of all engine failures; raise a subclass, chaining the library's exception as its cause.

    `tokens_in` and `tokens_out`: what a tutor was paid for all the same.
    """

    tokens_in: int = 0
    tokens_out: int = 0

    def having_cost(self, tokens_in: int, tokens_out: int) -> Self:
        """Return the error, saying what the tutor was paid for."""
        self.tokens_in, self.tokens_out = tokens_in, tokens_out
        return self


class NoSpeechError(EngineError):
    """The recording holds no speech: silence, noise or music."""

    code = ErrorCode.NO_SPEECH


class EngineUnavailableError(EngineError):
    """The engine could not be loaded, or broke in a way that says nothing about the input."""

    code = ErrorCode.ENGINE_UNAVAILABLE


class EngineOutOfMemoryError(EngineError):
    """The device ran out of memory."""

    code = ErrorCode.OUT_OF_MEMORY


class TutorUnavailableError(EngineError):
    """The tutor's provider could not be reached or refused to serve."""

    code = ErrorCode.TUTOR_UNAVAILABLE


class TutorTimeoutError(EngineError):
    """The tutor did not answer within the time it was given, retries included."""

    code = ErrorCode.LLM_TIMEOUT


class InvalidTutorReplyError(EngineError):
    """The tutor answered, but not in the agreed form."""

    code = ErrorCode.TUTOR_INVALID_REPLY
