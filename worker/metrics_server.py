"""The worker's `/metrics`, served by its main process for all of its processes."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from prometheus_client import start_http_server
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import backlog
from shared.backlog import BacklogCollector
from shared.metrics import program_registry
from shared.models import QueueName
from worker.metrics import not_counted_on
from worker.runtime import create_sessions
from worker.settings import WorkerSettings
from worker.upkeep import stored
from worker.upkeep.stored import StoredCollector

logger = logging.getLogger(__name__)

Figures = TypeVar("Figures")


def serve_metrics(settings: WorkerSettings, queues: Sequence[str]) -> None:
    """Serve from threads of their own where a port is set; a port that cannot be had is only logged.

    The worker of the maintenance queue also shows the backlog, as the API does, and what is stored.
    """
    if settings.metrics_port is None:
        return
    collectors: list[Collector] = []
    if QueueName.MAINTENANCE in queues:
        # One connection: a database that hangs holds up one scrape, and the others say that it is away.
        sessions = create_sessions(settings, pool_size=1)
        collectors.append(BacklogCollector(lambda: _read(sessions, backlog.read)))
        collectors.append(StoredCollector(lambda: _read(sessions, stored.read)))
    try:
        registry = program_registry(*collectors, hidden=not_counted_on(queues))
        start_http_server(settings.metrics_port, settings.metrics_host, registry)
    except OSError as error:
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        logger.warning("no metrics are served: %s cannot be listened on (%s)", where, error.strerror)


def _read(sessions: sessionmaker[Session], read: Callable[[Session], Figures]) -> Figures | None:
    try:
        with sessions() as session:
            return read(session)
    except SQLAlchemyError:
        return None
