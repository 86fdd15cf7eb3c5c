"""The table from error codes to HTTP: complete, and as the contract says."""

from uuid import uuid4

import pytest

from api.http.problems import KINDS, ProblemResponse, problem, problem_of
from shared.errors import DomainError, ErrorCode
from shared.models import Job, JobKind, Stage
from worker import errors as worker_errors

STATUSES = {
    ErrorCode.INVALID_REQUEST: 422,
    ErrorCode.MALFORMED_REQUEST: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.AUDIO_TOO_LARGE: 413,
    ErrorCode.REQUEST_TOO_LARGE: 413,
    ErrorCode.REQUEST_TIMEOUT: 408,
    ErrorCode.RANGE_NOT_SATISFIABLE: 416,
    ErrorCode.UPLOADS_BUSY: 503,
    ErrorCode.TOO_MANY_UPLOADS: 429,
    ErrorCode.UNSUPPORTED_AUDIO: 415,
    ErrorCode.INVALID_AUDIO: 422,
    ErrorCode.AUDIO_TOO_LONG: 422,
    ErrorCode.IDEMPOTENCY_KEY_REUSED: 422,
    ErrorCode.INVALID_SIGNATURE: 403,
    ErrorCode.DATABASE_UNAVAILABLE: 503,
    ErrorCode.STORAGE_UNAVAILABLE: 503,
    ErrorCode.ENGINE_UNAVAILABLE: 503,
    ErrorCode.WAIT_TIMEOUT: 504,
    ErrorCode.NO_SPEECH: 422,
    ErrorCode.STT_TIMEOUT: 504,
    ErrorCode.LLM_TIMEOUT: 504,
    ErrorCode.QUEUE_DEADLINE: 504,
    ErrorCode.RUN_DEADLINE: 504,
    ErrorCode.TUTOR_UNAVAILABLE: 502,
    ErrorCode.TUTOR_INVALID_REPLY: 502,
    ErrorCode.POISONED: 500,
    ErrorCode.OUT_OF_MEMORY: 500,
    ErrorCode.INTERNAL_ERROR: 500,
    ErrorCode.CANCELLED: 409,
    ErrorCode.NOT_RETRYABLE: 409,
}


def test_every_code_has_its_row() -> None:
    assert set(KINDS) == set(ErrorCode)


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_a_code_has_the_status_of_the_contract(code: ErrorCode, status: int) -> None:
    answer = problem(code, "A sentence.")

    assert (answer.status, answer.code, answer.detail) == (status, code, "A sentence.")
    assert answer.title


def test_every_code_has_a_type_and_a_title_of_its_own_kind() -> None:
    answers = [problem(code, "") for code in ErrorCode]

    assert len({answer.type for answer in answers}) == len(ErrorCode)
    assert all(answer.title for answer in answers)


@pytest.mark.parametrize("code", ErrorCode)
def test_what_is_temporary_says_when_to_come_again(code: ErrorCode) -> None:
    response = ProblemResponse(problem(code, ""))

    assert response.media_type == "application/problem+json"
    assert ("retry-after" in response.headers) == (response.status_code in {429, 503})


def test_engines_errors_are_as_retryable_as_the_table_says() -> None:
    classes = [
        cls
        for cls in vars(worker_errors).values()
        if isinstance(cls, type) and issubclass(cls, DomainError) and "code" in vars(cls)
    ]

    assert len(classes) > 4
    assert {cls.code: cls.retryable for cls in classes} == {
        cls.code: KINDS[cls.code].retryable for cls in classes
    }


def test_a_failed_job_tells_its_stage_and_its_id() -> None:
    job = Job(
        id=uuid4(),
        user_id="asha",
        kind=JobKind.VOICE,
        conversation_id=uuid4(),
        turn=1,
        speak=[],
        request_fingerprint="",
        request_id="",
        stage=None,
        error_code="no_speech",
        error_detail="No speech was heard.",
        error_stage=Stage.TRANSCRIBE,
    )

    answer = problem_of(job)

    assert answer is not None
    assert (answer.code, answer.stage, answer.job_id) == (ErrorCode.NO_SPEECH, "transcribe", str(job.id))
    job.error_code = None
    assert problem_of(job) is None
