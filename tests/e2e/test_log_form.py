"""The log's form in dev, under uvicorn started by hand, and of a program that cannot run."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from local.ports import free_port
from local.programs import programs
from local.settings import LauncherSettings
from tests.support.contract import TEXT, succeeded
from tests.support.stack import Stack, eventually

ROOT = Path(__file__).parents[2]
FIELDS = {"time", "level", "logger", "message", "request_id", "job_id"}
SIGNING_KEY = "a-secret-signing-key"
ACCESS_SECRET = "a-secret-behind-keys-and-pseudonyms"  # noqa: S105 - of no deployment
PASSWORD = "a-secret-password"  # noqa: S105 - of no server


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_uvicorn_by_hand_logs_in_our_form_and_nothing_of_a_query(tmp_path: Path, environment: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port)]
    ours = {
        "APP_ENV": environment,
        "ACCESS": "open",
        "ACCESS_SECRETS": ACCESS_SECRET,
        "AUDIO_SIGNING_KEY": SIGNING_KEY,
        "DATA_DIR": str(tmp_path),
    }
    program = subprocess.Popen(command, cwd=ROOT, env=os.environ | ours, stderr=subprocess.PIPE, text=True)
    with program, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        listen = {"expires": "1", "signature": "durian-signature"}
        eventually(lambda: answers(client), what="the API at work")
        assert client.get("/audio/durian.mp3", params=listen).status_code == HTTPStatus.FORBIDDEN
        program.terminate()
        _, written = program.communicate()

    lines = written.splitlines()
    assert sum("/audio/{name}: 403 invalid_signature in " in line for line in lines) == 1
    assert any("Started server process" in line for line in lines)
    assert "durian" not in written
    if environment == "prod":
        assert all(json.loads(line).keys() >= FIELDS for line in lines)
    else:
        assert all("[request " in line for line in lines)


@pytest.mark.parametrize("name", ["api", "maintenance"])
def test_a_program_with_a_wrong_setting_says_so_in_one_line_without_a_password(
    tmp_path: Path, name: str
) -> None:
    ours = {
        "APP_ENV": "prod",
        "ACCESS_SECRETS": ACCESS_SECRET,
        "AUDIO_SIGNING_KEY": SIGNING_KEY,
        "DATA_DIR": str(tmp_path),
    }
    environment = os.environ | ours | {"REDIS_URL": f"no-such-server://:{PASSWORD}@localhost"}
    settings = LauncherSettings(_env_file=None, port=free_port())
    [program] = [each for each in programs(settings, environment) if each.name == name]

    ended = subprocess.run(
        program.command, cwd=ROOT, env=program.environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode != 0
    [line] = (ended.stdout + ended.stderr).splitlines()
    assert line.startswith("The settings are not valid: REDIS_URL ")
    assert PASSWORD not in line


def answers(client: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return client.get("/docs").is_success
    return False


def test_in_dev_a_line_is_for_people_and_has_both_ids(stack: Stack) -> None:
    body = {"user_id": "asha", "message": "I am go", "speak": []}
    sent = stack.client.post(TEXT, json=body, headers={"X-Request-ID": "r-dev"})
    job_id = succeeded(stack, sent.json()["id"])["id"]

    ids = f"[request r-dev job {job_id}]"
    assert f"INFO    api.http.access_log {ids} POST /api/v1/ai/text-chat: 202 in " in stack.log("api")
    eventually(
        lambda: f"INFO    worker.stages.runner {ids} reply succeeded in " in stack.log("llm"), what="its line"
    )
    assert "INFO    uvicorn.error [request - job -] Application startup complete." in stack.log("api")
