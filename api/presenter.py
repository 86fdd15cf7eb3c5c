"""What clients see of a job."""

from datetime import datetime

from api.audio_links import AudioLinks
from api.problems import ProblemError, problem, problem_of
from api.reading import JobRecord
from api.schemas import ChatReply, EnginesUsed, JobView, Links, ReplyWarning, Timings, TranscriptWord
from shared.errors import ErrorCode
from shared.models import Job, JobStatus


def present(record: JobRecord, links: AudioLinks) -> JobView:
    """Return the job as clients see it, with fresh audio links."""
    job, place, here = record.job, record.place, f"/jobs/{record.job.id}"
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


def _words(job: Job) -> list[TranscriptWord] | None:
    if job.transcript_words is None:
        return None
    return [TranscriptWord.model_validate(word) for word in job.transcript_words]


def present_reply(record: JobRecord, links: AudioLinks) -> ChatReply | None:
    """Return the tutor's answer as far as it goes, with fresh audio links; None before there is one."""
    job = record.job
    if job.reply_text is None:
        return None
    corrected = job.mistake_wrong is not None
    expires_at = links.expiry(no_later_than=record.expires_at)
    spoken, explained = (
        links.link(record.audio_names[audio_id], expires_at) if audio_id is not None else None
        for audio_id in (job.reply_audio_id, job.explanation_audio_id)
    )
    return ChatReply(
        reply_text=job.reply_text,
        correction=f"{job.mistake_wrong} → {job.mistake_right}" if corrected else None,
        hinglish_explanation=job.hinglish_explanation,
        score=job.score,
        audio_url=spoken,
        audio_url_expires_at=expires_at if spoken or explained else None,
        explanation_audio_url=explained,
        conversation_id=record.conversation,
        transcript=job.transcript,
        warnings=[ReplyWarning.model_validate(warning) for warning in job.warnings],
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
