"""Moves audio to S3 that was kept on a disk while S3 did not take it, or before there was S3.

Only a process that can reach the disk can move what lies there: every host that stores audio needs a
maintenance worker, or an `AUDIO_DIR` that it shares with one.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from shared import audio_objects
from shared.audio_stores import AudioStores
from shared.models import AudioBackend, AudioObject
from shared.s3 import S3AudioStore
from shared.storage import StorageError
from worker.upkeep.locks import Lock, holding

logger = logging.getLogger(__name__)

_BATCH = 200


@dataclass(frozen=True, slots=True)
class AudioMigration:
    """Moves one object at a time: to S3, then its row, then away with the file.

    The row stays locked meanwhile, so nobody removes the object under it; whatever dies in between leaves
    a row that says what is true, and the next pass goes on.
    """

    sessions: sessionmaker[Session]
    stores: AudioStores

    def run(self) -> None:
        """Move what can be moved, unless another pass is at it. An S3 that fails ends the pass."""
        s3 = self.stores.s3
        if s3 is None:
            return
        with holding(self.sessions, Lock.MOVE) as held:
            if held is None:
                return
            moved = 0
            try:
                found = self._on_disk(after=None)
                while found:
                    moved += sum(self._move(audio, s3) for audio in found if self.stores.holds_file(audio))
                    found = self._on_disk(after=found[-1])
            except StorageError:
                logger.warning("audio stays on this host's disk: the next pass tries again")
            if moved:
                logger.info("moved %d sounds to S3", moved)

    def _on_disk(self, *, after: AudioObject | None) -> Sequence[AudioObject]:
        with self.sessions() as session:
            return audio_objects.on_disk(session, after=after, limit=_BATCH)

    def _move(self, audio: AudioObject, s3: S3AudioStore) -> bool:
        """Move the object, or end a move that was cut short; tell whether it is done."""
        if audio.backend is AudioBackend.LOCAL and not self._upload(audio, s3):
            return False
        self.stores.local.remove(audio.name)
        with self.sessions.begin() as session:
            audio_objects.mark_off_disk(session, audio.id)
        return True

    def _upload(self, audio: AudioObject, s3: S3AudioStore) -> bool:
        with self.sessions.begin() as session:
            if audio_objects.lock_on_disk(session, audio.id) is None:
                return False
            try:
                data = self.stores.local.read(audio.name)
            except StorageError:
                logger.warning("a sound on this host's disk cannot be read: it is not moved")
                return False
            s3.write(audio.name, data)
            audio_objects.mark_moved(session, audio.id)
        return True
