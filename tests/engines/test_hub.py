"""Models named on the hub: the commit that a setting names is the one that is taken. Nobody is asked here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
NEWEST, PINNED = "a" * 40, "b" * 40
PACKAGED = {"base"}  # comes with the install, and is pinned by its hash
NEURAL = (
    "from worker.engines.neural.folder import model_folder; "
    "print(model_folder('INDICF5_MODEL', {model!r}, ['config.json']).name)"
)
WHISPER = (
    "from pathlib import Path; from worker.engines.whisper.folder import model_folder; "
    "print(model_folder({model!r}, Path('.')).name)"
)


def taken(home: Path, program: str, model: str) -> tuple[str, str]:
    """Return the commit that the program takes of a hub whose cache holds two, and what it logs."""
    repository = home / "hub" / "models--owner--model"
    for commit in (NEWEST, PINNED):
        snapshot = repository / "snapshots" / commit
        snapshot.mkdir(parents=True)
        for name in ("model.bin", "config.json", "tokenizer.json"):
            (snapshot / name).write_bytes(b"")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(NEWEST)
    (repository / "refs" / "v1").write_text(PINNED)
    ended = subprocess.run(
        [sys.executable, "-c", program.format(model=model)],
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout.strip(), ended.stderr


@pytest.mark.parametrize("program", [NEURAL, WHISPER], ids=["neural", "whisper"])
@pytest.mark.parametrize(
    ("model", "commit", "warned"),
    [
        (f"owner/model@{PINNED}", PINNED, False),
        ("owner/model@v1", PINNED, True),
        ("owner/model", NEWEST, True),
        ("owner/model@", NEWEST, True),
    ],
    ids=["a commit", "a tag", "no revision", "an empty one"],
)
def test_the_named_revision_is_taken_and_what_may_change_is_warned_about(
    tmp_path: Path, program: str, model: str, commit: str, warned: bool
) -> None:
    folder, log = taken(tmp_path, program, model)

    assert folder == commit
    warnings = [line for line in log.splitlines() if "names no commit" in line]
    assert len(warnings) == warned


@pytest.mark.parametrize("app_env", ["dev", "prod"])
def test_every_default_is_pinned_to_a_commit(app_env: str) -> None:
    settings = WorkerSettings.model_validate({"app_env": app_env, "whisper_model": ""})

    named = {settings.whisper_model, settings.chatterbox_model, settings.indicf5_model} - PACKAGED
    for model in named:
        _, _, commit = model.partition("@")
        assert len(commit) == 40
        assert set(commit) <= set("0123456789abcdef")
