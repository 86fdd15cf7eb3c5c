"""The end of a job whose proper end cannot be written: the least that can be, in one statement."""

from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import Float, bindparam, case, func, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col

from shared import events, metrics
from shared.failures import POISONED
from shared.jobs import LEASE_COLUMNS, LeaseLostError
from shared.models import Job, JobStatus, Stage


def abandon(session: Session, job_id: UUID, *, token: UUID | None = None) -> None:
    """End a job whose proper end cannot be written, unless it has ended.

    It is quarantined, or cancelled where that was asked for, without the run, messages and usage. The
    conversation's next turn is left to the sweep.
    With `token` only the owner of that lease may: raises `LeaseLostError` where it is not held any more.
    """
    owned = {} if token is None else {"its_token": token}
    ended = session.execute(_abandon(fenced=token is not None), {"its_id": job_id} | owned)
    row = ended.one_or_none()
    if row is None:
        if token is not None:
            raise LeaseLostError
        return
    metrics.on_commit(session, partial(metrics.count_end, row.kind, row.status, row.error_code, row.seconds))
    events.notify_job_ended(session, job_id)


@cache  # building a statement costs more than running it
def _abandon(*, fenced: bool) -> ReturningUpdate[Any]:
    unfinished = (col(Job.id) == bindparam("its_id"), col(Job.finished_at).is_(None))
    of_the_owner = [col(Job.lease_token) == bindparam("its_token")] if fenced else []
    was_cancelled = col(Job.cancel_requested_at).is_not(None)
    poisoned = POISONED[Stage.REPLY]
    return (
        update(Job)
        .where(*unfinished, *of_the_owner)
        .values(
            status=case((was_cancelled, JobStatus.CANCELLED), else_=JobStatus.FAILED),
            error_code=case((was_cancelled, None), else_=str(poisoned.code)),
            error_detail=case((was_cancelled, None), else_=poisoned.detail),
            error_stage=case((was_cancelled, None), else_=col(Job.stage)),
            stage=None,
            finished_at=func.now(),
            **dict.fromkeys(LEASE_COLUMNS),
        )
        .returning(
            col(Job.kind),
            col(Job.status),
            col(Job.error_code),
            func.extract("epoch", func.now() - col(Job.created_at)).cast(Float).label("seconds"),
        )
        .execution_options(synchronize_session=False)
    )
