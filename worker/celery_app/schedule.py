"""Beat's schedule. If the broker does not take a due task, this is logged once, not at each attempt."""

import logging
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from kombu import Connection

from shared.outages import OutageLog

logger = logging.getLogger(__name__)


class Schedule(Scheduler):
    """Celery's schedule in memory. A task that could not be sent is dropped: it is due again in seconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._outage = OutageLog(logger, "the broker", "no upkeep is scheduled meanwhile")
        super().__init__(*args, **kwargs)

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Send the due task."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:  # noqa: BLE001 - beat must go on, whatever the broker's driver raises
            self._outage.failed(error.__cause__ or error.__context__ or error)
        else:
            self._outage.worked()

    def _ensure_connected(self) -> Connection:
        """Connect, however long that takes. Celery's own version logs every attempt."""
        return self.connection.ensure_connection(lambda error, _: self._outage.failed(error))
