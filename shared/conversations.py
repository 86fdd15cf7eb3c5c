"""Conversations and what was said in them. A repository: it never commits."""

from collections.abc import Sequence
from itertools import accumulate
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import Conversation, Job, Message, MessageRole


def take_turn(session: Session, user_id: str, public_id: str | None) -> Conversation:
    """Lock the user's conversation, or start it, and give out its next turn number as `last_turn`.

    Without `public_id` a new conversation is started under an id of the server's making.
    The row stays locked until the transaction ends, so turns are numbered without gaps or races.
    """
    statement = (
        insert(Conversation)
        .values(id=uuid4(), user_id=user_id, public_id=public_id or f"conv-{uuid4().hex}", last_turn=1)
        .on_conflict_do_update(
            index_elements=["user_id", "public_id"],
            set_={"last_turn": col(Conversation.last_turn) + 1, "updated_at": func.now()},
        )
        .returning(Conversation)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def next_turn(session: Session, conversation_id: UUID) -> int:
    """Give out the next turn number of a locked conversation."""
    statement = (
        update(Conversation)
        .where(col(Conversation.id) == conversation_id)
        .values(last_turn=col(Conversation.last_turn) + 1, updated_at=func.now())
        .returning(col(Conversation.last_turn))
    )
    return session.execute(statement, execution_options={"synchronize_session": False}).scalar_one()


def lock(session: Session, conversation_id: UUID) -> None:
    """Lock the conversation's row. Everywhere the conversation is locked first, then its job."""
    session.execute(
        select(col(Conversation.id)).where(col(Conversation.id) == conversation_id).with_for_update()
    )


def add_messages(session: Session, job: Job) -> None:
    """Write what was said in `job`'s turn: the learner's message and the tutor's."""
    learner = Message(
        conversation_id=job.conversation_id,
        job_id=job.id,
        turn=job.turn,
        role=MessageRole.LEARNER,
        text=job.transcript or job.message or "",
    )
    tutor = Message(
        conversation_id=job.conversation_id,
        job_id=job.id,
        turn=job.turn,
        role=MessageRole.TUTOR,
        text=job.reply_text or "",
        mistake_wrong=job.mistake_wrong,
        mistake_right=job.mistake_right,
        mistake_category=job.mistake_category,
        hinglish_explanation=job.hinglish_explanation,
        score=job.score,
    )
    session.add_all([learner, tutor])


def last_messages(
    session: Session, conversation_id: UUID, *, limit: int, characters: int
) -> Sequence[Message]:
    """Return the newest messages, oldest first: at most `limit`, with at most `characters` together.

    In a turn the learner's comes first.
    """
    statement = (
        select(Message)
        .where(col(Message.conversation_id) == conversation_id)
        .order_by(col(Message.turn).desc(), col(Message.role).desc())
        .limit(limit)
    )
    newest = session.scalars(statement).all()
    lengths = accumulate(len(message.text) for message in newest)
    return [message for message, length in zip(newest, lengths, strict=True) if length <= characters][::-1]
