"""The stores that one program can reach, and which of them an audio object's row means.

The row decides where audio lies, never a guess: `backend` says what to read it from, `host` on whose disk
a file of it may lie. An object in S3 has a host only between its move there and the removal of its file.
"""

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.metrics import AUDIO_KEPT_ON_DISK
from shared.models import AudioBackend, AudioObject
from shared.s3 import S3AudioStore
from shared.settings import SharedSettings
from shared.storage import LocalAudioStore, StorageError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AudioStores:
    """Audio on the disk of this `host`, and in S3 where that is set."""

    local: LocalAudioStore
    host: str
    s3: S3AudioStore | None = None

    def write(self, name: str, data: bytes) -> AudioBackend:
        """Write the object to S3, or to this host's disk where S3 is not set or fails; return where it is.

        Its row says this host until then, so that neither place can hold what no row knows.
        Raises `StorageError` where the disk fails too.
        """
        if self.s3 is not None:
            try:
                self.s3.write(name, data)
            except StorageError:
                logger.warning("a sound is kept on this host's disk until S3 takes it")
            else:
                return AudioBackend.S3
        self.local.write(name, data)
        if self.s3 is not None:
            AUDIO_KEPT_ON_DISK.inc()
        return AudioBackend.LOCAL

    def read(self, audio: AudioObject) -> bytes:
        """Return the object's bytes. Raises `StorageError`."""
        if audio.backend is AudioBackend.LOCAL:
            return self.local.read(audio.name)
        if self.s3 is None:
            raise StorageError("The audio is in S3, which is not configured here.")
        return self.s3.read(audio.name)

    def holds_file(self, audio: AudioObject) -> bool:
        """Tell whether the object's file, if it has one, is on a disk that this process can reach."""
        return audio.host == self.host or self.local.path(audio.name).is_file()

    def remove(self, found: Sequence[AudioObject]) -> list[UUID]:
        """Remove the objects; return the ids of those of which nothing is left, as far as we know.

        Where S3 is set every name is removed there too: a write that was given up may have arrived late.
        Another host's file is removed where it is found here (a shared folder). Raises `StorageError`.
        """
        off_disk = [
            audio
            for audio in found
            if audio.host is None or self.local.remove(audio.name) or audio.host == self.host
        ]
        if self.s3 is None:
            return [audio.id for audio in off_disk if audio.backend is AudioBackend.LOCAL]
        self.s3.remove([audio.name for audio in off_disk])
        return [audio.id for audio in off_disk]

    def check(self) -> None:
        """Raise `StorageError` where S3, if it is set, or the local folder cannot be used."""
        self.local.check()
        if self.s3 is not None:
            self.s3.check()

    def close(self) -> None:
        """Let go of what the stores hold."""
        if self.s3 is not None:
            self.s3.close()


def open_stores(settings: SharedSettings) -> AudioStores:
    """Return the stores that the settings name, without connecting to a server yet."""
    s3 = None if settings.s3 is None else S3AudioStore(settings.s3)
    return AudioStores(LocalAudioStore(settings.local_audio_dir), socket.gethostname(), s3)
