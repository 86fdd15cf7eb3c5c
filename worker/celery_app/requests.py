"""A stage's task as the worker's main process sees it: it keeps the lease and settles what died.

On the prefork pool the main process is the parent, which outlives a child that hangs or crashes and
knows which of the two it was. On the thread pool it is the worker itself.
"""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from billiard.einfo import ExceptionInfo
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker.request import Request

from shared import telemetry
from shared.jobs import Hint
from shared.models import Stage
from shared.queue import hint_from_message
from worker.leases.settler import Ending, Settler, settler_of
from worker.stages.database_retry import DatabaseAwayError

_ENDINGS: dict[type[BaseException] | None, Ending] = {
    TimeLimitExceeded: Ending.HUNG,
    DatabaseAwayError: Ending.GIVEN_BACK,
}


class StageRequest(Request):
    """Follows one stage's task from its acceptance to its end. The task's id is the lease's token."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Wrap `on_success`: Celery derives a class from ours whose own one does not call ours."""
        super().__init_subclass__(**kwargs)
        succeed = cls.on_success

        def on_success(self: StageRequest, failed__retval__runtime: Any, **kwargs: Any) -> Any:
            self._settler.drop(UUID(self.id))
            return succeed(self, failed__retval__runtime, **kwargs)

        cls.on_success = on_success  # type: ignore[method-assign, assignment]

    def on_accepted(self, pid: str, time_accepted: float) -> None:
        """Keep the stage's lease from now on."""
        with self._about_its_job():
            super().on_accepted(pid, time_accepted)
            self._settler.keep(UUID(self.id), self._hint)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Say which job has overrun a limit."""
        with self._about_its_job():
            super().on_timeout(soft, timeout)

    def on_failure(
        self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False
    ) -> Any:
        """Settle the stage when its child died, was killed at the hard limit, or could not record."""
        with self._about_its_job():
            # `return_ok`: we say in a line what happened; Celery would add its main loop's traceback.
            outcome = super().on_failure(exc_info, send_failed_event, return_ok=True)
            if exc_info.type in {WorkerLostError, TimeLimitExceeded}:
                self._settler.forget_models()
            self._settler.settle(UUID(self.id), self._hint, _ENDINGS.get(exc_info.type, Ending.DIED))
        return outcome

    def _about_its_job(self) -> AbstractContextManager[None]:
        return telemetry.working_on(job_id=str(self.args[0]))

    @property
    def _hint(self) -> Hint:
        return hint_from_message(Stage(self.task_name), str(self.args[0]))

    @property
    def _settler(self) -> Settler:
        return settler_of(self.hostname)
