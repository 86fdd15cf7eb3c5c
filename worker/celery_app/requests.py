"""A step's task as the worker's main process sees it: it keeps the lease, and settles what dies.

On the prefork pool the main process is the parent, which outlives a child that hangs or crashes and
knows which of the two it was. On the thread pool it is the worker itself.
"""

import os
import signal
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any
from uuid import UUID

from billiard.einfo import ExceptionInfo
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker.request import Request

from shared import telemetry
from shared.queue import STEP_TASKS, TaskName
from worker.leases.settler import Ending, Settler, settler_of
from worker.stages.database_retry import DatabaseAwayError

STEP_QUEUES = {task: queue for queue, task in STEP_TASKS.items()}
_ENDINGS: dict[type[BaseException] | None, Ending] = {
    TimeLimitExceeded: Ending.HUNG,
    DatabaseAwayError: Ending.GIVEN_BACK,
}


class StepRequest(Request):
    """Follows one step's task from its acceptance to its end. The task's id is the lease's token."""

    _is_over = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Wrap `on_success`: Celery derives a class from ours whose own one does not call ours."""
        super().__init_subclass__(**kwargs)
        succeed = cls.on_success

        def on_success(self: StepRequest, failed__retval__runtime: Any, **kwargs: Any) -> Any:
            self._is_over = True
            self._settler.drop(UUID(self.id))
            return succeed(self, failed__retval__runtime, **kwargs)

        cls.on_success = on_success  # type: ignore[method-assign, assignment]

    def on_accepted(self, pid: str, time_accepted: float) -> None:
        """Keep the step's lease from now on."""
        super().on_accepted(pid, time_accepted)
        queue = STEP_QUEUES[TaskName(self.task_name)]
        self._settler.keep(UUID(self.id), queue, kill=lambda: self._kill(int(pid)))

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Say which job has overrun a limit."""
        with self._about_its_job():
            super().on_timeout(soft, timeout)

    def on_failure(
        self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False
    ) -> Any:
        """Settle the step when its child died, was killed at the hard limit, or could not record."""
        self._is_over = True
        with self._about_its_job():
            # `return_ok`: we say in a line what happened; Celery would add its main loop's traceback.
            outcome = super().on_failure(exc_info, send_failed_event, return_ok=True)
            if exc_info.type in {WorkerLostError, TimeLimitExceeded}:
                self._settler.forget_models()
            self._settler.settle(UUID(self.id), _ENDINGS.get(exc_info.type, Ending.DIED))
        return outcome

    def _about_its_job(self) -> AbstractContextManager[None]:
        job_id = self._settler.job_of(UUID(self.id))
        return telemetry.working_on(job_id=str(job_id)) if job_id is not None else nullcontext()

    def _kill(self, pid: int) -> None:
        """End the child that runs the step past its deadline; a thread of this process cannot be ended."""
        if pid != os.getpid() and not self._is_over:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def _settler(self) -> Settler:
        return settler_of(self.hostname)
