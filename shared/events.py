"""The one event between the programs: a job has changed. PostgreSQL delivers it when the change commits."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

JOB_CHANGED = "job_changed"


def notify_job_changed(session: Session, job_id: UUID) -> None:
    """Tell every listener, at commit, that the job is worth reading again."""
    session.execute(select(func.pg_notify(JOB_CHANGED, str(job_id))))
