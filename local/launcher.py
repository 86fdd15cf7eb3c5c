"""Brings the whole product up in order: servers, schema, programs; and down again in reverse."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from api.settings import ApiSettings
from local.access_keys import make_keys
from local.console import Console
from local.embedded import EmbeddedServer
from local.ports import LOOPBACK, is_free
from local.processes import StartError
from local.programs import (
    child_environment,
    metrics_folder,
    metrics_ports,
    migration,
    preflight,
    programs,
    worker_names,
)
from local.readiness import is_ready
from local.secrets_file import write_private
from local.servers import EmbeddedPostgres, EmbeddedRedis
from local.settings import LauncherSettings
from local.supervisor import StopRequests, Supervisor, run_once, watch
from shared import workers
from shared.database import create_sync_engine
from shared.server_urls import masked
from shared.settings import AppEnv, SharedSettings, read_settings

# What a worker needs beyond its grace: to give back what is left, or, idle, to end in good order.
_STOP_MARGIN_SECONDS = 10.0


def launch(settings: LauncherSettings, console: Console, stop_requests: StopRequests) -> None:
    """Run everything until a stop is requested; raises StartError when it cannot be started."""
    started = time.monotonic()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _sole_use(settings.data_dir):
        _refuse_busy_ports(settings)
        # Counting starts anew with us; what a restarted program counts is added to what it had.
        shutil.rmtree(metrics_folder(settings), ignore_errors=True)
        servers = Servers(settings)
        environment = child_environment(settings, servers.urls)
        _refuse_unready_workers(environment)
        read_settings(ApiSettings)  # ends the program where the API would not start
        with (
            Supervisor(servers.embedded, console, stop_requests) as keeper,
            servers.announced(settings.data_dir / "servers.env"),
        ):
            run_once(migration(environment), console, stop_requests)
            if stop_requests.count:
                return
            _forget_predecessors(servers.urls["DATABASE_URL"])
            first_key, own_key = make_keys(servers.urls["DATABASE_URL"], settings.data_dir)
            patience = settings.shutdown_grace_seconds + _STOP_MARGIN_SECONDS
            crew = Supervisor(programs(settings, environment), console, stop_requests, stop_seconds=patience)
            with crew:
                _show_addresses(settings, servers.urls, console, first_key, has_keys=own_key is not None)
                watch([keeper, crew], stop_requests, _Greeting(settings, console, started, own_key).look)
                console.say("stopping (Ctrl-C again to hurry)")
    console.say("stopped")


class Servers:
    """PostgreSQL and Redis: those the settings name, and embedded ones for the rest."""

    def __init__(self, settings: LauncherSettings) -> None:
        self.embedded: list[EmbeddedServer] = []
        self._embedded_urls: dict[str, str] = {}
        self.urls = {
            "DATABASE_URL": settings.database_url
            or self._embed("DATABASE_URL", EmbeddedPostgres(settings.data_dir / "postgres")),
            "REDIS_URL": settings.redis_url
            or self._embed("REDIS_URL", EmbeddedRedis(settings.data_dir / "redis")),
        }

    @contextlib.contextmanager
    def announced(self, path: Path) -> Iterator[None]:
        """Keep the embedded servers' URLs in the file `path`, for programs started by hand."""
        write_private(path, "".join(f"{name}={url}\n" for name, url in self._embedded_urls.items()))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def _embed(self, name: str, server: EmbeddedServer) -> str:
        self.embedded.append(server)
        self._embedded_urls[name] = server.url
        return server.url


class _Greeting:
    """Prints `Ready`, once, as soon as the product can serve learners."""

    def __init__(self, settings: LauncherSettings, console: Console, started: float, key: str | None) -> None:
        """`key` is an API key that may see the details of `/health`; None with `ACCESS=open`."""
        self._settings = settings
        self._console = console
        self._started = started
        self._key = key
        self._done = False

    def look(self) -> None:
        seconds = time.monotonic() - self._started
        awaits_models = self._settings.warm_up and seconds < self._settings.model_load_timeout_seconds
        if self._done or not is_ready(
            self._settings.host, self._settings.port, awaits_models=awaits_models, key=self._key
        ):
            return
        self._done = True
        self._console.say(f"Ready after {seconds:.1f} s: {self._settings.first_page}{self._condition}")

    @property
    def _condition(self) -> str:
        """What opening the first page takes beyond its address."""
        if self._key is None:
            return ""
        if self._settings.offers_practice:
            return "#token=TOKEN (with a learner token: docs/practice.md)"
        return " (with a key that has the scope operate)" if self._settings.app_env is AppEnv.PROD else ""


@contextlib.contextmanager
def _sole_use(data_dir: Path) -> Iterator[None]:
    """Hold the lock on `data_dir`, which the system releases however we end."""
    with (data_dir / "launcher.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            raise StartError(f"already running on {data_dir} (process {owner}); stop it first") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _refuse_busy_ports(settings: LauncherSettings) -> None:
    taken: dict[int, str] = {}
    for name, port, host in (
        ("PORT", settings.port, settings.host),
        ("FLOWER_PORT", settings.flower_port, LOOPBACK),
        *(("METRICS_PORT", port, LOOPBACK) for port in metrics_ports(settings).values()),
    ):
        if not is_free(port, host):
            raise StartError(
                f"{name} {port} is in use on {host}; stop what uses it, or set {name} to another"
            )
        if port in taken:
            raise StartError(f"{name} {port} is {taken[port]}'s already; set one of them to another")
        taken[port] = name


def _refuse_unready_workers(environment: Mapping[str, str]) -> None:
    # In a session of its own, so that Ctrl-C reaches it only through us.
    check = subprocess.run(
        preflight(), env=environment, capture_output=True, text=True, start_new_session=True, check=False
    )
    if check.returncode:
        raise StartError(check.stderr.strip())


def _forget_predecessors(database_url: str) -> None:
    """Remove the rows of workers that a killed launcher left: they would look alive for a while."""
    url = SharedSettings(database_url=database_url).database_url
    engine = create_sync_engine(url, application_name="launcher", pool_size=1)
    with Session(engine) as session, session.begin():
        for name in worker_names():
            workers.forget(session, name)
    engine.dispose()


def _show_addresses(
    settings: LauncherSettings, urls: dict[str, str], console: Console, key: str | None, *, has_keys: bool
) -> None:
    base = settings.local_url
    console.say(f"API         {base}  (documentation: {base}/docs)")
    console.say(f"Flower      http://localhost:{settings.flower_port}")
    workers = ", ".join(
        f"http://localhost:{port}/metrics ({worker})" for worker, port in metrics_ports(settings).items()
    )
    console.say(f"Metrics     {base}/metrics (API), {workers}")
    console.say(f"PostgreSQL  {masked(urls['DATABASE_URL'])}")
    console.say(f"Redis       {masked(urls['REDIS_URL'])}")
    body = """'{"user_id": "me", "message": "I am go to market"}'"""
    credential = ""
    if key is not None:
        console.say(f"API key     {key}  (shown this once; more: .venv/bin/python -m api.access)")
        credential = f" -H 'Authorization: Bearer {key}'"
    elif has_keys:
        credential = " -H 'Authorization: Bearer YOUR_KEY'"
    console.say(
        f"Try: curl -s {base}/api/v1/ai/text-chat/wait{credential}"
        f" -H 'Content-Type: application/json' -d {body}"
    )
