"""Waiting for our own database: while it is away, no job fails for that."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded

from shared.database import DATABASE_AWAY, may_pass

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0

Result = TypeVar("Result")


class DatabaseAwayError(Exception):
    """The database stayed away; the step is given back and will run again."""


@dataclass(frozen=True, slots=True)
class DatabaseRetry:
    """Calls a function again while the database is away, until `until` (`time.monotonic`)."""

    until: float

    def __call__(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, called at least once. Raises `DatabaseAwayError`.

        `work` must be safe to repeat from its beginning. An error that waiting cannot mend is raised
        unchanged. A soft time limit that fires meanwhile is meant for engines and is ignored here.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return work()
            except SoftTimeLimitExceeded as error:
                what = type(error).__name__
            except DATABASE_AWAY as error:
                if not may_pass(error):
                    raise
                what = type(error).__name__
            if time.monotonic() + pause > self.until:
                raise DatabaseAwayError(what)
            logger.warning("waiting for the database: %s", what)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
