"""Errors as clients see them: RFC 9457 problem details, one table from code to status and title."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import DomainError, ErrorCode
from shared.models import Job, Stage
from shared.retries import MAX_RETRIES

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
PROBLEM_CODE = "english_practice.problem_code"
"""Where the scope says with which problem the request was answered, if with one."""
RETRY_AFTER_SECONDS = 5
_COME_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
# What is left of such a request is not waited for, or cannot be told from the next one.
_HANG_UP = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_TIMEOUT}
MISTAKES_SHOWN = 5
_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Kind(NamedTuple):
    status: HTTPStatus
    title: str
    retryable: bool = False


KINDS: Mapping[ErrorCode, _Kind] = {
    ErrorCode.INVALID_REQUEST: _Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid"),
    ErrorCode.MALFORMED_REQUEST: _Kind(HTTPStatus.BAD_REQUEST, "This is not an HTTP request"),
    ErrorCode.NOT_FOUND: _Kind(HTTPStatus.NOT_FOUND, "Not found"),
    ErrorCode.METHOD_NOT_ALLOWED: _Kind(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed"),
    ErrorCode.RANGE_NOT_SATISFIABLE: _Kind(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "There is no such part of the audio"
    ),
    ErrorCode.REQUEST_TOO_LARGE: _Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large"),
    ErrorCode.REQUEST_TIMEOUT: _Kind(
        HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive", retryable=True
    ),
    ErrorCode.AUDIO_TOO_LARGE: _Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The recording is too large"),
    ErrorCode.UNSUPPORTED_AUDIO: _Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a supported audio format"),
    ErrorCode.INVALID_AUDIO: _Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The recording cannot be used"),
    ErrorCode.AUDIO_TOO_LONG: _Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The recording is too long"),
    ErrorCode.UPLOADS_BUSY: _Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy", retryable=True),
    ErrorCode.TOO_MANY_UPLOADS: _Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "Too many recordings at a time", retryable=True
    ),
    ErrorCode.IDEMPOTENCY_KEY_REUSED: _Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "The idempotency key was used for another request"
    ),
    ErrorCode.NOT_RETRYABLE: _Kind(HTTPStatus.CONFLICT, "The job cannot be tried again"),
    ErrorCode.TOO_MANY_JOBS: _Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "You have too many unfinished jobs", retryable=True
    ),
    ErrorCode.QUOTA_EXCEEDED: _Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "You have used up your quota", retryable=True
    ),
    ErrorCode.BUSY: _Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy", retryable=True),
    ErrorCode.UNAUTHENTICATED: _Kind(HTTPStatus.UNAUTHORIZED, "A good credential is needed"),
    ErrorCode.INSUFFICIENT_SCOPE: _Kind(HTTPStatus.FORBIDDEN, "The credential is not for this"),
    ErrorCode.WRONG_USER: _Kind(HTTPStatus.FORBIDDEN, "The token is another learner's"),
    ErrorCode.MISDIRECTED_REQUEST: _Kind(HTTPStatus.MISDIRECTED_REQUEST, "This host is not served here"),
    ErrorCode.ERASURE_IN_PROGRESS: _Kind(
        HTTPStatus.CONFLICT, "Everything of this learner is being erased", retryable=True
    ),
    ErrorCode.CONSENT_REQUIRED: _Kind(HTTPStatus.FORBIDDEN, "Consent is needed first"),
    ErrorCode.INVALID_SIGNATURE: _Kind(HTTPStatus.FORBIDDEN, "The link is not valid any more"),
    ErrorCode.DATABASE_UNAVAILABLE: _Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "The service is unavailable", retryable=True
    ),
    ErrorCode.STORAGE_UNAVAILABLE: _Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "The service is unavailable", retryable=True
    ),
    ErrorCode.INTERNAL_ERROR: _Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side"),
    ErrorCode.MODELS_TIMEOUT: _Kind(
        HTTPStatus.GATEWAY_TIMEOUT, "The models are not loaded yet", retryable=True
    ),
    ErrorCode.BROKER_UNAVAILABLE: _Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "The service is unavailable", retryable=True
    ),
    ErrorCode.WAIT_TIMEOUT: _Kind(HTTPStatus.GATEWAY_TIMEOUT, "The job is not finished yet", retryable=True),
    ErrorCode.NO_SPEECH: _Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "No speech was heard"),
    ErrorCode.STT_TIMEOUT: _Kind(HTTPStatus.GATEWAY_TIMEOUT, "Transcription took too long", retryable=True),
    ErrorCode.LLM_TIMEOUT: _Kind(HTTPStatus.GATEWAY_TIMEOUT, "The tutor took too long", retryable=True),
    ErrorCode.QUEUE_DEADLINE: _Kind(HTTPStatus.GATEWAY_TIMEOUT, "The job waited too long", retryable=True),
    ErrorCode.RUN_DEADLINE: _Kind(HTTPStatus.GATEWAY_TIMEOUT, "The job ran too long", retryable=True),
    ErrorCode.TUTOR_UNAVAILABLE: _Kind(HTTPStatus.BAD_GATEWAY, "The tutor is unavailable", retryable=True),
    ErrorCode.TUTOR_INVALID_REPLY: _Kind(
        HTTPStatus.BAD_GATEWAY, "The tutor's answer could not be used", retryable=True
    ),
    ErrorCode.ENGINE_UNAVAILABLE: _Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "The service is unavailable", retryable=True
    ),
    ErrorCode.OUT_OF_MEMORY: _Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "Out of memory", retryable=True),
    ErrorCode.POISONED: _Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The job cannot be processed"),
    ErrorCode.CANCELLED: _Kind(HTTPStatus.CONFLICT, "The job was cancelled"),
}


class Problem(BaseModel):
    """An error. `detail` is safe to show a learner; `code` is stable."""

    type: str = Field(examples=["urn:english-practice:problem:not_found"])
    title: str
    status: int
    detail: str
    code: ErrorCode
    stage: Stage | None = None
    retryable: bool
    job_id: str | None = None


def problem(
    code: ErrorCode, detail: str, *, stage: Stage | None = None, job_id: str | None = None
) -> Problem:
    """Return the problem that `code` stands for."""
    kind = KINDS[code]
    return Problem(
        type=f"urn:english-practice:problem:{code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=code,
        stage=stage,
        retryable=kind.retryable,
        job_id=job_id,
    )


def problem_of(job: Job) -> Problem | None:
    """Return why a job has no result, or None where it may still have one.

    What was retried as often as a job may be is not retryable, whatever it failed with.
    """
    if job.error_code is None:
        return None
    found = problem(
        ErrorCode(job.error_code), job.error_detail or "", stage=job.error_stage, job_id=str(job.id)
    )
    return found if job.retries < MAX_RETRIES else found.model_copy(update={"retryable": False})


class ProblemError(Exception):
    """Answers the request with a problem that is already made, a failed job's for instance."""

    def __init__(self, answer: Problem) -> None:
        super().__init__(answer.code)
        self.answer = answer


class NotFoundError(DomainError):
    """There is no such thing, or it is another user's."""

    code = ErrorCode.NOT_FOUND


class InvalidRequestError(DomainError):
    """The request breaks a rule that no schema can state; `detail` names the field."""

    code = ErrorCode.INVALID_REQUEST


class RequestTimeoutError(DomainError):
    """The body did not arrive in time."""

    code = ErrorCode.REQUEST_TIMEOUT


class RequestTooLargeError(DomainError):
    """The body is larger than any valid request of its kind."""

    code = ErrorCode.REQUEST_TOO_LARGE


class ProblemResponse(JSONResponse):
    """The HTTP response for a problem; a temporary refusal carries `Retry-After`."""

    media_type = PROBLEM_JSON

    def __init__(self, answer: Problem, headers: Mapping[str, str] | None = None) -> None:
        also = {"Retry-After": str(RETRY_AFTER_SECONDS)} if answer.status in _COME_AGAIN else {}
        if answer.status == HTTPStatus.UNAUTHORIZED:
            also["WWW-Authenticate"] = "Bearer"  # RFC 6750
        if answer.status in _HANG_UP:
            also["Connection"] = "close"
        content = answer.model_dump(mode="json", exclude_none=True)
        super().__init__(content, answer.status, also | dict(headers or {}))
        self._code = answer.code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and tell the middleware which problem it is."""
        scope[PROBLEM_CODE] = self._code
        await super().__call__(scope, receive, send)


async def _domain_error(_: Request, error: DomainError) -> ProblemResponse:
    seconds = error.retry_after_seconds
    headers = None if seconds is None else {"Retry-After": str(seconds)}
    return ProblemResponse(problem(error.code, error.detail), headers)


async def _problem_error(_: Request, error: ProblemError) -> ProblemResponse:
    return ProblemResponse(error.answer)


async def _validation_error(_: Request, error: RequestValidationError) -> ProblemResponse:
    """Name the fields and what is wrong with them, without a word of what was sent."""
    return ProblemResponse(problem(ErrorCode.INVALID_REQUEST, describe_validation(error.errors())))


def describe_validation(errors: Any) -> str:
    """Return one line from pydantic's errors, the first few: `field: what is wrong; …`."""
    return "; ".join(f"{_field_of(error)}: {_message_of(error)}" for error in errors[:MISTAKES_SHOWN])


def _field_of(error: Mapping[str, Any]) -> str:
    """Return the field's path; the body's where the path is not one of names but of the learner's making."""
    inside = [str(part) for part in error["loc"] if part not in {"body", "query", "path", "header"}]
    named = error["type"] != "json_invalid" and all(map(_FIELD_NAME.fullmatch, inside))
    return ".".join(inside) if inside and named else "body"


def shown_name(name: str, otherwise: str) -> str:
    """Return the name that a client gave to something, or `otherwise` where it reads like no name."""
    return name if _FIELD_NAME.fullmatch(name) else otherwise


def _message_of(error: Mapping[str, Any]) -> str:
    if tuple(error["loc"]) == ("body",):
        return "must be a JSON object, sent with the header `Content-Type: application/json`"
    if error["type"] == "json_invalid":
        return "is not valid JSON"
    return str(error["msg"]).removeprefix("Value error, ")


_HTTP_CODES = {
    HTTPStatus.NOT_FOUND: (ErrorCode.NOT_FOUND, "There is nothing here."),
    HTTPStatus.METHOD_NOT_ALLOWED: (ErrorCode.METHOD_NOT_ALLOWED, "This method is not allowed here."),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: (
        ErrorCode.RANGE_NOT_SATISFIABLE,
        "The audio ends before the part that was asked for.",
    ),
}


async def _http_error(request: Request, error: HTTPException) -> ProblemResponse:
    if isinstance(error.__cause__, DomainError):
        # FastAPI wraps whatever is raised while it reads a body.
        return await _domain_error(request, error.__cause__)
    unreadable = (ErrorCode.INVALID_REQUEST, "body: it could not be read")
    code, detail = _HTTP_CODES.get(HTTPStatus(error.status_code), unreadable)
    headers = error.headers
    if code is ErrorCode.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(sorted(_allowed_methods(request)))}
    return ProblemResponse(problem(code, detail), headers)


def _allowed_methods(request: Request) -> set[str]:
    """Return the methods of every route of the request's path; the router knows those of the first alone."""
    allowed: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            allowed |= route.methods or set()
    return allowed | ({"HEAD"} if "GET" in allowed else set())


async def _database_error(_: Request, error: Exception) -> ProblemResponse:
    # The driver's own words, which say why there is no connection; SQLAlchemy's quote the statement too.
    logger.warning("the database did not answer: %s", str(getattr(error, "orig", "")) or type(error).__name__)
    return ProblemResponse(
        problem(ErrorCode.DATABASE_UNAVAILABLE, "We could not take this just now. Please try again soon.")
    )


async def _dbapi_error(request: Request, error: DBAPIError) -> ProblemResponse:
    if error.connection_invalidated:
        return await _database_error(request, error)
    return _internal_error(error)


def _internal_error(error: Exception) -> ProblemResponse:
    logger.error("unexpected error", exc_info=error)
    return ProblemResponse(problem(ErrorCode.INTERNAL_ERROR, "Something went wrong on our side."))


class UnexpectedErrors:
    """ASGI middleware: makes whatever nothing else handles a problem.

    Starlette's own last resort is outside all middleware, so its answers lack their headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            logger.info("the client left before it had sent the whole request")
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            await _internal_error(error)(scope, receive, send)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.exception_handler(DomainError)(_domain_error)
    app.exception_handler(ProblemError)(_problem_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(OperationalError)(_database_error)
    app.exception_handler(PoolTimeoutError)(_database_error)
    app.exception_handler(DBAPIError)(_dbapi_error)
    app.add_middleware(UnexpectedErrors)
