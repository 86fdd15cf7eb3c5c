"""The spoken pieces of a job's answer, and when they make a whole. A repository: it never commits."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Table, Text, and_, bindparam, cast, func, select, true, update
from sqlalchemy.orm import Session

from shared.models import AudioObject, EventType, Job, JobEvent, SpokenPart, Step, StepKind, StepOutcome
from shared.statements import built_once
from shared.steps import DROPPED, JobStep, NewStep

AUDIO_COLUMNS = {SpokenPart.REPLY: "reply_audio_id", SpokenPart.EXPLANATION: "explanation_audio_id"}
"""The columns of a job that name the whole of what is spoken of each part."""

_steps: Table = Step.metadata.tables["steps"]
_step = _steps.c
_audio = AudioObject.metadata.tables["audio_objects"].c
_event = JobEvent.metadata.tables["job_events"].c
_BEGINNINGS = (EventType.QUEUED, EventType.REPLY_RESTARTED)


def wanted_texts(
    job: Job, reply: str | None, hinglish: str | None, devanagari: str | None
) -> dict[SpokenPart, str]:
    """Return the texts that the job's learner asked to hear. Devanagari is spoken best."""
    texts = {SpokenPart.REPLY: reply, SpokenPart.EXPLANATION: devanagari or hinglish}
    return {part: text for part, text in texts.items() if part in job.speak and text}


def wanted_parts(job: Job) -> set[SpokenPart]:
    """Return the parts of a job's answer that are to be spoken."""
    return set(_wanted(job))


def is_whole(job: Job) -> bool:
    """Tell whether all that the learner asked to hear of an answer can be heard."""
    return job.answered_at is not None and all(
        getattr(job, AUDIO_COLUMNS[part]) is not None for part in _wanted(job)
    )


def _wanted(job: Job) -> dict[SpokenPart, str]:
    return wanted_texts(job, job.reply_text, job.hinglish_explanation, job.devanagari_explanation)


class Told(NamedTuple):
    """What this attempt of a job has of its answer: how many sentences were told and pieces planned.

    The rest of a part of which a piece could not be spoken (`given_up`) is not spoken either.
    """

    sentences: int = 0
    pieces: int = 0
    given_up: Collection[SpokenPart] = ()


def told(session: Session, job: Job) -> Told:
    """Return what this attempt of a locked job has of its answer."""
    with session.no_autoflush:
        row = session.execute(_told(), {"its_id": job.id, "its_attempt": job.attempt}).one()
    is_told = row.last_type == EventType.REPLY_SENTENCE
    sentences = int(row.last_data["index"]) + 1 if is_told else 0
    return Told(sentences, row.pieces, {SpokenPart(part) for part in row.given_up or ()})


@built_once
def _told() -> Select[Any]:
    failed = and_(_step.outcome.is_not(None), _step.outcome != StepOutcome.SUCCEEDED)
    last = (
        select(_event.type, _event.data)
        .where(_event.job_id == bindparam("its_id"))
        .where(_event.type.in_([EventType.REPLY_SENTENCE, *_BEGINNINGS]))
        .order_by(_event.seq.desc())
        .limit(1)
        .subquery()
    )
    planned = (
        select(
            func.count().filter(_step.kind == StepKind.SPEAK).label("pieces"),
            func.array_agg(cast(_step.part, Text).distinct()).filter(failed).label("given_up"),
        )
        .where(
            _step.job_id == bindparam("its_id"),
            _step.attempt == bindparam("its_attempt"),
            _step.kind.in_([StepKind.SPEAK, StepKind.JOIN]),
        )
        .subquery()
    )
    return select(
        planned.c.pieces, planned.c.given_up, last.c.type.label("last_type"), last.c.data.label("last_data")
    ).join_from(planned, last, true(), isouter=True)


def name_what_is_whole(job: Job, its_steps: Sequence[JobStep]) -> Sequence[NewStep]:
    """Let an answered, locked job name the whole of each part that is all spoken; return the joins to do.

    A single piece is the whole; several are joined into one file first.
    """
    missing = {part for part, column in AUDIO_COLUMNS.items() if getattr(job, column) is None}
    pieces: defaultdict[SpokenPart, list[JobStep]] = defaultdict(list)
    for step in its_steps:
        if step.part in missing and step.attempt == job.attempt:
            pieces[step.part].append(step)
    joins: list[NewStep] = []
    for part, steps in pieces.items():
        if any(step.outcome is not StepOutcome.SUCCEEDED for step in steps):
            continue
        joined = [step for step in steps if step.kind is StepKind.JOIN]
        if joined or len(steps) == 1:
            setattr(job, AUDIO_COLUMNS[part], (joined or steps)[0].audio_id)
        else:
            joins.append(NewStep(job.id, job.attempt, StepKind.JOIN, job.rank, part=part))
    return joins


class SpokenPiece(NamedTuple):
    """A piece that can be heard, and its length."""

    audio_id: UUID
    seconds: float


def pieces(session: Session, job: Job, part: SpokenPart | None) -> list[SpokenPiece]:
    """Return the spoken pieces of a part of this attempt's answer, in their order."""
    found = (
        select(_audio.id, _audio.seconds)
        .join(_steps, _step.audio_id == _audio.id)
        .where(_step.job_id == job.id, _step.attempt == job.attempt)
        .where(_step.kind == StepKind.SPEAK, _step.part == part)
        .order_by(_step.position)
    )
    return [SpokenPiece(*row) for row in session.execute(found)]


def forget(session: Session, job_id: UUID) -> None:
    """Drop the speech of a locked job's reply, also what workers own, and name its sounds no more."""
    of_speech = (_step.job_id == job_id, _step.kind.in_([StepKind.SPEAK, StepKind.JOIN]))
    session.execute(update(_steps).where(*of_speech, _step.finished_at.is_(None)).values(DROPPED))
    session.execute(update(_steps).where(*of_speech, _step.audio_id.is_not(None)).values(audio_id=None))
