"""`make run`, as a newcomer meets it: one process that brings up everything and takes everything down."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from local.ports import free_port
from tests.stack import eventually


class Launcher:
    """A running launcher and what it has printed."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.log = directory / "launcher.log"
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        environment |= {
            "PORT": str(self.port),
            "FLOWER_PORT": str(free_port()),
            "DATA_DIR": str(directory / "data"),
            "LLM_ENGINE": "offline",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local"], stdout=log, stderr=log, env=environment
            )

    def has_said(self, words: str) -> bool:
        """Tell whether the launcher has printed these words."""
        return words in self.log.read_text(errors="replace")

    def children(self) -> list[psutil.Process]:
        """Return every process that the launcher has brought up."""
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def launched(directory: Path) -> Iterator[tuple[Launcher, httpx.Client]]:
    launcher = Launcher(directory)
    try:
        eventually(lambda: launcher.has_said("Ready"), what="the ready line")
        with httpx.Client(base_url=f"http://localhost:{launcher.port}", timeout=60) as client:
            yield launcher, client
    finally:
        launcher.process.send_signal(signal.SIGTERM)
        launcher.process.wait(timeout=60)


def test_one_command_runs_everything_restarts_what_dies_and_keeps_the_data(tmp_path: Path) -> None:
    with launched(tmp_path) as (launcher, client):
        job = client.post(
            "/api/v1/ai/text-chat",
            json={"user_id": "asha", "message": "I am go to market"},
            headers={"Prefer": "wait=60"},
        ).json()
        assert job["status"] == "succeeded", job
        [api] = [process for process in launcher.children() if "api.main:app" in process.cmdline()]
        api.kill()
        eventually(lambda: launcher.has_said("SIGKILL"), what="the exit shown")
        eventually(lambda: _answers(client), what="the API back")
        everything = launcher.children()
    assert launcher.process.returncode == 0
    assert [process for process in everything if _lives(process)] == []

    with launched(tmp_path) as (_, client):
        kept = client.get(f"/jobs/{job['id']}").json()
        assert kept["result"]["reply_text"] == job["result"]["reply_text"]
        assert client.get(httpx.URL(kept["result"]["audio_url"]).raw_path.decode()).status_code == 200


def _lives(process: psutil.Process) -> bool:
    """Tell whether the process still runs; one that only waits to be reaped by init does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False
