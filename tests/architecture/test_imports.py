"""What a program loads when it starts, and the folders that must not be packages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE_LIBRARIES = {
    "torch",
    "transformers",
    "chatterbox",
    "f5_tts",
    "faster_whisper",
    "ctranslate2",
    "google.genai",
    "harper",
    "lemminflect",
    "espeakng_loader",
}
STORAGE_LIBRARIES = {"boto3", "botocore"}  # only where S3 is set
MEDIA_LIBRARIES = {"numpy", "av"}


def loaded_by(module: str) -> set[str]:
    """Return the modules that importing `module` loads in a fresh process."""
    program = f"import {module}, json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_api_loads_no_engine_and_parses_no_media() -> None:
    loaded = loaded_by("api.main")

    assert "fastapi" in loaded
    assert loaded & (ENGINE_LIBRARIES | MEDIA_LIBRARIES) == set()
    assert loaded & STORAGE_LIBRARIES == set()
    assert not any(name.split(".")[0] == "worker" for name in loaded)


def test_a_worker_loads_no_engine_before_it_needs_one() -> None:
    loaded = loaded_by("worker.main, worker.tasks")

    assert "celery" in loaded
    assert loaded & (ENGINE_LIBRARIES | STORAGE_LIBRARIES) == set()
    assert not any(name.startswith("worker.engines.") for name in loaded)
    assert not any(name.split(".")[0] == "api" for name in loaded)


def test_a_migration_loads_neither_the_api_nor_a_worker() -> None:
    loaded = loaded_by("shared.models, shared.database, shared.settings")

    foreign = {"api", "worker", "celery", "fastapi", "prometheus_client"}
    assert {name.split(".")[0] for name in loaded} & foreign == set()


@pytest.mark.parametrize("program", ["api.decoding.program", "local.command"])
def test_what_counts_nothing_opens_no_files_to_count_in(program: str) -> None:
    assert "prometheus_client" not in loaded_by(program)


@pytest.mark.parametrize("folder", ["alembic", "docker", "tests"])
def test_a_folder_named_like_a_library_is_no_package(folder: str) -> None:
    assert (ROOT / folder).is_dir()
    assert list((ROOT / folder).rglob("__init__.py")) == []


def test_the_libraries_are_not_hidden_by_our_folders() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import alembic.config; print(alembic.__file__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert not Path(loaded.stdout.strip()).is_relative_to(ROOT / "alembic")


@pytest.mark.parametrize("package", ["api", "worker", "shared", "local"])
def test_every_folder_of_code_is_a_package(package: str) -> None:
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
