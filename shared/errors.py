"""Domain errors. They know no HTTP: `api.http.problems` maps every code to a status."""

from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """Stable, machine-readable names of everything that can go wrong for a client."""

    INVALID_REQUEST = "invalid_request"
    MALFORMED_REQUEST = "malformed_request"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    REQUEST_TOO_LARGE = "request_too_large"
    REQUEST_TIMEOUT = "request_timeout"
    AUDIO_TOO_LARGE = "audio_too_large"
    UNSUPPORTED_AUDIO = "unsupported_audio"
    INVALID_AUDIO = "invalid_audio"
    AUDIO_TOO_LONG = "audio_too_long"
    UPLOADS_BUSY = "uploads_busy"
    TOO_MANY_UPLOADS = "too_many_uploads"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    NOT_RETRYABLE = "not_retryable"
    TOO_MANY_JOBS = "too_many_jobs"
    QUOTA_EXCEEDED = "quota_exceeded"
    BUSY = "busy"
    UNAUTHENTICATED = "unauthenticated"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    WRONG_USER = "wrong_user"
    MISDIRECTED_REQUEST = "misdirected_request"
    ERASURE_IN_PROGRESS = "erasure_in_progress"
    CONSENT_REQUIRED = "consent_required"
    INVALID_SIGNATURE = "invalid_signature"
    DATABASE_UNAVAILABLE = "database_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    INTERNAL_ERROR = "internal_error"
    MODELS_TIMEOUT = "models_timeout"
    BROKER_UNAVAILABLE = "broker_unavailable"
    WAIT_TIMEOUT = "wait_timeout"

    NO_SPEECH = "no_speech"
    STT_TIMEOUT = "stt_timeout"
    LLM_TIMEOUT = "llm_timeout"
    QUEUE_DEADLINE = "queue_deadline"
    RUN_DEADLINE = "run_deadline"
    TUTOR_UNAVAILABLE = "tutor_unavailable"
    TUTOR_INVALID_REPLY = "tutor_invalid_reply"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    OUT_OF_MEMORY = "out_of_memory"
    POISONED = "poisoned"
    CANCELLED = "cancelled"


RETRYABLE_FAILURES = frozenset(
    {
        ErrorCode.STT_TIMEOUT,
        ErrorCode.LLM_TIMEOUT,
        ErrorCode.QUEUE_DEADLINE,
        ErrorCode.RUN_DEADLINE,
        ErrorCode.TUTOR_UNAVAILABLE,
        ErrorCode.TUTOR_INVALID_REPLY,
        ErrorCode.ENGINE_UNAVAILABLE,
        ErrorCode.STORAGE_UNAVAILABLE,
        ErrorCode.OUT_OF_MEMORY,
    }
)
"""What a job may fail with and succeed at another try; the same input fails again with everything else."""


class WarningCode(StrEnum):
    """Why a succeeded job has less than was asked for."""

    SPEECH_TIMEOUT = "speech_timeout"
    SPEECH_FAILED = "speech_failed"
    SPEECH_OUT_OF_MEMORY = "speech_out_of_memory"
    SPEECH_POISONED = "speech_poisoned"
    SPEECH_SKIPPED = "speech_skipped"
    MESSAGE_BLOCKED = "message_blocked"
    AUDIO_ELSEWHERE = "audio_elsewhere"
    UNSURE_HEARING = "unsure_hearing"
    SPOKE_HINDI = "spoke_hindi"


class DomainError(Exception):
    """An expected failure with a stable code.

    `detail` is a sentence safe to show a learner; it never quotes the learner's own words.
    `retry_after_seconds` says when the same request may succeed, where that is known.
    """

    code: ClassVar[ErrorCode]

    def __init__(self, detail: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
