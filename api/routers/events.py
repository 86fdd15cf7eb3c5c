"""A job's events, as they happen, for whoever asks with a credential or with a signed link."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError

from api.access.principal import Reach
from api.dependencies import FollowersDep, JobId, LinksDep, PrincipalUnlessSigned, TellingDep
from api.http.head_requests import ASKED_METHOD
from api.jobs.queue_position import Place
from api.openapi.document import ITEM_PROBLEMS, nothing, problems, stream
from api.schemas import UserId
from shared import telemetry
from shared.errors import ErrorCode

router = APIRouter(prefix="/jobs", tags=["jobs"])
logger = logging.getLogger(__name__)


class _Start(NamedTuple):
    """After which event a stream begins, and what opened it: an app's key, or a link that expires."""

    seen: int
    key_id: UUID | None
    link_expires_at: datetime | None


async def _where_to_resume(
    job_id: JobId,
    principal: PrincipalUnlessSigned,
    followers: FollowersDep,
    links: LinksDep,
    owner: Annotated[
        UserId | None, Query(alias="user_id", description="if given, the job must be this learner's")
    ] = None,
    after: Annotated[int, Query(ge=0, description="the last event that was seen")] = 0,
    last_event_id: Annotated[int | None, Header(ge=0, alias="Last-Event-ID")] = None,
    expires: Annotated[str | None, Query(description="of a signed link")] = None,
    signature: Annotated[str | None, Query(description="of a signed link")] = None,
) -> _Start:
    """Return where the stream begins. Whatever is wrong is said here, before its first byte."""
    link_expires_at = None
    if principal is None:
        link_expires_at = links.check_events(job_id, expires or "", signature or "")
        reach = Reach(None, owner)
    else:
        reach = principal.reach(owner)
    seen = after if last_event_id is None else last_event_id
    await followers.check(job_id, seen, reach)
    return _Start(seen, None if principal is None else principal.key_id, link_expires_at)


@router.get(
    "/{job_id}/events",
    response_class=EventSourceResponse,
    responses=stream(HTTPStatus.OK, "The events, as they happen")
    | nothing("The job has ended, and nothing follows")
    | problems(*ITEM_PROBLEMS, ErrorCode.INVALID_SIGNATURE),
)
async def follow_job(
    request: Request,
    job_id: JobId,
    start: Annotated[_Start, Depends(_where_to_resume)],
    followers: FollowersDep,
    telling: TellingDep,
) -> AsyncIterator[ServerSentEvent]:
    """Send what has happened to the job, and what happens until it ends, as server-sent events.

    A stream that ends before is resumed with `Last-Event-ID` or `after`: no event is skipped or told twice.
    One that a signed link opened ends when that expires, and so do the links in it.
    """
    if request.scope.get(ASKED_METHOD) == "HEAD":
        return
    ends_at = start.link_expires_at
    if ends_at is not None:
        telling = replace(telling, links=telling.links.until(ends_at))
    try:
        async for told in followers.follow(job_id, start.seen, key_id=start.key_id, ends_at=ends_at):
            yield telling.place(job_id, told) if isinstance(told, Place) else await telling.event(told)
    except (SQLAlchemyError, OSError) as error:
        # An exception would cut the response off; the client resumes the stream, perhaps at another process.
        logger.warning("a stream ends early: %s", telemetry.without_words(error))
