"""The product as it is deployed, with its own settings and engines of a known speed, for benchmarks."""

import os
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
import psycopg
from psycopg import sql
from sqlalchemy import create_engine, text

from benchmarks import timed_engines
from local.ports import LOOPBACK, free_port
from local.processes import Process, spawn, stop_group
from local.programs import child_environment, migration, programs
from local.readiness import is_ready
from local.servers import EmbeddedPostgres, EmbeddedRedis
from local.settings import LauncherSettings
from shared.settings import SharedSettings

WORKERS = ("gpu", "llm", "maintenance")
_ENGINES = {
    f"{kind}_ENGINE": f"{timed_engines.__name__}:Timed{name}"
    for kind, name in (("STT", "Transcriber"), ("LLM", "Tutor"), ("TTS", "Synthesizer"))
}
_SETTINGS = {
    "WARM_UP": "false",  # there is nothing to load
    "MAX_UPLOADS_IN_FLIGHT_PER_CLIENT": "32",  # all come from one address
    "SHUTDOWN_GRACE_SECONDS": "5",
}
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Speeds:
    """How long each engine takes, in seconds, give or take `spread` of it."""

    stt: float
    llm: float
    tts: float
    spread: float = 0.0

    def environment(self) -> dict[str, str]:
        """Return what tells the engines."""
        names = (timed_engines.STT, timed_engines.LLM, timed_engines.TTS, timed_engines.SPREAD)
        return {
            name: str(value)
            for name, value in zip(names, (self.stt, self.llm, self.tts, self.spread), strict=True)
        }


class Product:
    """The product's programs on free ports, started and ended by name."""

    def __init__(self, directory: Path, urls: dict[str, str], extra: dict[str, str]) -> None:
        self.settings = LauncherSettings(
            _env_file=None,
            port=free_port(),
            flower_port=free_port(),
            metrics_port=free_port(in_a_row=len(WORKERS)),
            data_dir=directory / "data",
        )
        environment = child_environment(self.settings, urls) | _ENGINES | _SETTINGS | extra
        self.client = httpx.Client(base_url=self.settings.local_url, timeout=90)
        self._programs = {program.name: program for program in programs(self.settings, environment)}
        self._running: dict[str, Process] = {}
        self._log = directory / "programs.log"
        self._engine = create_engine(SharedSettings(database_url=urls["DATABASE_URL"]).database_url)

    def start(self, *names: str) -> None:
        """Start the programs and return at once."""
        for name in names:
            program = self._programs[name]
            with self._log.open("ab") as log:
                self._running[name] = spawn(program.command, program.environment, output=log)

    def end(self, name: str) -> None:
        """End a program in good order."""
        stop_group(self._running.pop(name), self._programs[name].stop_signal, _STOP_SECONDS)

    def close(self) -> None:
        """End everything."""
        for name in list(self._running):
            self.end(name)
        self.client.close()
        self._engine.dispose()

    def wait_until_ready(self) -> None:
        """Return once the API answers and every worker that was started has reported itself."""
        if set(WORKERS) <= set(self._running):
            until(lambda: is_ready(LOOPBACK, self.settings.port, awaits_models=False))
        else:
            until(self._answers)

    def process(self, name: str) -> psutil.Process:
        """Return a running program's process."""
        return psutil.Process(self._running[name].pid)

    def text_chat(self, user_id: str, message: str, **more: object) -> dict[str, Any]:
        """Post a message; return the accepted job."""
        body = {"user_id": user_id, "message": message, **more}
        return _accepted(self.client.post("/api/v1/ai/text-chat", json=body))

    def voice_chat(self, user_id: str, recording: Path) -> dict[str, Any]:
        """Post a recording; return the accepted job."""
        files = {"audio_file": (recording.name, recording.read_bytes())}
        return _accepted(self.client.post("/api/v1/ai/voice-chat", data={"user_id": user_id}, files=files))

    def wait_for(self, job_id: str, *, seconds: float = 60.0) -> None:
        """Return once the job has ended."""
        path, most = f"/jobs/{job_id}/wait", {"timeout": 5}
        until(lambda: bool(self.client.get(path, params=most).json()["done"]), seconds=seconds)

    def sql(self, statement: str, **values: object) -> list[Any]:
        """Return the rows that a query gives."""
        with self._engine.connect() as connection:
            return list(connection.execute(text(statement), values).all())

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return self.client.get("/health/ready").is_success
        return False


def until(found: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Return once it is so; raises TimeoutError when it is not in time."""
    deadline = time.monotonic() + seconds
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(0.05)


def _accepted(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    return job


def migrate(database_url: str) -> None:
    """Give an empty database the product's schema."""
    command = migration({}).command
    environment = os.environ | {"DATABASE_URL": database_url}
    subprocess.run(command, env=environment, check=True, capture_output=True)


def another_database(url: str, name: str) -> str:
    """Make an empty database on the same server; return its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@contextmanager
def empty_database() -> Iterator[tuple[Path, str]]:
    """Run a PostgreSQL with our schema; give a folder for whatever else there is, and its URL."""
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        migrate(postgres.url)
        yield Path(folder), postgres.url


@contextmanager
def running_product(
    directory: Path, database_url: str, speeds: Speeds, *names: str, extra: dict[str, str] | None = None
) -> Iterator[Product]:
    """Run the API and all workers, or the named programs, with a Redis of their own."""
    directory = directory / "product"
    with EmbeddedRedis(directory / "redis") as redis:
        urls = {"DATABASE_URL": database_url, "REDIS_URL": redis.url}
        product = Product(directory, urls, speeds.environment() | (extra or {}))
        try:
            product.start(*(names or ("api", *WORKERS)))
            product.wait_until_ready()
            yield product
        finally:
            product.close()


def warm_up(product: Product, directory: Path, jobs: int = 3) -> Path:
    """Let every engine load and every stage have a pace; return a recording of 2 s to go on with."""
    tone = directory / "tone.wav"
    samples = np.sin(np.arange(2 * 16_000) * 440 * 2 * np.pi / 16_000) * 8_000
    with wave.open(str(tone), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.astype(np.int16).tobytes())
    for number in range(jobs):
        product.wait_for(product.voice_chat(f"first-{number}", tone)["id"])
    return tone
