"""Erases learners, step by step: whatever dies in between is gone on with at the next pass.

Jobs first, so that no worker writes any more; then mistakes and what was said, what is cached, the sounds,
and last the learner's own row. Every table refers to that row, so PostgreSQL keeps it while anything is left.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shared import audio_objects, conversations, erasures, learners, telemetry
from shared.abandoning import abandon
from shared.audio_stores import AudioStores
from shared.database import may_pass
from shared.learners import LearnerRef
from shared.learning import ledger
from shared.models import Erasure, ErasureState, Learner
from shared.storage import StorageError
from shared.transitions import Transitions
from worker.cache import PREFIX
from worker.upkeep.locks import Lock, holding

logger = logging.getLogger(__name__)

# Longer than a store may take to write what a row was added for.
_WRITING = timedelta(seconds=30)
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Erasing:
    """Erases whoever is to be erased, as far as that is possible now."""

    sessions: sessionmaker[Session]
    stores: AudioStores
    redis: Redis
    zone: ZoneInfo

    def run(self) -> None:
        """Go on with every erasure, unless another pass is running."""
        with holding(self.sessions, Lock.ERASING) as held:
            if held is None:
                return
            with self.sessions() as session:
                found = erasures.unfinished(session)
            for learner, erasure in found:
                try:
                    self._go_on(learner, erasure)
                except SQLAlchemyError as error:
                    if may_pass(error):
                        raise
                    # One that cannot be finished keeps nobody else's from it.
                    what = telemetry.without_words(error)
                    logger.error("the learner %s cannot be erased: %s", erasure.pseudonym, what)  # noqa: TRY400

    def _go_on(self, learner: Learner, erasure: Erasure) -> None:
        if self._cancel_jobs(learner.id):
            return  # some are at work, and end soon
        # Before the conversations: else each of these would have what is left of its mistakes told anew.
        with self.sessions.begin() as session:
            ledger.forget_learner(session, learner.id)
        self._delete_conversations(learner)
        try:
            self._forget_cached(learner.id)
        except (RedisError, OSError) as error:
            logger.warning("an erasure waits for the cache (%s)", type(error).__name__)
            return
        with self.sessions() as session:
            if erasures.is_being_written(session, learner.id, within=_WRITING):
                return
        if not self._remove_audio(learner.id):
            logger.warning("an erasure waits for the audio storage")
            self._note(erasure, ErasureState.STORAGE_AWAY)
            return
        with self.sessions.begin() as session:
            erasures.finish(session, learner, erasure.id)
        logger.info("erased the learner %s", erasure.pseudonym)

    def _cancel_jobs(self, learner_id: UUID) -> bool:
        """Cancel the learner's jobs; return whether any is still at work."""
        with self.sessions() as session:
            jobs = learners.unfinished_jobs(session, learner_id)
        for job_id in jobs:
            try:
                with self.sessions.begin() as session:
                    transitions = Transitions(session, self.zone)
                    transitions.cancel(*transitions.lock(job_id))
            except NoResultFound:
                continue
            except SQLAlchemyError as error:
                if may_pass(error):
                    raise
                what = telemetry.without_words(error)
                logger.error("abandoned, for its proper end cannot be written: %s", what)  # noqa: TRY400
                with self.sessions.begin() as session:
                    abandon(session, job_id)
        with self.sessions() as session:
            return bool(learners.unfinished_jobs(session, learner_id))

    def _delete_conversations(self, learner: Learner) -> None:
        with self.sessions() as session:
            names = erasures.conversations_of(session, learner.id)
        for public_id in names:
            with self.sessions.begin() as session:
                conversations.delete(session, LearnerRef(learner.app_id, learner.user_id), public_id)

    def _forget_cached(self, learner_id: UUID) -> None:
        """Remove what the cache keeps of the learner. Raises `RedisError`, `OSError`."""
        keys = []
        for key in self.redis.scan_iter(f"{PREFIX}{learner_id}:*", count=1000):
            keys.append(key)
            if len(keys) == _BATCH:
                self.redis.unlink(*keys)
                keys.clear()
        if keys:
            self.redis.unlink(*keys)

    def _remove_audio(self, learner_id: UUID) -> bool:
        """Remove bytes, then rows; return whether nothing is left."""
        while True:
            with self.sessions.begin() as session:
                found = erasures.audio_of(session, learner_id, limit=_BATCH)
                locked = set(audio_objects.lock(session, [audio.id for audio in found]))
                try:
                    gone = self.stores.remove([audio for audio in found if audio.id in locked])
                except StorageError:
                    return False
                audio_objects.delete_rows(session, gone)
            if not found:
                return True
            if not gone:
                return False

    def _note(self, erasure: Erasure, state: ErasureState) -> None:
        with self.sessions.begin() as session:
            erasures.note(session, erasure.id, state)
