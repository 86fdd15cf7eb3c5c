"""The log of a job, which clients can follow. PostgreSQL notifies the listeners when a change commits."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Table, Text, bindparam, cast, event, func, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, SessionTransaction

from shared.models import EventType, Job, JobEvent, JobStatus

CHANNEL = "job_events"
DELETED = "deleted"
"""What listeners are told in place of an event's type when the job and its log are deleted."""

OF_END = {
    JobStatus.SUCCEEDED: EventType.SUCCEEDED,
    JobStatus.FAILED: EventType.FAILED,
    JobStatus.CANCELLED: EventType.CANCELLED,
}
"""The event of each end of a job."""

_NOTIFY = select(func.pg_notify(CHANNEL, bindparam("payload")))
_events: Table = JobEvent.metadata.tables["job_events"]
_APPEND = _NOTIFY.add_cte(
    insert(_events)
    .values(
        job_id=bindparam("its_job"),
        seq=bindparam("its_number"),
        type=bindparam("its_type"),
        data=bindparam("its_data"),
    )
    .cte("appended")
)
"""Writes an event and notifies the listeners; several are sent together."""
_PENDING = "events"


def append(session: Session, job: Job, kind: EventType, data: Mapping[str, Any] | None = None) -> None:
    """Append an event to the log of a job that this transaction has locked, or has just inserted.

    Thanks to the lock, `seq` has no gaps, and no reader sees an event before an earlier one. All events of a
    transaction are written when it commits, in one round trip; it must have no savepoints.
    """
    job.last_event += 1
    write(session, job.id, job.last_event, kind, data)


def write(
    session: Session, job_id: UUID, seq: int, kind: EventType, data: Mapping[str, Any] | None = None
) -> None:
    """Write the event, when the transaction commits, under a number taken from the locked job's row."""
    its = {"its_job": job_id, "its_number": seq, "its_type": kind, "its_data": dict(data or {})}
    session.info.setdefault(_PENDING, []).append(its | {"payload": f"{job_id} {kind}"})


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if pending := session.info.pop(_PENDING, ()):
        session.execute(_APPEND, pending)


@event.listens_for(Session, "after_transaction_end")
def _forget_unwritten(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_PENDING, None)  # rolled back


def appended(changed: CTE, kind: EventType) -> tuple[CTE, ColumnElement[None]]:
    """Return what writes an event without data to the logs of jobs that the same statement changes.

    `changed` gives their `id` and `last_event`, which it has counted up. The statement takes the CTE with
    it, and selects the column, which notifies the listeners.
    """
    columns = (changed.c.id, changed.c.last_event, literal(kind, _events.c.type.type), literal({}, JSONB))
    written = insert(_events).from_select(["job_id", "seq", "type", "data"], select(*columns))
    return written.cte("appended"), func.pg_notify(CHANNEL, cast(changed.c.id, Text) + f" {kind}")


def notify_deleted(session: Session, job_id: UUID) -> None:
    """Tell every listener, at commit, that the job is deleted."""
    session.execute(_NOTIFY, {"payload": f"{job_id} {DELETED}"})
