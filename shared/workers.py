"""The workers as they last reported: who lives, which queues they serve, what they have loaded."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import Worker

ModelState = Mapping[str, str | Mapping[str, str]]
"""A `status` (`loaded`, `failed`, `not_loaded`), the engine's name as `mode` or the `reason`, and the `parts`
of an engine of several models, each with its own status.
"""

REPORT_INTERVAL = timedelta(seconds=5)
LIVE_FOR = REPORT_INTERVAL * 4
_FORGOTTEN_AFTER = timedelta(days=1)


def report(session: Session, worker: Worker) -> None:
    """Write that the worker lives, and forget those that died long ago. What its child loaded is kept."""
    said = {
        "host": worker.host,
        "pid": worker.pid,
        "queues": worker.queues,
        "concurrency": worker.concurrency,
        "engines": worker.engines,
        "started_at": worker.started_at,
        "seen_at": func.now(),
    }
    session.execute(
        insert(Worker)
        .values(name=worker.name, models={}, **said)
        .on_conflict_do_update(index_elements=["name"], set_=said)
    )
    session.execute(delete(Worker).where(col(Worker.seen_at) < func.now() - _FORGOTTEN_AFTER))


def report_start(session: Session, worker: Worker) -> None:
    """Write that the worker lives and has nothing loaded yet."""
    report(session, worker)
    report_models(session, worker.name, {})


def report_models(session: Session, name: str, models: Mapping[str, ModelState]) -> None:
    """Write what became of loading each engine kind; nothing, where none is loaded any more."""
    session.execute(
        update(Worker)
        .where(col(Worker.name) == name)
        .values(
            models={kind: dict(state) for kind, state in models.items()},
            models_tried_at=func.now() if models else None,
        )
        .execution_options(synchronize_session=False)
    )


def forget(session: Session, name: str) -> None:
    """Remove a worker that stops in good order."""
    session.execute(delete(Worker).where(col(Worker.name) == name))


def live(session: Session) -> Sequence[Worker]:
    """Return the workers heard of lately, by name."""
    statement = select(Worker).where(col(Worker.seen_at) > func.now() - LIVE_FOR).order_by(col(Worker.name))
    return session.scalars(statement).all()
