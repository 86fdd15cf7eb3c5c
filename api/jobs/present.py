"""Jobs and replies as clients see them, with fresh audio links."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from api.audio.links import AudioLinks
from api.http.problems import ProblemError, problem, problem_of
from api.jobs.read import JobRecord
from api.jobs.schemas import (
    ChatReply,
    EnginesUsed,
    JobView,
    Links,
    ReplyWarning,
    ReviewReply,
    SpeechPiece,
    Timings,
    TranscriptWord,
)
from shared import steps
from shared.errors import ErrorCode, WarningCode
from shared.models import Job, JobKind, JobStatus, Message, SpokenPart, Stage, StepKind, StepOutcome

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
        user_id=record.user_id,
        conversation_id=record.conversation,
        status=job.status,
        stage=stage_of(record),
        done=job.finished_at is not None,
        queue_position=place.position if place else None,
        eta_seconds=place.eta_seconds if place else None,
        transcript=job.transcript,
        transcript_words=present_words(job),
        result=present_reply(record, links),
        error=problem_of(job),
        timings=_timings(record),
        engines=EnginesUsed.model_validate(job.engines),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        expires_at=record.expires_at,
        links=Links(
            self=here,
            wait=f"{here}/wait",
            events=links.events_link(job.id),
            cancel=f"{here}/cancel",
            retry=f"{here}/retry",
        ),
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


def stage_of(record: JobRecord) -> Stage | None:
    """Return how far an unfinished job is; None once it has ended."""
    if record.job.finished_at is not None:
        return None
    unfinished = [step.kind for step in record.steps if step.finished_at is None]
    return steps.earliest_stage(unfinished, answered=record.job.answered_at is not None)


def present_words(job: Job) -> list[TranscriptWord] | None:
    """Return the words that were heard, None where the engine gives none."""
    if job.transcript_words is None:
        return None
    return [TranscriptWord.model_validate(word) for word in job.transcript_words]


def present_unsure_words(job: Job) -> list[TranscriptWord] | None:
    """Return the words that were not heard surely, None where the engine cannot tell."""
    if job.transcript_words is None:
        return None
    return [TranscriptWord.model_validate(word) for word in job.transcript_words if word.get("unsure")]


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
    reply = ChatReply(
        reply_text=job.reply_text,
        correction=correction(job),
        mistake_category=job.mistake_category,
        mistake_id=job.mistake_id,
        hinglish_explanation=job.hinglish_explanation,
        score=job.score,
        audio_url=spoken,
        speech=_pieces(record, links, expires_at),
        audio_url_expires_at=expires_at if spoken or explained else None,
        explanation_audio_url=explained,
        conversation_id=record.conversation,
        transcript=job.transcript,
        unsure_words=present_unsure_words(job),
        warnings=[
            *(ReplyWarning.model_validate(warning) for warning in job.warnings),
            *([_ELSEWHERE] if elsewhere else []),
        ],
    )
    return _reviewed(reply, job) if job.kind is JobKind.REVIEW else reply


def _reviewed(reply: ChatReply, job: Job) -> ReviewReply:
    """Return the reply with what the review showed; the mistake may have been erased."""
    shown: dict[str, Any] = job.review or {}
    return ReviewReply(
        **reply.model_dump(exclude={"mistake_id"}),
        mistake_id=shown.get("mistake_id"),
        passed=shown.get("passed"),
        differences=shown.get("differences", []),
        due_at=shown.get("due_at"),
        state=shown.get("state"),
    )


def _pieces(record: JobRecord, links: AudioLinks, expires_at: datetime) -> list[SpeechPiece]:
    """Return the pieces of this attempt up to the first of each part that cannot be heard."""
    spoken = [
        step
        for step in record.steps
        if step.kind is StepKind.SPEAK and step.attempt == record.job.attempt and step.part is not None
    ]
    pieces: list[SpeechPiece] = []
    heard: Counter[SpokenPart] = Counter()
    for step in sorted(spoken, key=lambda step: step.number):
        sound = record.audio.get(step.audio_id) if step.audio_id is not None else None
        if step.part is None or sound is None or step.position != heard[step.part]:
            continue
        heard[step.part] += 1
        pieces.append(
            SpeechPiece(
                part=step.part,
                index=step.position,
                text=step.text or "",
                audio_url=links.link(sound, expires_at),
                seconds=sound.seconds,
            )
        )
    return pieces


def _timings(record: JobRecord) -> Timings:
    job = record.job
    took: Counter[Stage] = Counter()
    for step in record.steps:
        if step.outcome is StepOutcome.SUCCEEDED and step.started_at is not None:
            took[steps.STAGE_OF_KIND[step.kind]] += _milliseconds(step.started_at, step.finished_at) or 0
    return Timings(
        queued_ms=_milliseconds(job.created_at, job.started_at),
        first_sound_ms=_milliseconds(job.created_at, job.first_sound_at),
        total_ms=_milliseconds(job.created_at, job.finished_at),
        **{f"{stage}_ms": milliseconds for stage, milliseconds in took.items()},
    )


def _milliseconds(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else round((end - start).total_seconds() * 1000)


async def shown(record: JobRecord, links: AudioLinks, show: Callable[[JobRecord, AudioLinks], View]) -> View:
    """Return what `present` or `present_result` returns, without blocking the event loop.

    Runs in a thread if there is audio: looking for a file may block on a disk that hangs, and making a
    presigned URL takes time.
    """
    return await asyncio.to_thread(show, record, links) if record.audio else show(record, links)
