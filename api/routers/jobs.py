"""Jobs: list them, read one, wait for it, cancel it, run it again."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.access.principal import Reach
from api.dependencies import (
    MAX_WAIT_SECONDS,
    ControlDep,
    JobId,
    JobListsDep,
    LinksDep,
    PrincipalDep,
    ReaderDep,
    WaitersDep,
)
from api.jobs.present import present, shown
from api.jobs.read import JobRecord
from api.jobs.schemas import JobPage, JobsQuery, JobView
from api.openapi.document import ITEM_PROBLEMS, Responses, answer, problems
from api.schemas import UserId
from shared.errors import ErrorCode

router = APIRouter(prefix="/jobs", tags=["jobs"])

Owner = Annotated[
    UserId | None, Query(alias="user_id", description="if given, the job must be this learner's")
]


async def _reach(principal: PrincipalDep, owner: Owner = None) -> Reach:
    """Return within which jobs this one is looked for."""
    return principal.reach(owner)


ReachDep = Annotated[Reach, Depends(_reach)]


def _job(status: HTTPStatus, example: str) -> Responses:
    return answer(status, "The job", example, headers={"Retry-After": False})


_UNFINISHED = _job(HTTPStatus.OK, "queued_job")
_FINISHED = _job(HTTPStatus.OK, "finished_job")
_CANCELLED = _job(HTTPStatus.OK, "cancelled_job")


@router.get("", responses=answer(HTTPStatus.OK, "A page", "jobs") | problems(ErrorCode.DATABASE_UNAVAILABLE))
async def list_jobs(
    query: Annotated[JobsQuery, Query()], principal: PrincipalDep, lists: JobListsDep, links: LinksDep
) -> JobPage:
    """Return a page of the learner's jobs, newest first. Later pages hold what was there at the first one."""
    page = await lists.page(principal.learner(query.user_id), query)
    # In a thread: a page of presigned URLs takes some 50 ms.
    items = await asyncio.to_thread(lambda: [present(record, links) for record in page.rows])
    return JobPage(items=items, next_cursor=page.next_cursor)


@router.get("/{job_id}", responses=_UNFINISHED | problems(*ITEM_PROBLEMS))
async def read_job(
    job_id: JobId, reader: ReaderDep, links: LinksDep, response: Response, reach: ReachDep
) -> JobView:
    """Return the job as it stands."""
    return await _show(await reader.one(job_id, reach), links, response)


@router.get("/{job_id}/wait", responses=_FINISHED | problems(*ITEM_PROBLEMS))
async def wait_for_job(
    job_id: JobId,
    principal: PrincipalDep,
    waiters: WaitersDep,
    links: LinksDep,
    response: Response,
    reach: ReachDep,
    seconds: Annotated[float, Query(alias="timeout", ge=0, le=MAX_WAIT_SECONDS)] = 30,
) -> JobView:
    """Return the job as soon as it is done, or as it stands after `timeout` seconds."""
    return await _show(await waiters.wait(job_id, seconds, reach, key_id=principal.key_id), links, response)


@router.post("/{job_id}/cancel", responses=_CANCELLED | problems(*ITEM_PROBLEMS))
async def cancel_job(
    job_id: JobId,
    control: ControlDep,
    reader: ReaderDep,
    links: LinksDep,
    response: Response,
    reach: ReachDep,
) -> JobView:
    """End the job: at once if it waits, after the steps at work if it runs. An ended job stays as it is."""
    await control.cancel(job_id, reach)
    return await _show(await reader.one(job_id, reach), links, response)


@router.post(
    "/{job_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=_job(HTTPStatus.ACCEPTED, "queued_job")
    | problems(
        *ITEM_PROBLEMS,
        ErrorCode.NOT_RETRYABLE,
        ErrorCode.TOO_MANY_JOBS,
        ErrorCode.QUOTA_EXCEEDED,
        ErrorCode.ERASURE_IN_PROGRESS,
        ErrorCode.BUSY,
    ),
)
async def retry_job(
    job_id: JobId,
    principal: PrincipalDep,
    control: ControlDep,
    reader: ReaderDep,
    links: LinksDep,
    response: Response,
    reach: ReachDep,
) -> JobView:
    """Run a failed job again, from the stage that failed, as a new turn of its conversation."""
    await control.retry(job_id, reach, principal.quotas)
    return await _show(await reader.one(job_id, reach), links, response)


async def _show(record: JobRecord, links: LinksDep, response: Response) -> JobView:
    view = await shown(record, links, present)
    if not view.done:
        response.headers["Retry-After"] = "1"
    return view
