"""The answer to a request that made a job: the job, as it stands or as it ended within the asked wait."""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from fastapi import Response

from api.access.principal import Principal
from api.audio.links import AudioLinks
from api.jobs.present import present, shown
from api.jobs.read import JobReader, JobRecord
from api.jobs.schemas import JobView
from api.jobs.wait import JobWaiters


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job that answers a request; if the request made it, the job as it was made."""

    job_id: UUID
    made: JobRecord | None = None


@dataclass(frozen=True, slots=True)
class JobAnswers:
    """Answers requests with their jobs."""

    reader: JobReader
    waiters: JobWaiters
    links: AudioLinks

    async def answer(
        self, accepted: Accepted, principal: Principal, wait: int | None, response: Response
    ) -> JobView:
        """Return the job and set what goes with it: 200 where it ended within the wait, else 202."""
        job_id, reach = accepted.job_id, principal.reach(None)
        if wait is not None:
            record = await self.waiters.wait(job_id, wait, reach, key_id=principal.key_id)
            response.headers["Preference-Applied"] = f"wait={wait}"
        elif accepted.made is not None:
            record = await self.reader.with_place(accepted.made)
        else:
            record = await self.reader.one(job_id, reach)
        view = await shown(record, self.links, present)
        response.headers["Location"] = view.links.self
        if wait is not None and view.done:
            response.status_code = HTTPStatus.OK
        if not view.done:
            response.headers["Retry-After"] = "1"
        return view
