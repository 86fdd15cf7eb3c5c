"""Locks on a job, always taken in one order: conversation, job, step."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import Conversation, Job, Step
from shared.statements import built_once
from shared.steps import LeaseLostError


def lock_job(session: Session, job_id: UUID) -> tuple[Job, datetime]:
    """Lock the job's conversation, then the job; return it as it is now and the transaction's time.

    Raises SQLAlchemy's `NoResultFound` where the job was deleted.
    """
    job, now = session.execute(_job(), {"job_id": job_id}).one()
    return job, now


def lock_owned(session: Session, token: UUID) -> tuple[Job, Step, datetime]:
    """Lock the job whose step is leased under this token, and the step; return both and the time.

    Raises `LeaseLostError`, also where the lease was lost while another transaction held the locks:
    PostgreSQL looks at each row again once it has locked it.
    """
    owned = session.execute(_owned(), {"token": token}).one_or_none()
    if owned is None:
        raise LeaseLostError
    job, step, now = owned
    return job, step, now


# FOR UPDATE locks a row of each table, in the order in which `of` names them. A query is kept, as building it
# costs more than running it.
@built_once
def _job() -> Select[Job, datetime]:
    return (
        select(Job, func.now())
        .join(Conversation, col(Conversation.id) == col(Job.conversation_id))
        .where(col(Job.id) == bindparam("job_id"))
        .with_for_update(of=[Conversation, Job])
        .execution_options(populate_existing=True)
    )


@built_once
def _owned() -> Select[Job, Step, datetime]:
    return (
        select(Job, Step, func.now())
        .join(Conversation, col(Conversation.id) == col(Job.conversation_id))
        .join(Step, col(Step.job_id) == col(Job.id))
        .where(col(Step.lease_token) == bindparam("token"))
        .with_for_update(of=[Conversation, Job, Step])
        .execution_options(populate_existing=True)
    )
