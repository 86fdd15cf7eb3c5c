"""The table from error codes to HTTP: complete, and as the contract says."""

from uuid import uuid4

import pytest

from api.http.problems import ProblemResponse, problem, problem_of
from shared.errors import ErrorCode
from shared.models import BUILT_IN_APP_ID, Job, JobKind, Stage
from shared.retries import MAX_RETRIES

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


def failed_job(code: ErrorCode, *, retries: int = 0) -> Job:
    return Job(
        id=uuid4(),
        app_id=BUILT_IN_APP_ID,
        learner_id=uuid4(),
        kind=JobKind.VOICE,
        conversation_id=uuid4(),
        turn=1,
        speak=[],
        request_fingerprint="",
        request_id="",
        error_code=code,
        error_detail="It failed.",
        error_stage=Stage.TRANSCRIBE,
        retries=retries,
    )


def test_a_failed_job_tells_its_stage_and_its_id() -> None:
    job = failed_job(ErrorCode.NO_SPEECH)

    answer = problem_of(job)

    assert answer is not None
    assert (answer.code, answer.stage, answer.job_id) == (ErrorCode.NO_SPEECH, "transcribe", str(job.id))
    job.error_code = None
    assert problem_of(job) is None


@pytest.mark.parametrize(
    ("code", "retries", "retryable"),
    [
        (ErrorCode.STT_TIMEOUT, 0, True),
        (ErrorCode.STT_TIMEOUT, MAX_RETRIES - 1, True),
        (ErrorCode.STT_TIMEOUT, MAX_RETRIES, False),
        (ErrorCode.NO_SPEECH, 0, False),
    ],
)
def test_a_job_is_retryable_while_it_has_retries_left(code: ErrorCode, retries: int, retryable: bool) -> None:
    answer = problem_of(failed_job(code, retries=retries))
    assert answer is not None
    assert answer.retryable is retryable
