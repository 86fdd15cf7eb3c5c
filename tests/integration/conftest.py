from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine

from local.servers import EmbeddedRedis
from shared.queue import WORKER_SOCKET_TIMEOUT_SECONDS, create_celery
from tests.support import engines_for_tests as engines
from tests.support.attic import Attic
from tests.support.engines_for_tests import engine
from tests.support.factories import Bench
from tests.support.floor import Floor
from tests.support.workbench import Build, Workbench
from worker.settings import WorkerSettings
from worker.upkeep.sweep import Sweep


@pytest.fixture
def bench(database: Engine) -> Iterator[Bench]:
    """Jobs in a database of the test's own, with connections for many threads."""
    engine = create_engine(database.url, pool_size=24, pool_pre_ping=True)
    yield Bench(engine)
    engine.dispose()


@pytest.fixture
def attic(bench: Bench, tmp_path: Path) -> Attic:
    return Attic(bench, tmp_path / "audio")


@pytest.fixture(scope="module")
def floor_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def floor(bench: Bench, database: Engine, floor_redis: EmbeddedRedis, tmp_path: Path) -> Iterator[Floor]:
    """A sweep whose first pass is behind it, with all queues empty."""
    settings = WorkerSettings(
        _env_file=None,
        database_url=database.url.render_as_string(hide_password=False),
        redis_url=floor_redis.url,
        data_dir=tmp_path,
    )
    app = create_celery(floor_redis.url, socket_timeout_seconds=WORKER_SOCKET_TIMEOUT_SECONDS)
    with Redis.from_url(floor_redis.url, socket_timeout=2, socket_connect_timeout=1) as redis:
        redis.flushall()
        floor = Floor(bench, redis, app, Sweep(settings, bench.sessions, redis, app, {}))
        floor.sweep.run()
        yield floor
    app.close()


@pytest.fixture
def build(bench: Bench, database: Engine, tmp_path: Path) -> Build:
    """Return a function that makes a runner with the given engine classes; quick ones otherwise."""

    def make(
        *,
        stt: type[object] = engines.QuickTranscriber,
        llm: type[object] = engines.QuickTutor,
        tts: type[object] = engines.QuickSynthesizer,
        load: bool = True,
        **settings: object,
    ) -> Workbench:
        chosen = {"stt_engine": engine(stt), "llm_engine": engine(llm), "tts_engine": engine(tts)}
        values = {
            "database_url": database.url.render_as_string(hide_password=False),
            "data_dir": tmp_path,
            **chosen,
            **settings,
        }
        workbench = Workbench(bench, WorkerSettings.model_validate(values))
        if load:
            workbench.load()
        return workbench

    return make
