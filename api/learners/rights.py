"""Consent, and erasures begun and followed; the maintenance worker does them (`worker.upkeep.erasing`)."""

import logging
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from api.access.principal import Principal
from api.access.secrets import AccessSecrets
from api.database import Sessions
from api.http.problems import NotFoundError
from api.jobs.limits import ErasureInProgressError
from api.learners.schemas import ConsentRequest
from api.publishing import Publisher
from shared import erasures, learners
from shared.learners import LearnerRef
from shared.models import Erasure, Learner, QueueName
from shared.queue import PublishError, TaskName

logger = logging.getLogger(__name__)


class ErasureNotFoundError(NotFoundError):
    """There is no such erasure, or it is another app's or learner's."""

    def __init__(self) -> None:
        super().__init__("There is no such erasure.")


@dataclass(frozen=True, slots=True)
class LearnerRights:
    """What learners, or their apps for them, may ask for beside lessons."""

    sessions: Sessions
    publisher: Publisher
    secrets: AccessSecrets

    async def note_consent(self, learner: LearnerRef, consent: ConsentRequest) -> Learner:
        """Note it and return the learner. Raises `ErasureInProgressError`."""
        return await self.sessions.commit(_note_consent, learner, consent)

    async def erase(self, learner: LearnerRef) -> UUID:
        """Begin to erase everything of the learner; return the erasure's id."""
        pseudonym = self.secrets.pseudonym(learner)
        erasure_id = await self.sessions.commit(erasures.ask, learner, pseudonym)
        logger.info("the learner %s is to be erased", pseudonym)
        try:
            await self.publisher.send(TaskName.ERASE, queue_name=QueueName.MAINTENANCE)
        except (PublishError, TimeoutError, RuntimeError):
            logger.warning("an erasure begins at the maintenance worker's next look")
        return erasure_id

    async def erasure(self, principal: Principal, erasure_id: UUID) -> Erasure:
        """Return the erasure. Raises `ErasureNotFoundError`."""
        found = await self.sessions.read(erasures.find, erasure_id)
        if found is None or found.app_id != principal.app_id:
            raise ErasureNotFoundError
        own = principal.user_id
        if own is not None and not self.secrets.is_pseudonym(
            found.pseudonym, LearnerRef(principal.app_id, own)
        ):
            raise ErasureNotFoundError
        return found


def _note_consent(session: Session, learner: LearnerRef, consent: ConsentRequest) -> Learner:
    row = learners.lock(session, learner)
    if row.erasure_id is not None:
        raise ErasureInProgressError("Everything of this learner is being erased.")
    session.execute(update(Learner).where(col(Learner.id) == row.id).values(**consent.model_dump()))
    session.refresh(row)
    return row
