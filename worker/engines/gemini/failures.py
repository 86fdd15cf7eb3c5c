"""What can go wrong in one call, in words safe to log, and whether to call again."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from typing import Any

import httpx2
from google.genai.errors import APIError

from worker.engines.gemini.envelope import Tokens

_TRANSIENT = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_FINAL_OF_SERVERS = {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED}
"""Every other 5xx may pass, also one without a standard meaning, such as 529 for too much load."""
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
_OF_THE_DAY = "PerDay"
"""In the id of a quota, such as GenerateRequestsPerDayPerProjectPerModel-FreeTier."""
_NAME = re.compile(r"[A-Z_]{1,40}")


class Reason(Enum):
    """What a failure means beyond that it failed."""

    OTHER = "other"
    TIMED_OUT = "timed_out"
    """The answer did not come in time."""
    UNREACHABLE = "unreachable"
    """No connection, or one that broke."""
    OVERLOADED = "overloaded"
    """The provider or a gateway failed, with a 5xx."""
    QUOTA = "quota"
    """Too many calls or tokens a minute."""
    DAY_IS_OVER = "quota_of_the_day"
    """The quota for the day is used up."""
    KEY_REFUSED = "key_refused"
    THINKING_REFUSED = "thinking_refused"
    """The model lacks the thinking level."""


class CallError(Exception):
    """One call failed. The text never has the key, and never a body that may quote the learner.

    `transient`: the same call may succeed later, after `advised_delay` seconds where the provider says so.
    `tokens`: what the call cost all the same.
    """

    def __init__(
        self,
        summary: str,
        *,
        transient: bool = False,
        advised_delay: float | None = None,
        reason: Reason = Reason.OTHER,
    ) -> None:
        super().__init__(summary)
        self.transient = transient
        self.advised_delay = advised_delay
        self.reason = reason
        self.tokens = Tokens()


def from_status(error: APIError) -> CallError:
    """Return the failure that an HTTP status other than 200 means."""
    reason = _reason(error)
    return CallError(
        f"HTTP {error.code}{_name(error)}{_advice(error, reason)}",
        transient=_may_pass(error.code) and reason is not Reason.DAY_IS_OVER,
        advised_delay=_advised_delay(error),
        reason=reason,
    )


def from_transport(error: httpx2.RequestError) -> CallError:
    """Return the failure that a refused, broken or slow connection means."""
    timed_out = isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout)
    return CallError(
        type(error).__name__, transient=True, reason=Reason.TIMED_OUT if timed_out else Reason.UNREACHABLE
    )


def from_garbage(error: Exception) -> CallError:
    """Return the failure of an answer that is not the provider's JSON, such as a gateway's page."""
    return CallError(f"the answer is not the provider's JSON ({type(error).__name__})", transient=True)


def _name(error: APIError) -> str:
    """Return the provider's name for the status. Not its explanation: that quotes what was sent."""
    name = error.status if isinstance(error.status, str) else ""
    return f" {name}" if _NAME.fullmatch(name) else ""


def _reason(error: APIError) -> Reason:
    if error.code == HTTPStatus.BAD_REQUEST and "thinking" in str(error.message).casefold():
        return Reason.THINKING_REFUSED
    quotas = [
        str(violation.get("quotaId"))
        for detail in _details(error)
        if detail.get("@type") == _QUOTA_FAILURE
        for violation in _objects(detail.get("violations"))
    ]
    if error.code == HTTPStatus.TOO_MANY_REQUESTS:
        of_the_day = any(_OF_THE_DAY in quota for quota in quotas)
        return Reason.DAY_IS_OVER if of_the_day else Reason.QUOTA
    if _is_key_refused(error):
        return Reason.KEY_REFUSED
    return Reason.OVERLOADED if 500 <= error.code < 600 else Reason.OTHER


def _is_key_refused(error: APIError) -> bool:
    return error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or any(
        detail.get("reason") == "API_KEY_INVALID" for detail in _details(error)
    )


def _may_pass(status: int) -> bool:
    return status in _TRANSIENT or (500 <= status < 600 and status not in _FINAL_OF_SERVERS)


def _advice(error: APIError, reason: Reason) -> str:
    if reason is Reason.DAY_IS_OVER:
        return " (the quota for the day is used up)"
    if reason is Reason.KEY_REFUSED:
        return " (the key is refused: check GEMINI_API_KEY)"
    if error.code == HTTPStatus.NOT_FOUND:
        return " (nothing is there: check GEMINI_MODEL, GEMINI_BASE_URL and GEMINI_API_VERSION)"
    return ""


def _advised_delay(error: APIError) -> float | None:
    """Return the seconds that the error's RetryInfo, or else its `Retry-After` header, asks to wait.

    The header says seconds or a date (RFC 9110, 10.2.3), which is compared with the sender's own clock.
    """
    advised = [detail.get("retryDelay") for detail in _details(error) if detail.get("@type") == _RETRY_INFO]
    headers: Mapping[str, str] = {} if error.response is None else error.response.headers
    advised.append(headers.get("retry-after"))
    for text in advised:
        seconds = _SECONDS.fullmatch(text) if isinstance(text, str) else None
        if seconds:
            return float(seconds[1])
    until = _moment(headers.get("retry-after"))
    if until is None:
        return None
    now = _moment(headers.get("date")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0)


def _moment(date: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _details(error: APIError) -> Iterator[dict[str, Any]]:
    """Yield the objects of `error.details` in the body, as far as it has the documented form."""
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error")
    details = inner.get("details") if isinstance(inner, dict) else None
    return _objects(details)


def _objects(found: object) -> Iterator[dict[str, Any]]:
    return (each for each in found if isinstance(each, dict)) if isinstance(found, list) else iter(())
