"""What one API process works with, wired from its settings."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis

from api.access.authentication import Authentication
from api.access.keyring import Keyring
from api.access.rates import RequestRates
from api.audio.links import AudioLinks
from api.audio.playback import Playback
from api.audio.stores import Storing
from api.conversations.history import Conversations
from api.database import ANSWER_SECONDS, Sessions
from api.decoding.arrivals import Arrivals
from api.decoding.uploads import Decoder, DecoderLimits, decoders_of_a_process
from api.http.draining import Draining
from api.jobs.answering import JobAnswers
from api.jobs.control import JobControl
from api.jobs.follow import JobFollowers
from api.jobs.limits import Limits
from api.jobs.listening import JobListener
from api.jobs.lists import JobLists
from api.jobs.read import JobReader
from api.jobs.telling import Telling
from api.jobs.wait import JobWaiters
from api.learners.export import Export
from api.learners.rights import LearnerRights
from api.learning.mistakes import Mistakes
from api.learning.progress import ProgressReader
from api.operations.health import HealthChecks
from api.operations.model_loading import ModelLoading
from api.publishing import Publisher
from api.settings import ApiSettings
from api.turns.accept import Chats
from api.usage.report import UsageReader
from api.web.page import PracticePage
from shared import traces
from shared.audio_stores import AudioStores, open_stores
from shared.database import connect_arguments, create_sync_engine
from shared.jobs import Deadlines
from shared.queue import PUBLISH_TIMEOUT_SECONDS, create_celery
from shared.settings import AppEnv


@dataclass(frozen=True, slots=True)
class Services:
    """The rooms that the routers call."""

    settings: ApiSettings
    authentication: Authentication
    arrivals: Arrivals
    chats: Chats
    control: JobControl
    model_loading: ModelLoading
    reader: JobReader
    job_lists: JobLists
    conversations: Conversations
    usage: UsageReader
    rights: LearnerRights
    export: Export
    mistakes: Mistakes
    progress: ProgressReader
    waiters: JobWaiters
    answers: JobAnswers
    followers: JobFollowers
    listener: JobListener
    telling: Telling
    links: AudioLinks
    playback: Playback
    health: HealthChecks
    draining: Draining
    practice_page: PracticePage


@asynccontextmanager
async def running_services(settings: ApiSettings) -> AsyncIterator[Services]:
    """Start the services, and close them after the block. No server needs to be up for either.

    When the process is asked to stop, whoever waits for a job is answered at once, and streams end.
    """
    async with AsyncExitStack() as stack:
        traces.start(settings.traces_url, "api")
        stack.callback(traces.stop)
        services = _connect(settings, stack)

        def release() -> None:
            services.waiters.release()
            services.followers.release()

        async with services.authentication.keyring.running(), services.listener.running():
            with services.draining.on_signal(release):
                yield services


def _connect(settings: ApiSettings, stack: AsyncExitStack) -> Services:
    """Return the services; the stack closes what they hold."""
    sessions = _sessions(settings, stack)
    redis = Redis.from_url(settings.redis_url, socket_timeout=1, socket_connect_timeout=1)
    stack.push_async_callback(redis.aclose)
    decoder = stack.enter_context(closing(_decoder(settings)))
    stores = open_stores(settings)
    storing = stack.enter_context(closing(Storing(stores, most_at_once=settings.max_uploads_in_flight)))
    celery = create_celery(settings.redis_url, socket_timeout_seconds=PUBLISH_TIMEOUT_SECONDS)
    publisher = stack.enter_context(closing(Publisher(celery, sessions)))
    reader = JobReader(sessions, settings.job_retention)
    limits = _limits(settings, reader)
    links = _links(settings, stores)
    keyring = Keyring(sessions)
    waiters = JobWaiters(reader, keyring)
    followers = JobFollowers(sessions, reader, keyring, longest_seconds=settings.follow_seconds)
    return Services(
        settings=settings,
        authentication=_authentication(settings, keyring),
        arrivals=_arrivals(settings),
        chats=Chats(
            sessions,
            publisher,
            decoder,
            timedelta(seconds=settings.decode_timeout_seconds),
            storing,
            limits,
        ),
        control=JobControl(sessions, publisher, limits, settings.retry_window),
        model_loading=ModelLoading(sessions, publisher),
        reader=reader,
        job_lists=JobLists(sessions, reader),
        conversations=Conversations(sessions, storing, settings.job_retention),
        usage=UsageReader(sessions, settings.usage_timezone),
        rights=LearnerRights(sessions, publisher, settings.secrets()),
        export=Export(sessions, storing, settings.secrets(), keyring),
        mistakes=Mistakes(sessions),
        progress=ProgressReader(sessions, settings.usage_timezone),
        waiters=waiters,
        answers=JobAnswers(reader, waiters, links),
        followers=followers,
        listener=JobListener(connect_arguments(settings.database_url, "api-listen"), [waiters, followers]),
        telling=Telling(reader, links),
        links=links,
        playback=Playback(sessions, stores, links),
        health=_health(settings, sessions, redis, storing),
        draining=Draining(),
        practice_page=PracticePage(
            offered=bool(settings.practice_page), public_base_url=settings.public_base_url, bucket=stores.s3
        ),
    )


def _sessions(settings: ApiSettings, stack: AsyncExitStack) -> Sessions:
    engine = create_sync_engine(
        settings.database_url,
        application_name="api",
        pool_size=settings.database_pool_size,
        answer_seconds=ANSWER_SECONDS,
    )
    stack.callback(engine.dispose)
    return stack.enter_context(closing(Sessions(engine, at_once=settings.database_pool_size)))


def _authentication(settings: ApiSettings, keyring: Keyring) -> Authentication:
    return Authentication(
        is_open=settings.is_open,
        takes_test_keys=settings.app_env is AppEnv.DEV,
        secrets=settings.secrets(),
        keyring=keyring,
        rates=RequestRates(settings.redis_url, of_address=settings.max_requests_per_minute_per_address),
        quotas=settings.quotas,
    )


def _decoder(settings: ApiSettings) -> Decoder:
    return Decoder(
        DecoderLimits(
            decoders_of_a_process(settings.web_concurrency or 1),
            settings.max_uploads_in_flight,
            settings.max_uploads_in_flight_per_client,
        )
    )


def _arrivals(settings: ApiSettings) -> Arrivals:
    return Arrivals(most=settings.max_uploads_held, most_bytes=settings.max_upload_megabytes_held * 1024**2)


def _limits(settings: ApiSettings, reader: JobReader) -> Limits:
    return Limits(
        settings.max_unfinished_jobs,
        reader.places.durations,
        settings.usage_timezone,
        wants_consent=settings.require_consent_for_recordings,
    )


def _links(settings: ApiSettings, stores: AudioStores) -> AudioLinks:
    return AudioLinks(
        settings.signing_key(),
        stores,
        base_url=settings.public_base_url,
        base_path=settings.public_path,
        lifetime=timedelta(seconds=settings.s3_presigned_expiry_seconds),
    )


def _health(settings: ApiSettings, sessions: Sessions, redis: Redis, storing: Storing) -> HealthChecks:
    deadlines = Deadlines(settings.queue_deadline, settings.run_deadline)
    connection = connect_arguments(settings.database_url, "api-health")
    return HealthChecks(sessions, redis, storing, settings.app_env, deadlines, connection)
