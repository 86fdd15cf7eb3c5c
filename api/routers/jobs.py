"""Jobs: list them, read one, wait for it, cancel it, run it again."""

import asyncio
import logging
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import (
    MAX_WAIT_SECONDS,
    ControlDep,
    FollowersDep,
    JobListsDep,
    LinksDep,
    ReaderDep,
    TellingDep,
    WaitersDep,
)
from api.http.head_requests import ASKED_METHOD
from api.jobs.present import present, shown
from api.jobs.queue_position import Place
from api.jobs.read import JobNotFoundError, JobRecord
from api.jobs.schemas import JobPage, JobsQuery, JobView
from api.openapi.document import ITEM_PROBLEMS, Responses, answer, nothing, problems, stream
from api.schemas import UserId
from shared import telemetry
from shared.errors import ErrorCode
from shared.telemetry import job_id_var

router = APIRouter(prefix="/jobs", tags=["jobs"])
logger = logging.getLogger(__name__)


async def _job_id(job_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    """Return the job id of the path and add it to the request's log lines."""
    try:
        parsed = UUID(job_id)
    except ValueError:
        raise JobNotFoundError from None
    job_id_var.set(str(parsed))
    return parsed


JobId = Annotated[UUID, Depends(_job_id)]
Owner = Annotated[UserId | None, Query(alias="user_id", description="if given, the job must be this user's")]


def _job(status: HTTPStatus, example: str) -> Responses:
    return answer(status, "The job", example, headers={"Retry-After": False})


_UNFINISHED = _job(HTTPStatus.OK, "queued_job")
_FINISHED = _job(HTTPStatus.OK, "finished_job")
_CANCELLED = _job(HTTPStatus.OK, "cancelled_job")


@router.get("", responses=answer(HTTPStatus.OK, "A page", "jobs") | problems(ErrorCode.DATABASE_UNAVAILABLE))
async def list_jobs(query: Annotated[JobsQuery, Query()], lists: JobListsDep, links: LinksDep) -> JobPage:
    """Return a page of the user's jobs, newest first. Later pages hold what was there at the first one."""
    page = await lists.page(query)
    # In a thread: a page of presigned URLs takes some 50 ms.
    items = await asyncio.to_thread(lambda: [present(record, links) for record in page.rows])
    return JobPage(items=items, next_cursor=page.next_cursor)


@router.get("/{job_id}", responses=_UNFINISHED | problems(*ITEM_PROBLEMS))
async def read_job(
    job_id: JobId, reader: ReaderDep, links: LinksDep, response: Response, owner: Owner = None
) -> JobView:
    """Return the job as it stands."""
    return await _show(await reader.one(job_id, owner=owner), links, response)


@router.get("/{job_id}/wait", responses=_FINISHED | problems(*ITEM_PROBLEMS))
async def wait_for_job(
    job_id: JobId,
    waiters: WaitersDep,
    links: LinksDep,
    response: Response,
    owner: Owner = None,
    seconds: Annotated[float, Query(alias="timeout", ge=0, le=MAX_WAIT_SECONDS)] = 30,
) -> JobView:
    """Return the job as soon as it is done, or as it stands after `timeout` seconds."""
    return await _show(await waiters.wait(job_id, seconds, owner=owner), links, response)


async def _where_to_resume(
    job_id: JobId,
    followers: FollowersDep,
    links: LinksDep,
    owner: Owner = None,
    after: Annotated[int, Query(ge=0, description="the last event that was seen")] = 0,
    last_event_id: Annotated[int | None, Header(ge=0, alias="Last-Event-ID")] = None,
    expires: Annotated[str | None, Query(description="of a signed link")] = None,
    signature: Annotated[str | None, Query(description="of a signed link")] = None,
) -> int:
    """Return after which event the stream begins. Whatever is wrong is said here, before its first byte."""
    if expires is not None or signature is not None:
        links.check_events(job_id, expires or "", signature or "")
    seen = after if last_event_id is None else last_event_id
    await followers.check(job_id, seen, owner=owner)
    return seen


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
    seen: Annotated[int, Depends(_where_to_resume)],
    followers: FollowersDep,
    telling: TellingDep,
) -> AsyncIterator[ServerSentEvent]:
    """Send what has happened to the job, and what happens until it ends, as server-sent events.

    A stream that ends before is resumed with `Last-Event-ID` or `after`: no event is skipped or told twice.
    """
    if request.scope.get(ASKED_METHOD) == "HEAD":
        return
    try:
        async for told in followers.follow(job_id, seen):
            yield telling.place(job_id, told) if isinstance(told, Place) else await telling.event(told)
    except (SQLAlchemyError, OSError) as error:
        # An exception would cut the response off; the client resumes the stream, perhaps at another process.
        logger.warning("a stream ends early: %s", telemetry.without_words(error))


@router.post("/{job_id}/cancel", responses=_CANCELLED | problems(*ITEM_PROBLEMS))
async def cancel_job(
    job_id: JobId,
    control: ControlDep,
    reader: ReaderDep,
    links: LinksDep,
    response: Response,
    owner: Owner = None,
) -> JobView:
    """End the job: at once if it waits, after the steps at work if it runs. An ended job stays as it is."""
    await control.cancel(job_id, owner)
    return await _show(await reader.one(job_id), links, response)


@router.post(
    "/{job_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=_job(HTTPStatus.ACCEPTED, "queued_job")
    | problems(*ITEM_PROBLEMS, ErrorCode.NOT_RETRYABLE, ErrorCode.TOO_MANY_JOBS, ErrorCode.BUSY),
)
async def retry_job(
    job_id: JobId,
    control: ControlDep,
    reader: ReaderDep,
    links: LinksDep,
    response: Response,
    owner: Owner = None,
) -> JobView:
    """Run a failed job again, from the stage that failed, as a new turn of its conversation."""
    await control.retry(job_id, owner)
    return await _show(await reader.one(job_id), links, response)


async def _show(record: JobRecord, links: LinksDep, response: Response) -> JobView:
    view = await shown(record, links, present)
    if not view.done:
        response.headers["Retry-After"] = "1"
    return view
