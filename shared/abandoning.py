"""The end of a job whose proper end cannot be written: the least that can be, in few statements."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Float, bindparam, case, func, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col

from shared import events, metrics, speech, steps
from shared.failures import POISONED
from shared.models import Job, JobStatus, Stage
from shared.statements import built_once


def abandon(session: Session, job_id: UUID, *, token: UUID | None = None) -> None:
    """End a job whose proper end cannot be written, unless it has ended.

    It is cancelled where that was asked for, has succeeded where it was answered, and else is quarantined;
    without messages and usage. The conversation's next turn is left to the sweep.
    With `token` only the owner of that lease may: raises `LeaseLostError` where it is not held any more.
    """
    row = session.execute(_abandon(), {"its_id": job_id}).one_or_none()
    if token is not None and (row is None or steps.of_token(session, token) is None):
        raise steps.LeaseLostError
    if row is None:
        return
    steps.drop_all(session, job_id)
    if row.answered_at is None:
        speech.forget(session, job_id)
    why = {"code": row.error_code, "detail": row.error_detail, "stage": row.error_stage}
    told = why if row.status is JobStatus.FAILED else None
    events.write(session, job_id, row.last_event, events.OF_END[row.status], told)
    metrics.on_commit(session, partial(metrics.count_end, row.kind, row.status, row.error_code, row.seconds))


@built_once
def _abandon() -> ReturningUpdate[Any]:
    poisoned = POISONED[Stage.REPLY]
    was_cancelled = (col(Job.cancel_requested_at).is_not(None), None)
    was_answered = (col(Job.answered_at).is_not(None), None)
    return (
        update(Job)
        .where(col(Job.id) == bindparam("its_id"), col(Job.finished_at).is_(None))
        .values(
            status=case(
                (was_cancelled[0], JobStatus.CANCELLED),
                (was_answered[0], JobStatus.SUCCEEDED),
                else_=JobStatus.FAILED,
            ),
            error_code=case(was_cancelled, was_answered, else_=str(poisoned.code)),
            error_detail=case(was_cancelled, was_answered, else_=poisoned.detail),
            error_stage=case(
                was_cancelled,
                was_answered,
                (col(Job.transcript).is_(None) & col(Job.message).is_(None), Stage.TRANSCRIBE),
                else_=Stage.REPLY,
            ),
            finished_at=func.now(),
            last_event=col(Job.last_event) + 1,
        )
        .returning(
            col(Job.kind),
            col(Job.status),
            col(Job.error_code),
            col(Job.error_detail),
            col(Job.error_stage),
            col(Job.last_event),
            col(Job.answered_at),
            func.extract("epoch", func.now() - col(Job.created_at)).cast(Float).label("seconds"),
        )
        .execution_options(synchronize_session=False)
    )
