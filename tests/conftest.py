"""Real servers for every test that wants them, thrown away at the end."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import settings
from psycopg import sql
from sqlalchemy import Engine, create_engine

from local.servers import EmbeddedPostgres, EmbeddedRedis
from shared.metrics import FOLDER_VARIABLE
from shared.settings import SharedSettings
from tests.support.stack import Stack, running_stack
from tests.support.zone import ZONE

ROOT = Path(__file__).parent.parent
_TEMPLATE = "migrated"

# Whatever a test starts inherits it.
os.environ["USAGE_TIMEZONE"] = ZONE.key

settings.register_profile("timeless", deadline=None)
settings.load_profile("timeless")


@pytest.hookimpl(tryfirst=True)  # before pytest chooses its own folder
def pytest_configure(config: pytest.Config) -> None:
    """Give the run a temporary folder that no other run touches, removed when it ends.

    pytest's own folders lie together in one of the user's, which every run that starts closes to other
    accounts. Where root runs the tests, PostgreSQL has another account, and a run that starts would take
    the files from the server of one that is at work. `--basetemp` names a folder that stays.
    """
    if config.getoption("numprocesses", None):
        os.environ.pop(FOLDER_VARIABLE, None)  # else the run's processes count together
    if config.option.basetemp is None:
        # A server that was just killed may still be writing there.
        folder = TemporaryDirectory(prefix="english-practice-tests-", ignore_cleanup_errors=True)
        config.option.basetemp = str(Path(folder.name, "run"))
        config.add_cleanup(folder.cleanup)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server
        server.kill()  # an orderly stop would first write many databases to disk


@pytest.fixture(scope="session")
def create_database(postgres: EmbeddedPostgres) -> Callable[[], str]:
    """Return a function that makes an empty database and returns its URL."""
    return lambda: _create_database(postgres, f"t{uuid4().hex}", template="template0")


@pytest.fixture(scope="session")
def create_migrated_database(postgres: EmbeddedPostgres) -> Callable[[], str]:
    """Return a function that makes a database with the product's schema and returns its URL."""
    migrate(_create_database(postgres, _TEMPLATE, template="template0"), "head")
    return lambda: _create_database(postgres, f"t{uuid4().hex}", template=_TEMPLATE)


@pytest.fixture
def database(create_migrated_database: Callable[[], str]) -> Iterator[Engine]:
    """A migrated database of the test's own."""
    engine = create_engine(SharedSettings(database_url=create_migrated_database()).database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """The product, shared by the tests that break nothing."""
    with running_stack(tmp_path_factory.mktemp("stack"), create_migrated_database()) as running:
        yield running


def migrate(database_url: str, revision: str) -> None:
    """Bring a database up, or down, to a revision."""
    config = Config(ROOT / "alembic.ini")
    engine = create_engine(SharedSettings(database_url=database_url).database_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
    engine.dispose()


def _create_database(server: EmbeddedPostgres, name: str, *, template: str) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return server.url.rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="session")
def data() -> Path:
    """The real recordings and sentences that lie beside the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the test material is not beside the project (../shared/data)")
    return folder
