"""How a pool's child ends by itself, in good order, because its memory is spent."""

import logging

from billiard.process import current_process
from celery.concurrency.asynpool import Worker as PoolWorker

from worker.runtime import Runtime

logger = logging.getLogger(__name__)


def retire(runtime: Runtime, worker: str) -> None:
    """End this pool child as soon as its task is acknowledged; the pool starts a clean one.

    A process that is no pool's child, as with threads, stays.
    """
    pool_worker = getattr(current_process(), "_target", None)
    if not isinstance(pool_worker, PoolWorker):
        logger.warning("out of memory, and no pool can replace this process: it continues")
        return
    logger.warning("out of memory: this child ends, and a clean one takes its place")
    runtime.forget_models(worker)
    # What the pool's own restart sets (`worker_pool_restarts`): the child looks at it between tasks.
    pool_worker._shutdown.set()  # type: ignore[attr-defined]  # noqa: SLF001
