"""Audio on its shelf: the bytes in a store and the rows that say so, together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from shared import audio_objects
from shared.audio_objects import WrittenAudio
from shared.audio_stores import AudioStores
from shared.models import AudioObject
from shared.storage import MP3, StorageError


class IntendedAudio(NamedTuple):
    """A sound that is about to be written under this name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class AudioShelf:
    """Loads recordings and writes speech. Each of its questions is one statement, without a transaction."""

    sessions: sessionmaker[Session]
    stores: AudioStores
    _ahead: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), init=False)

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

    def intend(self, learner_id: UUID) -> IntendedAudio:
        """Note that an MP3 is about to be written for the learner, so that no file is ever unknown."""
        with self.sessions.begin() as session:
            audio = audio_objects.intend(
                session, host=self.stores.host, content_type=MP3, learner_id=learner_id
            )
        return IntendedAudio(audio.id, audio.name)

    def intend_ahead(self, learner_id: UUID) -> Callable[[], IntendedAudio]:
        """Do as `intend` in a thread, beside an engine's work; return what waits for it.

        Asked again, because the database was away, that tries anew.
        """
        tries = [self._ahead.submit(self.intend, learner_id)]

        def intended() -> IntendedAudio:
            return tries.pop().result() if tries else self.intend(learner_id)

        return intended

    def write(self, intended: IntendedAudio, data: bytes, *, seconds: float) -> WrittenAudio:
        """Write an MP3 of `seconds` of sound. Raises `StorageError`."""
        return WrittenAudio(intended.id, self.stores.write(intended.name, data), len(data), seconds)

    def _row(self, audio_id: UUID) -> AudioObject:
        with self.sessions.begin() as session:
            return session.get_one(AudioObject, audio_id)
