"""What clients see of jobs and conversations."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from api.audio_links import AudioLinks
from api.conversations import ConversationRecord, MessageRecord
from api.problems import ProblemError, problem, problem_of
from api.reading import JobRecord
from api.schemas import (
    ChatReply,
    ConversationView,
    EnginesUsed,
    JobView,
    Links,
    MessageView,
    ReplyWarning,
    Timings,
    TranscriptWord,
)
from shared.errors import ErrorCode, WarningCode
from shared.models import Job, JobStatus, Message, MessageRole

_ELSEWHERE = ReplyWarning(
    code=WarningCode.AUDIO_ELSEWHERE,
    detail="The voice cannot be reached at the moment. Read the job again later.",
)

View = TypeVar("View")


async def shown(record: JobRecord, links: AudioLinks, show: Callable[[JobRecord, AudioLinks], View]) -> View:
    """Return what `present` or `present_result` shows, for the event loop.

    In a thread where there is sound: another host's is looked for on a disk that may hang, and a presigned
    URL takes a while.
    """
    return await asyncio.to_thread(show, record, links) if record.audio else show(record, links)


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
    """Return the reply of a succeeded job. Raises `ProblemError` with the reason where there is none."""
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


def present_conversation(record: ConversationRecord) -> ConversationView:
    """Return the conversation as a list shows it."""
    return ConversationView(
        id=record.public_id,
        last_message=record.last_message,
        created_at=record.created_at,
        last_used_at=record.updated_at,
    )


def present_message(record: MessageRecord, links: AudioLinks) -> MessageView:
    """Return the message as clients see it, with fresh audio links."""
    message, is_tutors = record.message, record.message.role is MessageRole.TUTOR
    expires_at = links.expiry(no_later_than=record.expires_at)
    sound, explained = (
        links.link(audio, expires_at) if audio is not None else None
        for audio in ((record.speech, record.explanation) if is_tutors else (record.recording, None))
    )
    return MessageView(
        role=message.role,
        text=message.text,
        correction=_correction(message),
        hinglish_explanation=message.hinglish_explanation,
        score=message.score,
        audio_url=sound,
        audio_url_expires_at=expires_at if sound or explained else None,
        explanation_audio_url=explained,
        turn=message.turn,
        job_id=record.job_id,
        created_at=message.created_at,
    )


def _correction(answer: Job | Message) -> str | None:
    return f"{answer.mistake_wrong} → {answer.mistake_right}" if answer.mistake_wrong is not None else None


def _words(job: Job) -> list[TranscriptWord] | None:
    if job.transcript_words is None:
        return None
    return [TranscriptWord.model_validate(word) for word in job.transcript_words]


def present_reply(record: JobRecord, links: AudioLinks) -> ChatReply | None:
    """Return the tutor's answer as far as it goes, with fresh audio links; None before there is one."""
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
        correction=_correction(job),
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
