"""The generators of clients that people use make of our document what chats by text and by voice."""

import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.recordings import write_speech
from tests.support.stack import Stack

CLIENTS = ROOT / "tests" / "clients"
PACKAGE = "generated_client"
MESSAGE, CORRECTION = "I am go to market", "I am go to market → I am going to the market"
_NO_REGISTRY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT")


@pytest.fixture(scope="module")
def folder(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the document and a recording."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "openapi.json").write_bytes(stack.client.get("/openapi.json").raise_for_status().content)
    write_speech(folder / "recording.wav", MESSAGE)
    return folder


def ran(command: Sequence[str | Path], folder: Path) -> str:
    """Run the command, which must succeed, and return what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def python_client(folder: Path) -> ModuleType:
    """The package that openapi-python-client makes; every module of it can be imported."""
    generator = (sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning")
    options = ("--meta", "none", "--config", CLIENTS / "openapi-python-client.yml")
    ran((*generator, *options, "--path", "openapi.json", "--output-path", PACKAGE), folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        client = importlib.import_module(PACKAGE)
        for module in pkgutil.walk_packages(client.__path__, f"{PACKAGE}."):
            importlib.import_module(module.name)
    return client


def of(module: str) -> Any:
    """Return a module of the generated package."""
    return importlib.import_module(f"{PACKAGE}.{module}")


def test_the_python_client_chats_by_text(stack: Stack, python_client: ModuleType) -> None:
    models = of("models")
    body = models.TextChatRequest(user_id="asha", message=MESSAGE, speak=[])
    with python_client.Client(base_url=stack.settings.local_url, timeout=90) as client:
        job = of("api.chat.text_chat").sync(client=client, body=body, prefer="wait=60")
        reply = of("api.chat.text_chat_and_wait").sync(client=client, body=body)
        read = of("api.jobs.read_job").sync(job.id, client=client, user_id="asha")
        refused = of("api.jobs.read_job").sync(job.id, client=client, user_id="ravi")

    assert (job.status, job.done) == (models.JobStatus.SUCCEEDED, True)
    assert job.result.correction == reply.correction == CORRECTION
    assert (read.id, read.links.self_) == (job.id, f"/jobs/{job.id}")
    assert (refused.status, refused.code) == (404, models.ErrorCode.NOT_FOUND)


@pytest.mark.parametrize("file_name", ["recording.wav", None])
def test_the_python_client_chats_by_voice(
    stack: Stack, folder: Path, python_client: ModuleType, file_name: str | None
) -> None:
    models = of("models")
    with (
        (folder / "recording.wav").open("rb") as recording,
        python_client.Client(base_url=stack.settings.local_url, timeout=90) as client,
    ):
        form = models.VoiceChatForm(
            user_id="asha",
            audio_file=of("types").File(recording, file_name),
            speak=[models.SpokenPart.REPLY, models.SpokenPart.EXPLANATION],
        )
        job = of("api.chat.voice_chat").sync(client=client, body=form, prefer="wait=60")

    assert (job.kind, job.status) == (models.JobKind.VOICE, models.JobStatus.SUCCEEDED)
    assert job.transcript
    assert job.result.audio_url
    assert job.result.explanation_audio_url or job.result.hinglish_explanation is None


def test_the_typescript_client_compiles_and_chats(stack: Stack, folder: Path) -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed (apt-get install nodejs npm)")
    shutil.copytree(CLIENTS / "typescript", folder, dirs_exist_ok=True)
    installed = subprocess.run(
        ("npm", "ci", "--no-audit", "--no-fund"),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    if any(word in installed.stderr for word in _NO_REGISTRY):
        pytest.skip("npm's registry cannot be reached")
    assert installed.returncode == 0, installed.stderr

    ran(("npm", "run", "generate"), folder)
    ran(("npm", "run", "compile"), folder)
    jobs = json.loads(ran(("node", "chat.js", stack.settings.local_url, "recording.wav"), folder))

    assert jobs["typed"]["result"]["correction"] == CORRECTION
    assert (jobs["spoken"]["kind"], jobs["spoken"]["status"]) == ("voice", "succeeded")
    assert jobs["spoken"]["result"]["audio_url"]
    assert jobs["read"]["id"] == jobs["typed"]["id"]
