"""Retention: removes jobs that have expired, recordings without use, and audio that no job names.

Jobs go first; their audio is then what any lost audio is: an object that no job names. Its bytes go
before its row, so whatever dies in between leaves a row that the next pass finds, never unknown bytes.
Conversations, messages and usage stay unless a deployment limits that: the tutor remembers what a job
forgets.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from shared import audio_objects, conversations, jobs
from shared.audio_stores import AudioStores
from shared.models import AudioObject
from shared.storage import StorageError
from worker.upkeep.locks import Lock, holding

logger = logging.getLogger(__name__)

# By then the writer of an object has either named it in a job or died.
ORPHAN_AGE = timedelta(hours=1)
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes in small batches, each a transaction of its own.

    Another host's object is removed where its file is found here too (a shared folder), and otherwise left
    to the upkeep of that host.
    """

    sessions: sessionmaker[Session]
    stores: AudioStores
    keep: timedelta
    retry_window: timedelta
    keep_conversations: timedelta | None = None

    def run(self) -> None:
        """Remove what is due, unless another pass is running. Storage failures are only logged."""
        with holding(self.sessions, Lock.RETENTION) as held:
            if held is None:
                return
            expired = self._expire_jobs()
            self._expire_conversations()
            try:
                removed = self._remove_recordings_without_use()
                removed += self._remove_orphans()
                removed += self.stores.local.remove_unfinished(older_than=ORPHAN_AGE)
            except StorageError:
                logger.exception("audio could not be removed; the next pass tries again")
                return
            if expired or removed:
                logger.info("removed %d expired jobs and %d sounds", expired, removed)

    def _expire_jobs(self) -> int:
        expired, deleted = 0, _BATCH
        while deleted == _BATCH:
            with self.sessions.begin() as session:
                deleted = jobs.delete_expired(session, keep=self.keep, limit=_BATCH)
            expired += deleted
        return expired

    def _expire_conversations(self) -> None:
        """Delete conversations that were not used for long; their audio is then what no job names."""
        if self.keep_conversations is None:
            return
        while True:
            with self.sessions.begin() as session:
                deleted = conversations.delete_unused(session, keep=self.keep_conversations, limit=_BATCH)
            if deleted < _BATCH:
                return

    def _remove_recordings_without_use(self) -> int:
        """Remove the recordings of failed and cancelled jobs that nothing can retry.

        What dies in between leaves orphans.
        """
        removed, found = 0, self._drop_recordings()
        while found:
            removed += self._remove(found)
            found = self._drop_recordings()
        return removed

    def _drop_recordings(self) -> Sequence[UUID]:
        with self.sessions.begin() as session:
            return jobs.drop_recordings(session, window=self.retry_window, limit=_BATCH)

    def _remove_orphans(self) -> int:
        removed = 0
        found = self._orphans(after=None)
        while found:
            removed += self._remove([audio.id for audio in found])
            found = self._orphans(after=found[-1])
        return removed

    def _orphans(self, *, after: AudioObject | None) -> Sequence[AudioObject]:
        with self.sessions() as session:
            return audio_objects.orphans(session, age=ORPHAN_AGE, after=after, limit=_BATCH)

    def _remove(self, audio_ids: Collection[UUID]) -> int:
        """Remove bytes, then rows, of those that still are orphans once nobody can name them any more."""
        with self.sessions.begin() as session:
            locked = audio_objects.lock(session, audio_ids)
            gone = self.stores.remove(audio_objects.unnamed(session, locked))
            audio_objects.delete_rows(session, gone)
        return len(gone)
