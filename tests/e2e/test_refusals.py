"""What cannot work is refused at the start, in one sentence."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from local.ports import free_port
from local.programs import preflight, programs
from local.settings import LauncherSettings
from tests.conftest import ROOT


def llm_worker() -> Sequence[str]:
    [worker] = [each for each in programs(LauncherSettings(_env_file=None), {}) if each.name == "llm"]
    return worker.command


LAUNCHER = (sys.executable, "-m", "local")
COMMANDS = {"worker": llm_worker(), "preflight": preflight(), "make run": LAUNCHER}


def only_line(command: Sequence[str], folder: Path, **settings: str) -> str:
    """Run the command, which must refuse to start, and return the one line that it prints."""
    ours = {
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder / "data"),
        "PORT": str(free_port()),
        "FLOWER_PORT": str(free_port()),
        "METRICS_PORT": str(free_port(in_a_row=3)),
    }
    unset = ("GEMINI_API_KEY", "DATABASE_URL", "REDIS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in unset} | ours | settings

    ended = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    [line] = (ended.stdout + ended.stderr).splitlines()
    assert not (folder / "data" / "postgres" / "cluster").exists()
    return line


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    ("tutor", "sentence"),
    [
        ("my_engines:Nope", "LLM_ENGINE=my_engines:Nope cannot be imported: AttributeError"),
        ("my_engines:Mute", "LLM_ENGINE=my_engines:Mute has no method reply"),
        ("no_engines:Tutor", "LLM_ENGINE=no_engines:Tutor cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_plug_in_that_is_not_there_keeps_the_workers_from_starting(
    tmp_path: Path, command: Sequence[str], tutor: str, sentence: str
) -> None:
    (tmp_path / "my_engines.py").write_text("class Mute: ...\n")

    assert only_line(command, tmp_path, LLM_ENGINE=tutor).endswith(f" start: {sentence}")


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("PORT", "abc", "PORT Input should be a valid integer"),
        ("PORT", "0", "PORT Input should be greater than or equal to 1"),
        ("FLOWER_PORT", "99999", "FLOWER_PORT Input should be less than or equal to 65535"),
    ],
)
def test_the_launcher_names_a_bad_setting(tmp_path: Path, setting: str, value: str, sentence: str) -> None:
    line = only_line(LAUNCHER, tmp_path, **{setting: value})

    assert line.startswith(f"The settings are not valid: {sentence}")
    assert "pydantic" not in line
