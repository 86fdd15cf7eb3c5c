"""Audio on its shelf: the bytes in a store and the rows that say so, together."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from shared import audio_objects
from shared.audio_objects import WrittenAudio
from shared.audio_stores import AudioStores
from shared.models import AudioObject
from shared.storage import MP3, StorageError


@dataclass(frozen=True, slots=True)
class AudioShelf:
    """Loads recordings and writes speech."""

    sessions: sessionmaker[Session]
    stores: AudioStores

    def load(self, audio_id: UUID) -> bytes:
        """Return the object's bytes. Raises `StorageError`."""
        audio = self._row(audio_id)
        try:
            return self.stores.read(audio)
        except StorageError:
            now = self._row(audio_id)
            if now.backend is audio.backend:
                raise
            return self.stores.read(now)  # it was moved in between

    def has(self, audio_id: UUID) -> bool:
        """Tell whether the object is stored and not about to be removed; the next moment it may be gone."""
        with self.sessions.begin() as session:
            return audio_id in audio_objects.hold(session, [audio_id])

    def write_mp3(self, data: bytes, *, seconds: float, learner_id: UUID) -> WrittenAudio:
        """Write an MP3 of `seconds` of sound for the learner. Raises `StorageError`."""
        with self.sessions.begin() as session:
            spoken = audio_objects.intend(
                session,
                host=self.stores.host,
                content_type=MP3,
                size_bytes=len(data),
                seconds=seconds,
                learner_id=learner_id,
            )
        return WrittenAudio(spoken.id, self.stores.write(spoken.name, data), seconds)

    def _row(self, audio_id: UUID) -> AudioObject:
        with self.sessions.begin() as session:
            return session.get_one(AudioObject, audio_id)
