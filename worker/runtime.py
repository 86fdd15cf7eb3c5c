"""What a worker process works with, built once a process, at first use."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from celery import Celery
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import queue, steps, telemetry, workers
from shared.audio_stores import AudioStores, open_stores
from shared.database import create_sync_engine, single_statements, transactions
from shared.models import StepKind
from shared.queue import PublishError
from shared.steps import Hint
from shared.workers import ModelState
from worker.bootstrap import Engines
from worker.cache import Cache, open_cache
from worker.settings import WorkerSettings, worker_settings
from worker.stages.audio_shelf import AudioShelf
from worker.stages.join import Join
from worker.stages.reply import Reply
from worker.stages.reuse import CachedReplies, CachedSpeech
from worker.stages.runner import StageRunner
from worker.stages.speak import Speak
from worker.stages.stage import RunnableStage
from worker.stages.transcribe import Transcribe

logger = logging.getLogger(__name__)

# The LLM worker's 16 threads, each at most one connection at a time, the leases' thread and a spare.
_POOL_SIZE = 18


@dataclass(frozen=True, slots=True)
class Runtime:
    """One process's settings, database sessions, audio stores, engines and stage runner.

    `unsettled`: what the sweep's last pass could not settle, and why.
    """

    settings: WorkerSettings
    sessions: sessionmaker[Session]
    stores: AudioStores
    engines: Engines
    runner: StageRunner
    unsettled: dict[UUID, str] = field(default_factory=dict)

    def report_models(self, worker: str) -> None:
        """Write what this process has loaded; a database that is away is only logged."""
        self._report(worker, "loaded", self.engines.states())

    def forget_models(self, worker: str) -> None:
        """Write that nothing is loaded any more; a database that is away is only logged."""
        self._report(worker, "unloaded", {})

    def _report(self, worker: str, what: str, models: Mapping[str, ModelState]) -> None:
        try:
            with self.sessions.begin() as session:
                workers.report_models(session, worker, models)
        except SQLAlchemyError:
            logger.warning("could not report the %s models: the database did not answer", what)


def publish(app: Celery, sessions: sessionmaker[Session], hints: Sequence[Hint]) -> None:
    """Send the hints, or note which were not sent, for the sweep to send. What fails is only logged."""
    for hint in hints:
        with telemetry.working_on(job_id=str(hint.job_id)):
            try:
                queue.publish(app, hint.queue)
            except PublishError:
                logger.warning("the broker did not take a hint for %s", hint.queue)
                _note_unsent(sessions, hint)


def _note_unsent(sessions: sessionmaker[Session], hint: Hint) -> None:
    try:
        with sessions.begin() as session:
            steps.mark_unpublished(session, [hint])
    except SQLAlchemyError:
        logger.warning("a hint for %s counts as sent until it counts as lost", hint.queue)


def create_sessions(settings: WorkerSettings, *, pool_size: int) -> sessionmaker[Session]:
    """Return a factory of sessions on an engine of its own."""
    engine = create_sync_engine(settings.database_url, application_name="worker", pool_size=pool_size)
    return transactions(engine)


def build_stages(  # noqa: PLR0913, PLR0917
    settings: WorkerSettings,
    sessions: sessionmaker[Session],
    engines: Engines,
    shelf: AudioShelf,
    cache: Cache,
    publish: Callable[[Sequence[Hint]], None],
) -> dict[StepKind, RunnableStage]:
    """Return every stage, as the runner needs them."""
    speech, reading = CachedSpeech(cache, settings), single_statements(sessions)
    return {
        StepKind.TRANSCRIBE: Transcribe(engines, shelf, settings.sure_hearing or 0.0),
        StepKind.REPLY: Reply(settings, sessions, reading, CachedReplies(cache, engines), speech, publish),
        StepKind.SPEAK: Speak(engines, shelf, speech),
        StepKind.JOIN: Join(reading, shelf),
    }


def build_runtime(settings: WorkerSettings, app: Celery) -> Runtime:
    """Wire a runtime for this process; nothing connects or loads yet. Raises `UnknownEngineError`."""
    sessions = create_sessions(settings, pool_size=_POOL_SIZE)
    engines, stores = Engines(settings), open_stores(settings)
    shelf, cache = AudioShelf(single_statements(sessions), stores), open_cache(settings)

    def send(hints: Sequence[Hint]) -> None:
        publish(app, sessions, hints)

    stages = build_stages(settings, sessions, engines, shelf, cache, send)
    runner = StageRunner(settings, sessions, stages, send)
    return Runtime(settings, sessions, stores, engines, runner)


@lru_cache(maxsize=1)
def process_runtime() -> Runtime:
    """Return this process's runtime, built from the environment at the first call."""
    from celery import current_app  # noqa: PLC0415 - the app is known once the worker has started

    return build_runtime(worker_settings(), current_app)
