"""What can go wrong in one call, in words safe to log, and whether to call again."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx2
from google.genai.errors import APIError

_TRANSIENT = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_NAME = re.compile(r"[A-Z_]{1,40}")


class CallError(Exception):
    """One call failed. The text never has the key, and never a body that may quote the learner.

    `transient`: the same call may succeed later, after `advised_delay` seconds where the provider says so.
    `timed_out`: the answer did not come in time. `thinking_refused`: the model lacks the thinking level.
    """

    def __init__(
        self,
        summary: str,
        *,
        transient: bool = False,
        advised_delay: float | None = None,
        timed_out: bool = False,
        thinking_refused: bool = False,
    ) -> None:
        super().__init__(summary)
        self.transient = transient
        self.advised_delay = advised_delay
        self.timed_out = timed_out
        self.thinking_refused = thinking_refused


def from_status(error: APIError) -> CallError:
    """Return the failure that an HTTP status other than 200 means."""
    return CallError(
        f"HTTP {error.code}{_name(error)}{_advice(error)}",
        transient=error.code in _TRANSIENT,
        advised_delay=_advised_delay(error),
        thinking_refused=error.code == HTTPStatus.BAD_REQUEST and "thinking" in str(error.message).casefold(),
    )


def from_transport(error: httpx2.RequestError) -> CallError:
    """Return the failure that a refused, broken or slow connection means."""
    timed_out = isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout)
    return CallError(type(error).__name__, transient=True, timed_out=timed_out)


def from_garbage(error: ValueError) -> CallError:
    """Return the failure of an answer that is not the provider's JSON, such as a gateway's page."""
    return CallError(f"the answer is not the provider's JSON ({type(error).__name__})", transient=True)


def _name(error: APIError) -> str:
    """Return the provider's name for the status. Not its explanation: that quotes what was sent."""
    name = error.status if isinstance(error.status, str) else ""
    return f" {name}" if _NAME.fullmatch(name) else ""


def _advice(error: APIError) -> str:
    refused_key = error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or any(
        detail.get("reason") == "API_KEY_INVALID" for detail in _details(error)
    )
    if refused_key:
        return " (the key is refused: check GEMINI_API_KEY)"
    if error.code == HTTPStatus.NOT_FOUND:
        return " (nothing is there: check GEMINI_MODEL and GEMINI_BASE_URL)"
    return ""


def _advised_delay(error: APIError) -> float | None:
    """Return the seconds that the error's RetryInfo, or else its `Retry-After` header, asks to wait."""
    advised = [detail.get("retryDelay") for detail in _details(error) if detail.get("@type") == _RETRY_INFO]
    if error.response is not None:
        advised.append(error.response.headers.get("retry-after"))
    for text in advised:
        seconds = _SECONDS.fullmatch(text) if isinstance(text, str) else None
        if seconds:
            return float(seconds[1])
    return None


def _details(error: APIError) -> Iterator[dict[str, Any]]:
    """Yield the objects of `error.details` in the body, as far as it has the documented form."""
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error")
    details = inner.get("details") if isinstance(inner, dict) else None
    return (detail for detail in details or () if isinstance(detail, dict))
