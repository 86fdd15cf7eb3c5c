"""Joining a model from the packages that hold its parts, as it is installed and as it can go wrong."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stack import eventually
from worker.errors import EngineUnavailableError
from worker.weights.packaged import PackagedFile, PackagedModel

ROOT = Path(__file__).parents[2]
FIRST, SECOND = b"one " * 300_000, b"two " * 300_000
SETTINGS = b"{}"


def install(site: Path, package: str, **files: bytes) -> None:
    """Install a package of data as pip does: its files, and beside them what they belong to."""
    module = package.replace("-", "_")
    (site / module).mkdir(parents=True)
    for name, data in files.items():
        (site / module / name).write_bytes(data)
    info = site / f"{module}-1.2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2.0\n")


def file_of(name: str, data: bytes, *parts: tuple[str, str]) -> PackagedFile:
    return PackagedFile(name, len(data), hashlib.sha256(data).hexdigest(), parts)


MODEL = PackagedModel(
    "small-ear",
    (
        file_of("config.json", SETTINGS, ("some-ear-1", "some_ear_1/config")),
        file_of(
            "model.bin", FIRST + SECOND, ("some-ear-1", "some_ear_1/part"), ("some-ear-2", "some_ear_2/part")
        ),
    ),
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of packages, with both of the model's in it."""
    folder = tmp_path / "site"
    install(folder, "some-ear-1", part=FIRST, config=SETTINGS)
    install(folder, "some-ear-2", part=SECOND)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


WHOLE = {"config.json": SETTINGS, "model.bin": FIRST + SECOND}


@pytest.mark.usefixtures("site")
def test_the_parts_become_a_folder_and_one_line_says_where_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert MODEL.is_installed()

    folder = MODEL.folder(tmp_path / "models")

    assert folder == tmp_path / "models" / "small-ear"
    assert files_in(folder) == WHOLE
    assert caplog.messages == [
        f"model small-ear: from some-ear-1 1.2.0, some-ear-2 1.2.0, joined just now in {folder}"
    ]


@pytest.mark.usefixtures("site")
def test_what_was_joined_is_used_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    before = (MODEL.folder(tmp_path) / "model.bin").stat()

    after = (MODEL.folder(tmp_path) / "model.bin").stat()

    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert "joined before" in caplog.messages[-1]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "damage", [b"", FIRST, FIRST + SECOND[:-1] + b"?"], ids=["empty", "cut", "another byte"]
)
def test_what_has_been_damaged_since_is_joined_anew(tmp_path: Path, damage: bytes) -> None:
    folder = MODEL.folder(tmp_path)
    (folder / "model.bin").write_bytes(damage)

    assert files_in(MODEL.folder(tmp_path)) == WHOLE


@pytest.mark.parametrize(
    "part", [SECOND[:-1], SECOND + b"!", SECOND[:-1] + b"?"], ids=["cut", "longer", "other"]
)
def test_a_part_that_is_another_one_is_refused_and_leaves_nothing(
    site: Path, tmp_path: Path, part: bytes
) -> None:
    (site / "some_ear_2" / "part").write_bytes(part)

    with pytest.raises(EngineUnavailableError, match=r"model\.bin is not what is pinned"):
        MODEL.folder(tmp_path)

    assert files_in(tmp_path / "small-ear") == {"config.json": SETTINGS}


def test_a_package_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", "some-ear-1", part=FIRST, config=SETTINGS)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert not MODEL.is_installed()

    with pytest.raises(EngineUnavailableError, match="some-ear-2"):
        MODEL.folder(tmp_path / "models")


def test_a_package_without_its_file_is_an_unavailable_model(site: Path, tmp_path: Path) -> None:
    (site / "some_ear_2" / "part").unlink()

    with pytest.raises(EngineUnavailableError, match="small-ear could not be joined"):
        MODEL.folder(tmp_path)


@pytest.mark.usefixtures("site")
def test_a_place_that_cannot_be_written_is_an_unavailable_model(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file, not a folder")

    with pytest.raises(EngineUnavailableError, match="small-ear could not be joined") as refusal:
        MODEL.folder(tmp_path / "models")

    assert str(tmp_path) not in str(refusal.value)


# Joins the model, but stands still for ever as soon as the first bytes of the weights are written.
STANDING_STILL = """
import sys, time
from pathlib import Path
import worker.weights.packaged as joining
from tests.unit.test_packaged_models import MODEL

def stand_still(file, chunks=joining._chunks):
    for chunk in chunks(file):
        yield chunk
        if file.name == "model.bin":
            time.sleep(600)

joining._chunks = stand_still
MODEL.folder(Path(sys.argv[1]))
"""
JOINING = """
import sys
from pathlib import Path
from tests.unit.test_packaged_models import MODEL
print("joining", flush=True)
MODEL.folder(Path(sys.argv[1]))
"""


def start(program: str, site: Path, models_dir: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{site}"}
    return subprocess.Popen(
        [sys.executable, "-c", program, str(models_dir)], env=environment, cwd=ROOT, stdout=subprocess.PIPE
    )


def test_a_process_killed_in_the_middle_leaves_no_model_and_the_next_one_joins_it(
    site: Path, tmp_path: Path
) -> None:
    models_dir = tmp_path / "models"
    killed = start(STANDING_STILL, site, models_dir)
    eventually((models_dir / "small-ear" / "model.bin.unfinished").exists, what="it joins")
    waiting = start(JOINING, site, models_dir)
    assert waiting.stdout
    assert waiting.stdout.readline() == b"joining\n"

    killed.send_signal(signal.SIGKILL)

    assert killed.wait() == -signal.SIGKILL
    assert waiting.wait(60) == 0
    assert files_in(models_dir / "small-ear") == WHOLE


def test_several_at_once_end_with_one_whole_model(site: Path, tmp_path: Path) -> None:
    several = [start(JOINING, site, tmp_path / "models") for _ in range(4)]

    assert [process.wait(120) for process in several] == [0, 0, 0, 0]
    assert files_in(tmp_path / "models" / "small-ear") == WHOLE
