"""Audio on its shelf: the bytes in the store and the rows that say so, together."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from shared import audio_objects
from shared.models import AudioObject
from shared.storage import MP3, LocalAudioStore


@dataclass(frozen=True, slots=True)
class AudioShelf:
    """Loads recordings and saves speech. `host` names the machine whose disk `store` writes to."""

    sessions: sessionmaker[Session]
    store: LocalAudioStore
    host: str

    def load(self, audio_id: UUID) -> bytes:
        """Return the object's bytes. Raises `StorageError`."""
        with self.sessions() as session:
            name = session.get_one(AudioObject, audio_id).name
        return self.store.read(name)

    def save_mp3(self, data: bytes, *, seconds: float) -> UUID:
        """Store an MP3 of `seconds` of sound and return its id. Raises `StorageError`."""
        with self.sessions.begin() as session:
            spoken = audio_objects.intend(
                session, host=self.host, content_type=MP3, size_bytes=len(data), seconds=seconds
            )
        self.store.write(spoken.name, data)
        with self.sessions.begin() as session:
            audio_objects.mark_stored(session, [spoken.id])
        return spoken.id
