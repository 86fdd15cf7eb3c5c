from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine

from local.servers import EmbeddedRedis
from shared.queue import create_celery
from tests.factories import Bench
from tests.floor import Floor
from worker.settings import WorkerSettings
from worker.sweep import Sweep


@pytest.fixture
def bench(database: Engine) -> Iterator[Bench]:
    """Jobs in a database of the test's own, with connections for many threads."""
    engine = create_engine(database.url, pool_size=24)
    yield Bench(engine)
    engine.dispose()


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
    app = create_celery(floor_redis.url, socket_timeout_seconds=2)
    with Redis.from_url(floor_redis.url, socket_timeout=2, socket_connect_timeout=1) as redis:
        redis.flushall()
        floor = Floor(bench, redis, app, Sweep(settings, bench.sessions, redis, app))
        floor.sweep.run()
        yield floor
    app.close()
