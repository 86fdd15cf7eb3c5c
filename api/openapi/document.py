"""The OpenAPI document: every status an operation answers with, its headers and an example.

Routers describe their answers with `answer` and `problems`; `DocumentedApp` adds what all have in common.
"""

from collections.abc import Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.decoding.errors import AudioTooLargeError, AudioTooLongError
from api.http.allowances import HEADER as RATE_LIMIT_HEADER
from api.http.allowances import POLICY_HEADER
from api.http.problems import KINDS, PROBLEM_JSON, problem
from api.http.request_ids import HEADER
from api.jobs.schemas import JobView
from api.openapi.examples import EXAMPLES
from api.schemas import WHOSE
from api.turns.forms import REVIEW_FORM, REVIEW_FORM_SCHEMA, VOICE_FORM, VOICE_FORM_SCHEMA
from api.turns.schemas import TextReviewRequest
from shared.errors import ErrorCode
from shared.storage import FLAC, MP3

Responses = dict[int | str, dict[str, Any]]

_SECONDS = {"type": "integer", "minimum": 0}
_HEADERS: dict[str, dict[str, Any]] = {
    HEADER: {
        "description": "the request's own `X-Request-ID`, or a new one; it follows the job into the logs",
        "schema": {"type": "string"},
        "example": "5f0c9a3e4b1d4c0f9a3e4b1d4c0f9a3e",
    },
    "Retry-After": {
        "description": "seconds until it is worth asking again",
        "schema": _SECONDS,
        "example": 1,
    },
    POLICY_HEADER: {
        "description": "quotas that this request counted for, with their windows in seconds "
        "(draft-ietf-httpapi-ratelimit-headers-11)",
        "schema": {"type": "string"},
        "example": '"turns";q=200;w=86400',
    },
    RATE_LIMIT_HEADER: {
        "description": "what is left of them, and in how many seconds all of it is there again",
        "schema": {"type": "string"},
        "example": '"turns";r=162;t=30600',
    },
    "WWW-Authenticate": {
        "description": "how to ask (RFC 6750)",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "Location": {
        "description": "where to look",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/jobs/5b0c7a5e-6d0c-4d7e-9d3f-0f6f2c1b8a42",
    },
    "Preference-Applied": {
        "description": "the wait of the request's `Prefer` header that was kept to (RFC 7240)",
        "schema": {"type": "string", "pattern": r"^wait=\d+$"},
        "example": "wait=10",
    },
    "Content-Range": {
        "description": "which bytes of how many (RFC 9110, 14.4)",
        "schema": {"type": "string"},
        "example": "bytes 0-1023/20480",
    },
    "Accept-Ranges": {
        "description": "`bytes`: a part can be asked for with `Range`",
        "schema": {"type": "string", "const": "bytes"},
        "example": "bytes",
    },
    "Cache-Control": {"description": "RFC 9111", "schema": {"type": "string"}, "example": "private"},
    "ETag": {"description": "for `If-Range`", "schema": {"type": "string"}, "example": '"1f2e3d"'},
    "Last-Modified": {
        "description": "when the sound was written",
        "schema": {"type": "string"},
        "example": "Sat, 28 Nov 2026 09:00:01 GMT",
    },
}
_PROBLEM_HEADERS: Mapping[HTTPStatus, Mapping[str, bool]] = {
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: {"Content-Range": True},
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": True},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": True},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": True},
}

ITEM_PROBLEMS = (ErrorCode.NOT_FOUND, ErrorCode.DATABASE_UNAVAILABLE)
"""The problems that any operation on one stored resource may answer with."""

TURN_REFUSED = (
    ErrorCode.IDEMPOTENCY_KEY_REUSED,
    ErrorCode.REQUEST_TOO_LARGE,
    ErrorCode.REQUEST_TIMEOUT,
    ErrorCode.TOO_MANY_JOBS,
    ErrorCode.BUSY,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.ERASURE_IN_PROGRESS,
    ErrorCode.DATABASE_UNAVAILABLE,
    ErrorCode.NOT_FOUND,  # deleted with its conversation before the answer
)
"""The problems that any turn may be refused with."""

RECORDING_REFUSED = (
    ErrorCode.AUDIO_TOO_LARGE,
    ErrorCode.UNSUPPORTED_AUDIO,
    ErrorCode.INVALID_AUDIO,
    ErrorCode.AUDIO_TOO_LONG,
    ErrorCode.UPLOADS_BUSY,
    ErrorCode.TOO_MANY_UPLOADS,
    ErrorCode.CONSENT_REQUIRED,
    ErrorCode.STORAGE_UNAVAILABLE,
)
"""Those that a recording may be refused with besides."""


def answer(
    status: HTTPStatus,
    description: str,
    example: str,
    *,
    model: type[BaseModel] | None = None,
    headers: Mapping[str, bool] | None = None,
) -> Responses:
    """Describe a JSON answer other than a problem.

    `example` names one of `api.openapi.examples`; `headers` says of each whether it is always sent; `model`
    is for a status other than the route's own.
    """
    described: dict[str, Any] = {
        "description": description,
        "headers": _headers(headers or {}),
        "content": {"application/json": {"examples": referred(example)}},
    }
    return {status.value: described if model is None else described | {"model": model}}


def job_answers(queued: str, finished: str) -> Responses:
    """Describe the answers to a request that makes a job; the names are those of examples."""
    return answer(
        HTTPStatus.ACCEPTED,
        "The job",
        queued,
        headers={"Location": True, "Preference-Applied": False, "Retry-After": False},
    ) | answer(
        HTTPStatus.OK,
        "The finished job, where `Prefer: wait=N` was enough",
        finished,
        model=JobView,
        headers={"Location": True, "Preference-Applied": True},
    )


def referred(example: str) -> dict[str, Any]:
    """Return a reference to the example: FastAPI would drop the nulls of an inline one."""
    return {example: {"$ref": f"#/components/examples/{example}"}}


def sound(status: HTTPStatus, description: str, headers: Mapping[str, bool]) -> Responses:
    """Describe an answer that is audio."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = {MP3: binary, FLAC: binary}
    return {status.value: {"description": description, "headers": _headers(headers), "content": content}}


def archive(status: HTTPStatus, description: str) -> Responses:
    """Describe an answer that is a ZIP file."""
    content = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    headers = _headers({"Cache-Control": True})
    return {status.value: {"description": description, "headers": headers, "content": content}}


def stream(status: HTTPStatus, description: str) -> Responses:
    """Describe an answer that is a stream of server-sent events."""
    described: dict[str, Any] = {
        "description": description,
        "headers": _headers({"Cache-Control": True}),
        "content": {"text/event-stream": {"examples": referred("events")}},
    }
    return {status.value: described}


def nothing(description: str) -> Responses:
    """Describe an answer without content."""
    return {HTTPStatus.NO_CONTENT.value: {"description": description, "headers": _headers({})}}


def redirect(description: str, headers: Mapping[str, bool]) -> Responses:
    """Describe a redirect."""
    return {HTTPStatus.TEMPORARY_REDIRECT.value: {"description": description, "headers": _headers(headers)}}


def problems(*codes: ErrorCode) -> Responses:
    """Describe, by status, the problems with these codes and those that any request may get."""
    responses: Responses = {}
    for code in (ErrorCode.MALFORMED_REQUEST, ErrorCode.INVALID_REQUEST, *codes):
        kind = KINDS[code]
        response = responses.setdefault(
            kind.status.value,
            {
                "description": kind.status.phrase,
                "headers": _headers(_PROBLEM_HEADERS.get(kind.status, {})),
                "content": {
                    PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
                },
            },
        )
        shown = problem(code, _DETAILS.get(code, f"{kind.title}."))
        response["content"][PROBLEM_JSON]["examples"][code.value] = {
            "summary": kind.title,
            "value": shown.model_dump(mode="json", exclude_none=True),
        }
    return responses


_DETAILS = {
    ErrorCode.INVALID_REQUEST: "user_id: String should match pattern '^[A-Za-z0-9._@:+-]{1,128}$'",
    ErrorCode.AUDIO_TOO_LARGE: AudioTooLargeError().detail,
    ErrorCode.AUDIO_TOO_LONG: AudioTooLongError().detail,
}


def _headers(names: Mapping[str, bool]) -> dict[str, Any]:
    return {name: _HEADERS[name] | {"required": required} for name, required in names.items()}


def operation_id(route: APIRoute) -> str:
    """Return the operation's name in generated clients: its function's name, which must not change."""
    return route.name


class DocumentedApp(FastAPI):
    """FastAPI with a complete OpenAPI document."""

    needs_credentials = True
    """Whether who asks needs one: else the document asks for none."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        if self.openapi_schema is None:
            _complete(super().openapi(), needs_credentials=self.needs_credentials)
        return super().openapi()


def _complete(document: dict[str, Any], *, needs_credentials: bool) -> None:
    components = document["components"]
    written = TextReviewRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    written.pop("$defs")  # the parts that can be spoken are a schema of the document's already
    components["schemas"] |= {
        VOICE_FORM: deepcopy(VOICE_FORM_SCHEMA),
        REVIEW_FORM: deepcopy(REVIEW_FORM_SCHEMA),
        TextReviewRequest.__name__: written,
    }
    components["headers"] = {
        HEADER: _HEADERS[HEADER] | {"required": True},
        POLICY_HEADER: _HEADERS[POLICY_HEADER],
        RATE_LIMIT_HEADER: _HEADERS[RATE_LIMIT_HEADER],
    }
    if not needs_credentials:
        del components["securitySchemes"]
        for schema in components["schemas"].values():
            _require_user_id(schema)
        # Whoever asks may operate, so nobody is told less.
        content = document["paths"]["/health"]["get"]["responses"]["200"]["content"]
        content["application/json"]["schema"] = {"$ref": "#/components/schemas/Health"}
        del components["schemas"]["HealthSummary"]
    components["examples"] = {name: {"value": value} for name, value in EXAMPLES.items()}
    for operation in (each for operations in document["paths"].values() for each in operations.values()):
        for parameter in operation.get("parameters", []):
            _never_null(parameter["schema"])
            if not needs_credentials and parameter.get("description") == WHOSE:
                _require_parameter(parameter)
        _secure(operation, needs_credentials=needs_credentials)
        for response in operation["responses"].values():
            for header in components["headers"]:
                response.setdefault("headers", {})[header] = {"$ref": f"#/components/headers/{header}"}
        operation["responses"] = dict(sorted(operation["responses"].items()))


def _require_user_id(schema: dict[str, Any]) -> None:
    """Say that a body must name its learner: nothing else does where no credential is needed."""
    if "user_id" in schema.get("properties", {}) and schema.get("additionalProperties") is False:
        schema["required"] = sorted({"user_id", *schema.get("required", [])})
        user_id = schema["properties"]["user_id"]
        _never_null(user_id)
        user_id.pop("description", None)


def _require_parameter(parameter: dict[str, Any]) -> None:
    parameter["required"] = True
    for described in (parameter, parameter["schema"]):
        described.pop("description", None)


def _secure(operation: dict[str, Any], *, needs_credentials: bool) -> None:
    """Describe how credentials are refused, or drop that one is needed."""
    if not needs_credentials:
        operation.pop("security", None)
    if "security" not in operation:
        return
    refused = (ErrorCode.UNAUTHENTICATED, ErrorCode.INSUFFICIENT_SCOPE, ErrorCode.WRONG_USER)
    asked = (ErrorCode.QUOTA_EXCEEDED, ErrorCode.DATABASE_UNAVAILABLE)
    for status, response in problems(*refused, *asked).items():
        described = operation["responses"].setdefault(str(status), response)
        for kind, content in response["content"].items():
            described["content"][kind]["examples"] |= content["examples"]
    # A stream is also opened by a signed link, which its parameters describe.
    if any(parameter["name"] == "signature" for parameter in operation.get("parameters", [])):
        operation["security"].append({})


def _never_null(schema: dict[str, Any]) -> None:
    """Drop null from optional parameters: pydantic's None means left out, and null cannot be sent."""
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema |= kinds[0]
    elif kinds:
        schema["anyOf"] = kinds
