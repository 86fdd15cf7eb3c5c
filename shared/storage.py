"""Where audio is stored. We choose the objects' names, so no client's path ever becomes a file's."""

import os
import re
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from shared.errors import DomainError, ErrorCode

MP3 = "audio/mpeg"
FLAC = "audio/flac"
_EXTENSIONS = {MP3: "mp3", FLAC: "flac"}
_NAME = re.compile(r"[0-9a-f]{32}\.(mp3|flac)")


class StorageError(DomainError):
    """The object could not be written or read."""

    code = ErrorCode.STORAGE_UNAVAILABLE


def new_object_name(content_type: str) -> str:
    """Return a fresh, unguessable name: 32 hexadecimal digits and the type's extension."""
    return f"{uuid4().hex}.{_EXTENSIONS[content_type]}"


def content_type_of(name: str) -> str:
    """Return the media type of the name's extension."""
    extension = name.rpartition(".")[2]
    return next(known for known, ending in _EXTENSIONS.items() if ending == extension)


def is_object_name(name: str) -> bool:
    """Tell whether the name could be one of ours."""
    return _NAME.fullmatch(name) is not None


class LocalAudioStore:
    """Audio objects as files under `directory`, spread over 256 folders. Safe for threads and processes.

    What is still being written lies in a folder of its own: what a killed writer leaves is found there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._unfinished = directory / "unfinished"

    def path(self, name: str) -> Path:
        """Return the object's path, existing or not. Raises `ValueError` for a name that is not ours."""
        if not is_object_name(name):
            raise ValueError("not an audio object's name")
        return self._directory / name[:2] / name

    def write(self, name: str, data: bytes) -> None:
        """Write the object; readers see all of it or nothing. Raises `StorageError`."""
        path = self.path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._unfinished.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._unfinished, delete=False) as file:
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(path)
                finally:
                    # Still there only where something failed: a full disk must not fill with halves.
                    Path(file.name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError("The audio could not be stored.") from error

    def read(self, name: str) -> bytes:
        """Return the object's bytes. Raises `StorageError`."""
        try:
            return self.path(name).read_bytes()
        except OSError as error:
            raise StorageError("The audio could not be read.") from error

    def remove(self, name: str) -> bool:
        """Remove the object and tell whether it was there. Raises `StorageError`."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError("The audio could not be removed.") from error
        return True

    def remove_unfinished(self, *, older_than: timedelta) -> int:
        """Remove what killed writers left; return how many files that were. Raises `StorageError`."""
        removed, before = 0, time.time() - older_than.total_seconds()
        try:
            for path in self._unfinished.glob("*"):
                if path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
                    removed += 1
        except OSError as error:
            raise StorageError("The audio folder could not be tidied.") from error
        return removed

    def check(self) -> None:
        """Raise `StorageError` where nothing could be written."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError("The audio folder cannot be made.") from error
        if not os.access(self._directory, os.W_OK | os.X_OK):
            raise StorageError("The audio folder cannot be written.")
