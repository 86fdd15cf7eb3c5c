"""`make run`, as a newcomer meets it: one process that brings up everything and takes everything down."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from local.ports import free_port
from tests.conftest import ROOT
from tests.support import figures
from tests.support.stack import eventually

FORM = "multipart/form-data; boundary=x"
NOISE = re.compile(r"warn|(?<!uvicorn\.)error|traceback|SpawnPoolWorker|broker is empty|\[W ", re.IGNORECASE)


class Launcher:
    """A running launcher and what it has printed."""

    def __init__(self, directory: Path, **extra: str) -> None:
        self.port = free_port()
        self.log = directory / "launcher.log"
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        environment |= {
            "PORT": str(self.port),
            "FLOWER_PORT": str(free_port()),
            "METRICS_PORT": str(free_port(in_a_row=3)),
            "DATA_DIR": str(directory / "data"),
            "LLM_ENGINE": "offline",
            **extra,
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


def noise(launcher: Launcher) -> list[str]:
    return [line for line in launcher.log.read_text().splitlines() if NOISE.search(line)]


@contextmanager
def launched(directory: Path, **extra: str) -> Iterator[tuple[Launcher, httpx.Client]]:
    launcher = Launcher(directory, **extra)
    try:
        eventually(lambda: launcher.has_said("Ready"), what="the ready line", within=150)
        with httpx.Client(base_url=f"http://localhost:{launcher.port}", timeout=60) as client:
            yield launcher, client
    finally:
        launcher.process.send_signal(signal.SIGTERM)
        launcher.process.wait(timeout=60)


@pytest.mark.timeout(400)
def test_one_command_runs_everything_restarts_what_dies_and_keeps_the_data(tmp_path: Path) -> None:
    with launched(tmp_path) as (launcher, client):
        assert noise(launcher) == []
        assert launcher.has_said(f"http://localhost:{launcher.port}/practice")
        assert client.get("/practice").status_code == 200
        job = client.post(
            "/api/v1/ai/text-chat",
            json={"user_id": "asha", "message": "I am go to market"},
            headers={"Prefer": "wait=60"},
        ).json()
        assert job["status"] == "succeeded", job
        client.post("/api/v1/ai/voice-chat", content=b"no form", headers={"Content-Type": FORM})
        assert "multipart" not in launcher.log.read_text()
        [api] = [process for process in launcher.children() if "api.main:app" in process.cmdline()]
        api.kill()
        eventually(lambda: launcher.has_said("SIGKILL"), what="the exit shown")
        eventually(lambda: _answers(client), what="the API back")
        assert _accepted(client) == 1  # counted by the process that was killed
        everything = launcher.children()
    assert launcher.process.returncode == 0
    assert [process for process in everything if _lives(process)] == []

    with launched(tmp_path) as (_, client):
        assert _accepted(client) == 0
        kept = client.get(f"/jobs/{job['id']}").json()
        assert kept["result"]["reply_text"] == job["result"]["reply_text"]
        assert client.get(httpx.URL(kept["result"]["audio_url"]).raw_path.decode()).status_code == 200


@pytest.mark.timeout(400)
def test_after_a_killed_launcher_ready_speaks_of_the_new_workers(tmp_path: Path) -> None:
    with launched(tmp_path) as (launcher, _):
        everything = launcher.children()
        launcher.process.kill()
        eventually(lambda: not any(map(_lives, everything)), what="all that it started gone with it")

    assert (tmp_path / "data" / "servers.env").exists()  # it names servers that are gone
    with launched(tmp_path) as (launcher, _):
        [database_url] = re.findall("DATABASE_URL=(.*)", (tmp_path / "data" / "servers.env").read_text())
        with psycopg.connect(database_url) as connection:
            workers = {pid for (pid,) in connection.execute("SELECT pid FROM workers")}
        assert len(workers) == 3
        assert workers <= {child.pid for child in launcher.children()}


def test_ctrl_c_while_the_launcher_is_still_being_read_ends_it_without_a_word(tmp_path: Path) -> None:
    # A library whose import takes long.
    (tmp_path / "psycopg.py").write_text("import time; print('importing', flush=True); time.sleep(60)\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "local"]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
    assert process.returncode == -signal.SIGINT


def _lives(process: psutil.Process) -> bool:
    """Tell whether the process still runs; one that only waits to be reaped by init does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _accepted(client: httpx.Client) -> float:
    return figures.read(client.get("/metrics").text).of("jobs_accepted_total", kind="text")


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.timeout(400)
def test_with_keys_it_makes_one_and_shows_it_once(tmp_path: Path) -> None:
    key_form = re.compile(r"ep_live_[0-9A-Za-z]{38}")
    with launched(tmp_path, ACCESS="keys", WARM_UP="false") as (launcher, client):
        assert launcher.has_said("/practice#token=TOKEN (with a learner token: docs/practice.md)")
        (key,) = set(key_form.findall(launcher.log.read_text()))
        assert client.get("/jobs?user_id=asha").status_code == 401
        headers = {"Authorization": f"Bearer {key}"}
        assert client.get("/jobs?user_id=asha", headers=headers).status_code == 200
        assert "dependencies" in client.get("/health", headers=headers).json()

    with launched(tmp_path, ACCESS="keys", WARM_UP="false") as (launcher, client):
        assert key_form.findall(launcher.log.read_text()) == []
        assert client.get("/jobs?user_id=asha", headers=headers).status_code == 200


def test_in_prod_one_sentence_says_what_the_api_lacks(tmp_path: Path) -> None:
    launcher = Launcher(
        tmp_path,
        APP_ENV="prod",
        AUDIO_SIGNING_KEY="k",
        FLOWER_BASIC_AUTH="operator:a-password",
        STT_ENGINE="tests.support.engines_for_tests:QuickTranscriber",
        TTS_ENGINE="espeak",
        ACCESS="open",
    )

    assert launcher.process.wait(timeout=60) == 1
    [line] = launcher.log.read_text().splitlines()[-1:]
    assert line.startswith("The settings are not valid: ")
    assert "ACCESS_SECRETS is required when APP_ENV=prod" in line
    assert "Traceback" not in launcher.log.read_text()


def test_a_database_that_does_not_answer_is_named_in_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    launcher = Launcher(tmp_path, DATABASE_URL=f"postgresql://somebody:a-secret@127.0.0.1:{port}/practice")

    assert launcher.process.wait(timeout=60) == 1
    said = launcher.log.read_text()
    assert "the database of DATABASE_URL cannot be used: " in said
    assert f"port {port}" in said
    assert "Traceback" not in said
    assert "a-secret" not in said
