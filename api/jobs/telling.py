"""A job's events as clients see them: as stored, with the job, the reply and links as they are now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi.sse import ServerSentEvent

from api.audio.links import AudioLinks
from api.http.problems import problem
from api.jobs.follow import Logged
from api.jobs.present import present, present_reply, present_unsure_words, present_words
from api.jobs.queue_position import Place
from api.jobs.read import JobReader, JobRecord
from api.jobs.schemas import EnginesUsed, Timings
from shared.errors import ErrorCode
from shared.models import EventType, Job, JobEvent, JobStatus, Stage

PLACE = "job.place"
_Told = Mapping[str, Any]
_AS_QUEUED: _Told = {
    "status": JobStatus.QUEUED,
    "stage": None,
    "done": False,
    "queue_position": None,
    "eta_seconds": None,
    "transcript": None,
    "transcript_words": None,
    "result": None,
    "error": None,
    "timings": Timings(),
    "engines": EnginesUsed(),
    "started_at": None,
    "finished_at": None,
    "expires_at": None,
}


@dataclass(frozen=True, slots=True)
class Telling:
    """Renders events. If the job is deleted meanwhile, an event comes without the job's data."""

    reader: JobReader
    links: AudioLinks

    async def event(self, logged: Logged) -> ServerSentEvent:
        """Return the stored event as it is sent."""
        event = logged.event
        about = {"seq": event.seq, "job_id": str(event.job_id), "at": event.created_at}
        is_sound = event.type is EventType.SPEECH_PIECE
        data = about | {**(self._piece(logged) if is_sound else await self._data(event))}
        return ServerSentEvent(data=data, event=event.type, id=str(event.seq))

    def place(self, job_id: UUID, place: Place) -> ServerSentEvent:
        """Return the job's place in the queue as an event; it is not stored, so it has no id."""
        data = {"job_id": str(job_id), "queue_position": place.position, "eta_seconds": place.eta_seconds}
        return ServerSentEvent(data=data, event=PLACE)

    async def _data(self, event: JobEvent) -> _Told:
        show = _SHOWN.get(event.type)
        if show is None:
            return event.data
        record = (await self.reader.read([event.job_id])).get(event.job_id)
        return {} if record is None else show(record, self.links, event)

    def _piece(self, logged: Logged) -> _Told:
        """Return the piece with a fresh link, or with none if its sound is not kept any more."""
        data = {name: value for name, value in logged.event.data.items() if name != "audio_id"}
        link = None if logged.sound is None else self.links.link(logged.sound, self.links.expiry())
        return data | {"audio_url": link}


def _job(record: JobRecord, links: AudioLinks, event: JobEvent) -> _Told:
    """Return the job; where it has gone on since, as it was when it was queued or failed."""
    view = present(record, links)
    if event.type is EventType.QUEUED:
        view = view.model_copy(update={**_AS_QUEUED, "stage": _first_stage(record.job, event)})
    elif event.type is EventType.FAILED and event.seq < record.job.last_event and event.data:
        why = problem(
            ErrorCode(event.data["code"]),
            event.data["detail"],
            stage=Stage(event.data["stage"]),
            job_id=str(event.job_id),
        )
        view = view.model_copy(update={**_AS_QUEUED, "status": JobStatus.FAILED, "done": True, "error": why})
    return view.model_dump(mode="json")


def _first_stage(job: Job, event: JobEvent) -> Stage:
    """Return the stage at which the job began, at first or when it was retried."""
    is_heard = job.transcript is not None and event.seq > 1
    return Stage.TRANSCRIBE if job.message is None and not is_heard else Stage.REPLY


def _transcript(record: JobRecord, _: AudioLinks, __: JobEvent) -> _Told:
    words, unsure = (
        None if found is None else [word.model_dump(mode="json") for word in found]
        for found in (present_words(record.job), present_unsure_words(record.job))
    )
    return {"transcript": record.job.transcript, "words": words, "unsure_words": unsure}


def _reply(record: JobRecord, links: AudioLinks, _: JobEvent) -> _Told:
    reply = present_reply(record, links)
    return {} if reply is None else reply.model_dump(mode="json")


_SHOWN: Mapping[EventType, Callable[[JobRecord, AudioLinks, JobEvent], _Told]] = {
    EventType.QUEUED: _job,
    EventType.TRANSCRIPT_DONE: _transcript,
    EventType.REPLY_DONE: _reply,
    EventType.SUCCEEDED: _job,
    EventType.FAILED: _job,
    EventType.CANCELLED: _job,
}
