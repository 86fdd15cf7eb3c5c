"""The whole product as real processes on free ports, for tests: started, killed and ended at will."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, TypeVar

import httpx
import psutil
from redis import Redis
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from api.access import repository
from api.access.keys import KeyKind
from api.access.settings import AccessSettings
from local.ports import free_port
from local.processes import Process, kill_group, spawn, stop_group
from local.programs import child_environment, metrics_ports, programs
from local.servers import EmbeddedRedis
from local.settings import LauncherSettings
from shared.models import ApiKey, Scope
from shared.settings import SharedSettings
from worker.upkeep.locks import Lock

MODELS = Path(__file__).parents[2] / ".pytest_cache" / "models"
"""Where the tests keep the models that come in parts; each start checks what lies there."""
STOP_SIGNAL_SECONDS = 20.0
WORKERS = ("gpu", "llm", "maintenance")
# Short times, so that a test of a crash takes seconds; the product's defaults are longer.
FAST = {
    # At first use, as most tests need one engine or none.
    "WARM_UP": "false",
    "LEASE_SECONDS": "3",
    "HEARTBEAT_SECONDS": "0.5",
    "SWEEP_SECONDS": "1",
    "REPUBLISH_AFTER_SECONDS": "3",
    # Not short: many recordings at once are decoded one after another, and slowly on a busy machine.
    "DECODE_TIMEOUT_SECONDS": "60",
    # All clients of a test come from one address.
    "MAX_UPLOADS_IN_FLIGHT_PER_CLIENT": "32",
    "SHUTDOWN_GRACE_SECONDS": "5",
}
# What answers soonest, where a test is not about how it sounds.
LIGHT = {"LLM_ENGINE": "offline", "TTS_ENGINE": "espeak"}

Found = TypeVar("Found")


def eventually(look: Callable[[], Found | None], *, what: str, within: float = 150.0) -> Found:
    """Return the first true answer of `look`; fail, saying `what` was awaited, when none comes in time."""
    deadline = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.05)
    return found


def has_ended(process: psutil.Process) -> bool:
    """Tell whether the process runs no more; one that only waits to be reaped does not run."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Stack:
    """API and workers against one database and one Redis of their own."""

    def __init__(
        self, directory: Path, database_url: str, redis: EmbeddedRedis, extra: dict[str, str]
    ) -> None:
        self.directory = directory
        self.database_url = database_url
        self.redis = redis
        self.settings = LauncherSettings(
            _env_file=None,
            port=free_port(),
            flower_port=free_port(),
            metrics_port=free_port(in_a_row=3),
            data_dir=directory / "data",
            database_url=database_url,
            redis_url=redis.url,
        )
        self.settings.data_dir.mkdir(parents=True)
        (self.settings.data_dir / "models").symlink_to(MODELS)  # joined once, for all stacks
        urls = {"DATABASE_URL": database_url, "REDIS_URL": redis.url}
        environment = child_environment(self.settings, urls) | FAST | LIGHT | extra
        self._programs = {program.name: program for program in programs(self.settings, environment)}
        self._running: dict[str, Process] = {}
        self.sessions: set[int] = set()  # of every process ever started here, under its leader's id
        MODELS.mkdir(parents=True, exist_ok=True)
        self.client = httpx.Client(base_url=self.settings.local_url, timeout=90)
        self._engine = create_engine(
            SharedSettings(database_url=database_url).database_url, pool_pre_ping=True
        )
        if extra.get("ACCESS") == "keys":
            _, key = self.make_key("the stack's own", *Scope)
            self.client.headers["Authorization"] = f"Bearer {key}"

    def make_key(self, app: str, *scopes: Scope) -> tuple[ApiKey, str]:
        """Make a key of an app, as `python -m api.access` does; return its row too."""
        secrets = AccessSettings(_env_file=None, data_dir=self.settings.data_dir).secrets()
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            return repository.create_key(
                session,
                secrets,
                app_id=repository.app_named(session, app).id,
                label="",
                kind=KeyKind.LIVE,
                scopes=scopes or [Scope.CHAT],
            )

    def start(self, *names: str) -> None:
        """Start the programs; their output goes to a file each in the stack's directory."""
        for name in names:
            program = self._programs[name]
            with (self.directory / f"{name}.log").open("ab") as log:
                self._running[name] = spawn(program.command, program.environment, output=log)
            self.sessions.add(self._running[name].pid)

    def revive(self) -> list[str]:
        """Start again, as the launcher would, what has ended by itself; return its names."""
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        self.start(*ended)
        return ended

    def start_another(self, worker: str, name: str) -> None:
        """Start a second worker of the same kind, under a node name of its own."""
        program = self._programs[worker]
        command = [f"{name}@%h" if part == f"{worker}@%h" else part for part in program.command]
        self._programs[name] = replace(program, name=name, command=command)
        self.start(name)

    def start_another_api(self, name: str) -> str:
        """Start a second API under this name, on a port of its own; return its address."""
        port = free_port()
        ports = {str(self.settings.port): str(port)}
        api = self._programs["api"]
        self._programs[name] = replace(
            api, name=name, command=[ports.get(part, part) for part in api.command]
        )
        self.start(name)
        return f"http://127.0.0.1:{port}"

    def stop_one(self, name: str) -> psutil.Process:
        """Ask a program to end in good order; return its process."""
        process = self.process(name)
        process.send_signal(self._programs[name].stop_signal)
        return process

    def wait_until_ready(self) -> None:
        """Return once the API answers and every started worker has reported itself."""
        wanted = set(self._running) & {"api", *WORKERS}
        eventually(lambda: wanted <= self._at_work(), what=f"{wanted} at work", within=120)

    def process(self, name: str) -> psutil.Process:
        """Return a running program's process."""
        return psutil.Process(self._running[name].pid)

    def kill(self, name: str) -> None:
        """SIGKILL the program and what it started."""
        kill_group(self._running.pop(name))

    def kill_main(self, name: str) -> None:
        """SIGKILL the program's first process alone; what it started has to notice."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str) -> None:
        """End a program in an orderly way."""
        stop_group(self._running.pop(name), self._programs[name].stop_signal, STOP_SIGNAL_SECONDS)

    def stop(self) -> None:
        """End everything in an orderly way."""
        for name, process in self._running.items():
            process.send_signal(self._programs[name].stop_signal)
        deadline = time.monotonic() + STOP_SIGNAL_SECONDS
        while self._running:
            _, process = self._running.popitem()
            with suppress(TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            kill_group(process)
        self.client.close()
        self._engine.dispose()

    def sql(self, statement: str, **values: object) -> list[Any]:
        """Run a statement, commit, and return the rows it gives."""
        with self._engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    @contextmanager
    def holding(self, lock: Lock) -> Iterator[None]:
        """Keep the upkeep from one of its tasks meanwhile, once a pass that is under way has ended."""
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock.value})
            yield

    def forget_jobs(self) -> None:
        """Remove every job and all that came of it; the files of sounds stay."""
        self.sql(
            "TRUNCATE conversations, jobs, messages, steps, job_events, audio_objects, daily_usage,"
            " mistakes, mistake_uses, daily_mistakes"
        )

    def metrics(self, program: str) -> str:
        """Return what the API, or a worker, shows to Prometheus."""
        if program == "api":
            return self.client.get("/metrics").raise_for_status().text
        port = metrics_ports(self.settings)[program]
        return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).raise_for_status().text

    def logs(self) -> str:
        """Return what every program has written."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.directory.glob("*.log")))

    def log(self, name: str) -> str:
        """Return what one program has written."""
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def text_chat(self, user_id: str, message: str, **more: object) -> dict[str, Any]:
        """Post a message and return the job, which must be accepted."""
        body = {"user_id": user_id, "message": message, **more}
        response = self.client.post("/api/v1/ai/text-chat", json=body)
        assert response.status_code == 202, response.text
        job: dict[str, Any] = response.json()
        return job

    def voice_chat(self, user_id: str, recording: Path, **more: str) -> httpx.Response:
        """Post a recording and return the response, whatever it is."""
        with recording.open("rb") as file:
            return self.client.post(
                "/api/v1/ai/voice-chat",
                data={"user_id": user_id, **more},
                files={"audio_file": (recording.name, file)},
            )

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the job as it stands."""
        job: dict[str, Any] = self.client.get(f"/jobs/{job_id}").json()
        return job

    def redis_keys(self) -> int:
        """Return how many keys Redis holds."""
        with Redis.from_url(self.redis.url) as client:
            return len(client.keys())

    def unacknowledged(self) -> int:
        """Return how many messages workers have taken from Redis and not acknowledged."""
        with Redis.from_url(self.redis.url) as client:
            return int(client.hlen("unacked"))

    def finished(self, job_id: str, *, within: float = 150.0) -> dict[str, Any]:
        """Return the job once it has ended."""

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = self.client.get(f"/jobs/{job_id}/wait", params={"timeout": 5}).json()
            return job if job["done"] else None

        return eventually(look, what=f"job {job_id} ended", within=within)

    def _at_work(self) -> set[str]:
        try:
            health = self.client.get("/health").json()
        except httpx.TransportError:
            return set()
        queues = health["dependencies"]["workers"]["queues"]
        return {"api"} | {name for name, queue in queues.items() if queue["ok"]}


@contextmanager
def running_stack(
    directory: Path, database_url: str, *names: str, extra: dict[str, str] | None = None
) -> Iterator[Stack]:
    """Run the named programs (all workers and the API by default) with a Redis of their own."""
    with EmbeddedRedis(directory / "redis") as redis:
        stack = Stack(directory, database_url, redis, extra or {})
        try:
            stack.start(*(names or ("api", *WORKERS)))
            stack.wait_until_ready()
            yield stack
        finally:
            stack.stop()
