"""Recovers once when an engine runs out of memory."""

import logging
from collections.abc import Callable
from typing import TypeVar

from worker.bootstrap import Engines
from worker.errors import EngineOutOfMemoryError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


def with_memory(engines: Engines, infer: Callable[[], Result]) -> Result:
    """Return the engine's result; if memory runs out, free what can be freed and try once more."""
    try:
        return infer()
    except EngineOutOfMemoryError:
        logger.warning("out of memory: freeing what can be freed, then trying once more")
    # Not in the handler above: while the error lives, its frames keep the engine's arrays alive.
    engines.release_memory()
    return infer()
