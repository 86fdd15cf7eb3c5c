"""A learner's conversations: lists them, reads their messages, deletes one with all that belongs to it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter
from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from api.audio.stores import Storing
from api.conversations.schemas import ConversationsQuery, MessagesQuery
from api.database import Sessions
from api.http.paging import NEWEST_FIRST, Cursors, MomentAndId, Page
from api.http.problems import NotFoundError
from shared import audio_objects, conversations, learners
from shared.learners import LearnerRef
from shared.models import AudioObject, Conversation, Job, Message, MessageRole
from shared.storage import StorageError

logger = logging.getLogger(__name__)

_MAX_TURN = 2**31 - 1
_TurnAndRole = tuple[int, MessageRole]
_AS_SAID: Cursors[_TurnAndRole] = Cursors(
    TypeAdapter(tuple[Annotated[int, Field(ge=0, le=_MAX_TURN)], MessageRole])
)
# So few files are removed in a moment, even on a slow disk.
_BATCH = 50


class ConversationNotFoundError(NotFoundError):
    """There is no such conversation, or it is another learner's."""

    def __init__(self) -> None:
        super().__init__("There is no such conversation.")


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """What a list shows of a conversation. `last_message`: the text said last; None before the first."""

    id: UUID
    public_id: str
    last_message: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message, and the remaining fields of the job that made it: None if that has expired.

    `expires_at`: when the job does; the last three are its sounds.
    """

    message: Message
    job_id: UUID | None
    expires_at: datetime | None
    recording: AudioObject | None
    speech: AudioObject | None
    explanation: AudioObject | None


@dataclass(frozen=True, slots=True)
class Conversations:
    """Every query is about one learner's. An ended job and its sounds are there for as long as `keep`."""

    sessions: Sessions
    storing: Storing
    keep: timedelta

    async def page(self, learner: LearnerRef, query: ConversationsQuery) -> Page[ConversationRecord]:
        """Return the learner's conversations, most recently used first, in one query.

        One that is used while the pages are walked moves before the first of them.
        Raises `InvalidRequestError` for a bad cursor.
        """
        before = NEWEST_FIRST.read(query.cursor)
        found = await self.sessions.read(_recently_used, learner, query, before)
        return NEWEST_FIRST.page(found, query.limit, lambda record: (record.updated_at, record.id))

    async def messages(
        self, learner: LearnerRef, public_id: str, query: MessagesQuery
    ) -> Page[MessageRecord]:
        """Return the messages of the learner's conversation, oldest first, in two queries.

        Raises `ConversationNotFoundError`, and `InvalidRequestError` for a bad cursor.
        """
        after = _AS_SAID.read(query.cursor)
        found = await self.sessions.read(_said, learner, public_id, query, after, self.keep)
        return _AS_SAID.page(found, query.limit, lambda record: (record.message.turn, record.message.role))

    async def delete(self, learner: LearnerRef, public_id: str) -> None:
        """Delete the learner's conversation: its jobs, whatever they are at, its messages and its audio.

        Once the rows are gone so is the conversation; audio that could not be removed then is an orphan,
        left to whoever looks for those. Raises `ConversationNotFoundError`.
        """
        audio_ids = await self.sessions.commit(conversations.delete, learner, public_id)
        if audio_ids is None:
            raise ConversationNotFoundError
        try:
            for start in range(0, len(audio_ids), _BATCH):
                await self.sessions.commit(self._remove_audio, audio_ids[start : start + _BATCH])
        except (SQLAlchemyError, StorageError):
            logger.warning("audio of a deleted conversation is left to be removed as orphans")

    def _remove_audio(self, session: Session, audio_ids: Sequence[UUID]) -> None:
        """Remove bytes, then rows, of the objects that no job names."""
        locked = audio_objects.lock(session, audio_ids)
        gone = self.storing.remove_in_time(audio_objects.unnamed(session, locked))
        audio_objects.delete_rows(session, gone)


def _recently_used(
    session: Session, learner: LearnerRef, query: ConversationsQuery, before: MomentAndId | None
) -> Sequence[ConversationRecord]:
    last_message = (
        select(col(Message.text))
        .where(col(Message.conversation_id) == col(Conversation.id))
        .order_by(col(Message.turn).desc(), col(Message.role).desc())
        .limit(1)
        .scalar_subquery()
    )
    place = (col(Conversation.updated_at), col(Conversation.id))
    statement = select(
        col(Conversation.id),
        col(Conversation.public_id),
        last_message.label("last_message"),
        col(Conversation.created_at),
        col(Conversation.updated_at),
    ).where(col(Conversation.learner_id) == learners.id_of(learner))
    if before is not None:
        statement = statement.where(tuple_(*place) < before)
    rows = session.execute(statement.order_by(*(part.desc() for part in place)).limit(query.limit + 1))
    return [ConversationRecord(**row._asdict()) for row in rows]


def _said(  # noqa: PLR0913, PLR0917
    session: Session,
    learner: LearnerRef,
    public_id: str,
    query: MessagesQuery,
    after: _TurnAndRole | None,
    keep: timedelta,
) -> Sequence[MessageRecord]:
    conversation_id = conversations.find(session, learner, public_id)
    if conversation_id is None:
        raise ConversationNotFoundError
    recording, speech, explanation = (aliased(AudioObject) for _ in range(3))
    expires_at = col(Job.finished_at) + keep
    # In a turn the learner's message comes first, in the alphabet too.
    place = (col(Message.turn), col(Message.role))
    statement = (
        select(Message, col(Job.id), expires_at, recording, speech, explanation)
        .outerjoin(Job, and_(col(Job.id) == col(Message.job_id), expires_at > func.now()))
        .outerjoin(recording, col(recording.id) == col(Job.upload_id))
        .outerjoin(speech, col(speech.id) == col(Job.reply_audio_id))
        .outerjoin(explanation, col(explanation.id) == col(Job.explanation_audio_id))
        .where(col(Message.conversation_id) == conversation_id)
        .order_by(*place)
        .limit(query.limit + 1)
    )
    if after is not None:
        statement = statement.where(tuple_(*place) > after)
    return [MessageRecord(*row) for row in session.execute(statement)]
