"""Has every live worker load its models and reports the outcome."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database import Sessions
from api.operations.schemas import ModelState, ModelStates
from api.operations.single_flight import SingleFlight
from api.publishing import Publisher
from shared import workers
from shared.errors import DomainError, ErrorCode
from shared.models import Worker
from shared.queue import PublishError, TaskName, direct_queue

LIMIT_SECONDS = 300.0
_LOOK_AGAIN_SECONDS = 0.25
_ASK_AGAIN_SECONDS = 15.0


class ModelsTimeoutError(DomainError):
    """A worker did not report its models in time."""

    code = ErrorCode.MODELS_TIMEOUT

    def __init__(self) -> None:
        super().__init__("The models are still loading. Please look again later.")


class BrokerUnavailableError(DomainError):
    """The workers could not be asked."""

    code = ErrorCode.BROKER_UNAVAILABLE


class ModelLoading:
    """Asks each worker on its own queue of the broker, and reads the answers from the database.

    One loading runs at a time, however many callers ask for it.
    """

    def __init__(self, sessions: Sessions, publisher: Publisher) -> None:
        self._sessions = sessions
        self._publisher = publisher
        self._loading = SingleFlight(self._load)

    async def load_all(self) -> ModelStates:
        """Return the outcome for each kind of model once every live worker has tried to load its own.

        Callers that ask while a loading runs get its outcome.
        Raises `ModelsTimeoutError` after five minutes, or `BrokerUnavailableError`.
        """
        return await self._loading()

    async def _load(self) -> ModelStates:
        asked_at, fleet = await self._sessions.read(_look)
        ask_again_at = 0.0
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                while silent := [each for each in _serving(fleet) if not _tried_since(asked_at, each)]:
                    if time.monotonic() >= ask_again_at:
                        # Ask again now and then: a worker may have started or restarted since.
                        await asyncio.gather(*map(self._ask, silent))
                        ask_again_at = time.monotonic() + _ASK_AGAIN_SECONDS
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                    _, fleet = await self._sessions.read(_look)
        except TimeoutError:
            raise ModelsTimeoutError from None
        return ModelStates(
            stt=_state("stt", fleet),
            llm=ModelState(**_state("llm", fleet).model_dump(exclude={"mode"})),
            tts=_by_name(_state("tts", fleet)),
        )

    async def _ask(self, worker: Worker) -> None:
        try:
            await self._publisher.send(TaskName.WARM_UP, *worker.queues, queue_name=direct_queue(worker.name))
        except (PublishError, TimeoutError) as error:
            raise BrokerUnavailableError("The workers cannot be reached just now.") from error


def _look(session: Session) -> tuple[datetime, Sequence[Worker]]:
    return session.execute(select(func.now())).scalar_one(), workers.live(session)


def _by_name(state: ModelState) -> dict[str, str]:
    """Return a voice's state under its name, or its parts' under theirs; a failed one's with the reason."""
    if state.parts is not None:
        return state.parts
    if state.status == "loaded" and state.mode is not None:
        return {state.mode: state.status}
    return state.model_dump(exclude_none=True)


def _serving(fleet: Iterable[Worker]) -> list[Worker]:
    return [worker for worker in fleet if worker.engines]


def _tried_since(asked_at: datetime, worker: Worker) -> bool:
    return worker.models_tried_at is not None and worker.models_tried_at > asked_at


def _state(kind: str, fleet: Iterable[Worker]) -> ModelState:
    """Return the worst state among the workers that serve the kind."""
    states = [worker.models[kind] for worker in fleet if kind in worker.engines]
    if not states:
        return ModelState(status="failed", reason="no worker serves it")
    worst = next((state for state in states if state["status"] != "loaded"), states[0])
    return ModelState.model_validate(worst)
