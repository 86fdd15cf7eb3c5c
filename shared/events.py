"""The one event between the programs: a job has ended. PostgreSQL delivers it when the end commits."""

from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

JOB_ENDED = "job_ended"
_NOTIFY = select(func.pg_notify(JOB_ENDED, bindparam("job_id")))


def notify_job_ended(session: Session, job_id: UUID) -> None:
    """Notify every listener, at commit, that the job has ended or is deleted."""
    session.execute(_NOTIFY, {"job_id": str(job_id)})
