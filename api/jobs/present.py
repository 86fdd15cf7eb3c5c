"""Jobs and replies as clients see them, with fresh audio links."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from api.audio.links import AudioLinks
from api.http.problems import ProblemError, problem, problem_of
from api.jobs.read import JobRecord
from api.jobs.schemas import ChatReply, EnginesUsed, JobView, Links, ReplyWarning, Timings, TranscriptWord
from shared.errors import ErrorCode, WarningCode
from shared.models import Job, JobStatus, Message

_ELSEWHERE = ReplyWarning(
    code=WarningCode.AUDIO_ELSEWHERE,
    detail="The voice cannot be reached at the moment. Read the job again later.",
)
View = TypeVar("View")


def present(record: JobRecord, links: AudioLinks) -> JobView:
    """Return the job as clients see it, with fresh audio links."""
    job, place, here = record.job, record.place, f"{links.base_path}/jobs/{record.job.id}"
    return JobView(
        id=job.id,
        kind=job.kind,
        user_id=job.user_id,
        conversation_id=record.conversation,
        status=job.status,
        stage=job.stage,
        done=job.finished_at is not None,
        queue_position=place.position if place else None,
        eta_seconds=place.eta_seconds if place else None,
        transcript=job.transcript,
        transcript_words=_words(job),
        result=present_reply(record, links),
        error=problem_of(job),
        timings=_timings(record),
        engines=EnginesUsed.model_validate(job.engines),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        expires_at=record.expires_at,
        links=Links(self=here, wait=f"{here}/wait", cancel=f"{here}/cancel", retry=f"{here}/retry"),
    )


def present_result(record: JobRecord, links: AudioLinks) -> ChatReply:
    """Return the reply of a succeeded job. Raises `ProblemError` with the reason if there is none."""
    job = record.job
    if job.finished_at is None:
        raise ProblemError(
            problem(ErrorCode.WAIT_TIMEOUT, "The answer is not ready yet. It will be.", job_id=str(job.id))
        )
    if job.status is JobStatus.CANCELLED:
        raise ProblemError(problem(ErrorCode.CANCELLED, "The job was cancelled.", job_id=str(job.id)))
    reason, reply = problem_of(job), present_reply(record, links)
    if reason is not None:
        raise ProblemError(reason)
    if reply is None:
        raise ValueError(f"job {job.id} succeeded without a reply")
    return reply


def correction(answer: Job | Message) -> str | None:
    """Return the one mistake that the tutor corrected, as clients see it."""
    return f"{answer.mistake_wrong} → {answer.mistake_right}" if answer.mistake_wrong is not None else None


def _words(job: Job) -> list[TranscriptWord] | None:
    if job.transcript_words is None:
        return None
    return [TranscriptWord.model_validate(word) for word in job.transcript_words]


def present_reply(record: JobRecord, links: AudioLinks) -> ChatReply | None:
    """Return the tutor's answer so far, with fresh audio links; None before there is one."""
    job = record.job
    if job.reply_text is None:
        return None
    expires_at = links.expiry(no_later_than=record.expires_at)
    sounds = [job.reply_audio_id, job.explanation_audio_id]
    spoken, explained = (
        links.link(record.audio[audio_id], expires_at) if audio_id is not None else None
        for audio_id in sounds
    )
    elsewhere = sounds.count(None) < [spoken, explained].count(None)
    return ChatReply(
        reply_text=job.reply_text,
        correction=correction(job),
        hinglish_explanation=job.hinglish_explanation,
        score=job.score,
        audio_url=spoken,
        audio_url_expires_at=expires_at if spoken or explained else None,
        explanation_audio_url=explained,
        conversation_id=record.conversation,
        transcript=job.transcript,
        warnings=[
            *(ReplyWarning.model_validate(warning) for warning in job.warnings),
            *([_ELSEWHERE] if elsewhere else []),
        ],
    )


def _timings(record: JobRecord) -> Timings:
    job = record.job
    stages = {f"{run.stage}_ms": _milliseconds(run.started_at, run.finished_at) for run in record.runs}
    return Timings(
        queued_ms=_milliseconds(job.created_at, job.started_at),
        total_ms=_milliseconds(job.created_at, job.finished_at),
        **stages,
    )


def _milliseconds(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else round((end - start).total_seconds() * 1000)


async def shown(record: JobRecord, links: AudioLinks, show: Callable[[JobRecord, AudioLinks], View]) -> View:
    """Return what `present` or `present_result` returns, without blocking the event loop.

    Runs in a thread if there is audio: looking for a file may block on a disk that hangs, and making a
    presigned URL takes time.
    """
    return await asyncio.to_thread(show, record, links) if record.audio else show(record, links)
