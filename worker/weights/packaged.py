"""Models that come as data in installed packages, joined into a folder of their own.

A package index limits a file's size, so a model's weights come in parts, one per package. No code of these
packages is run: their files are read and, once joined, must match the size and SHA-256 pinned here.
"""

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from worker.errors import EngineUnavailableError

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file of a model. `parts`: what to join, in order, each a package and a path in it."""

    name: str
    size: int
    sha256: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model of one file or several; `name` is a folder's name and unique among models."""

    name: str
    files: tuple[PackagedFile, ...]

    @property
    def packages(self) -> list[str]:
        """The packages that hold the files, each once."""
        return list(dict.fromkeys(package for file in self.files for package, _ in file.parts))

    def is_installed(self) -> bool:
        """Tell whether all of the packages are installed."""
        try:
            return all(distribution(package) for package in self.packages)
        except PackageNotFoundError:
            return False

    def folder(self, models_dir: Path) -> Path:
        """Return the model's folder in `models_dir`, after joining the files that are not there yet.

        The folder never holds a partial file: each gets its name only once it is on the disk, so a crash
        leaves nothing that could be taken for a model. If several processes ask, one joins while the
        others wait. Raises `EngineUnavailableError` if a package is missing, its data do not match what
        is pinned, or the files cannot be written.
        """
        folder = models_dir / self.name
        try:
            with _alone(models_dir, self.name):
                missing = [file for file in self.files if not _is_whole(folder / file.name, file)]
                for file in missing:
                    _join(file, folder)
            came = "joined just now" if missing else "joined before"
            sources = ", ".join(f"{name} {distribution(name).version}" for name in self.packages)
        except PackageNotFoundError as error:
            raise EngineUnavailableError(
                f"The package {error.name}, a part of a model, is missing."
            ) from error
        except OSError as error:
            raise EngineUnavailableError(
                f"The model {self.name} could not be joined from its parts."
            ) from error
        logger.info("model %s: from %s, %s in %s", self.name, sources, came, folder)
        return folder


@contextmanager
def _alone(models_dir: Path, name: str) -> Iterator[None]:
    """Keep other processes from joining the same model. The lock is released even if its holder crashes."""
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_whole(path: Path, file: PackagedFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest() == file.sha256


def _join(file: PackagedFile, folder: Path) -> None:
    """Write the joined parts under a temporary name; rename them once they are verified and on the disk."""
    folder.mkdir(exist_ok=True)
    unfinished = folder / f"{file.name}.unfinished"
    try:
        with unfinished.open("wb") as joined:
            for chunk in _chunks(file):
                joined.write(chunk)
            joined.flush()
            os.fsync(joined.fileno())
        if not _is_whole(unfinished, file):
            raise EngineUnavailableError(
                f"A model's packages are damaged or of another version: {file.name} is not what is pinned."
            )
        unfinished.replace(folder / file.name)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync(folder)


def _chunks(file: PackagedFile) -> Iterator[bytes]:
    for package, path in file.parts:
        with Path(str(distribution(package).locate_file(path))).open("rb") as part:
            while chunk := part.read(_CHUNK_BYTES):
                yield chunk


def _sync(folder: Path) -> None:
    """Flush a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
