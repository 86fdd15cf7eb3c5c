"""Conversations and their messages. A repository: it never commits."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Select, bindparam, exists, func, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col

from shared import events, learners
from shared.learners import LearnerRef
from shared.learning import ledger
from shared.models import Conversation, Job, Message, MessageRole, Step
from shared.statements import built_once


class TakenTurn(NamedTuple):
    """The next turn of a conversation: its number, and the conversation's id and what clients call it."""

    conversation_id: UUID
    public_id: str
    number: int


def take_turn(session: Session, learner_id: UUID, public_id: str | None) -> TakenTurn:
    """Lock the learner's conversation, or create it, and assign its next turn.

    Without `public_id` a new conversation is started under an id of the server's making.
    The row stays locked until the transaction ends, so turns are numbered without gaps or races.
    """
    row = {
        "id": uuid4(),
        "learner_id": learner_id,
        "public_id": public_id or f"conv-{uuid4().hex}",
        "last_turn": 1,
    }
    taken = session.execute(_take_turn(), row).one()
    return TakenTurn(taken.id, taken.public_id, taken.last_turn)


@built_once
def _take_turn() -> ReturningInsert[UUID, str, int]:
    table = Conversation.metadata.tables["conversations"]
    return (
        insert(table)
        .on_conflict_do_update(
            index_elements=["learner_id", "public_id"],
            set_={"last_turn": table.c.last_turn + 1, "updated_at": func.now()},
        )
        .returning(table.c.id, table.c.public_id, table.c.last_turn)
    )


def next_turn(session: Session, conversation_id: UUID) -> int:
    """Assign the next turn number of a locked conversation."""
    statement = (
        update(Conversation)
        .where(col(Conversation.id) == conversation_id)
        .values(last_turn=col(Conversation.last_turn) + 1, updated_at=func.now())
        .returning(col(Conversation.last_turn))
    )
    return session.execute(statement, execution_options={"synchronize_session": False}).scalar_one()


def find(session: Session, learner: LearnerRef, public_id: str) -> UUID | None:
    """Return the id of the learner's conversation, None where they have none of that name."""
    return session.scalar(_of_learner(learner, public_id))


def delete(session: Session, learner: LearnerRef, public_id: str) -> Sequence[UUID] | None:
    """Delete the learner's conversation with its jobs, their steps, its messages and the mistakes made in it.

    None where there is no such conversation.

    Returns the audio objects that its jobs named: their rows are left, for their files are still there.
    A step that runs finds its lease gone (`LeaseLostError`); whoever waits for a job is told at commit.
    The days' usage stays: it is counted, and holds no words.
    """
    found = session.execute(
        _of_learner(learner, public_id).add_columns(col(Conversation.learner_id)).with_for_update()
    ).one_or_none()
    if found is None:
        return None
    conversation_id, learner_id = found
    # No job of a locked conversation begins, ends or names new audio.
    jobs = session.execute(
        select(
            col(Job.id),
            col(Job.finished_at),
            col(Job.upload_id),
            col(Job.reply_audio_id),
            col(Job.explanation_audio_id),
        )
        .where(col(Job.conversation_id) == conversation_id)
        # Jobs before messages, as whatever ends or removes a job locks them.
        .with_for_update()
    ).all()
    of_them = col(Step.job_id).in_([job.id for job in jobs])
    pieces = session.scalars(select(col(Step.audio_id)).where(of_them)).all()
    for job in jobs:
        if job.finished_at is None:
            events.notify_deleted(session, job.id)
    ledger.forget(session, {conversation_id: learner_id})
    session.execute(delete_from(Message).where(col(Message.conversation_id) == conversation_id))
    session.execute(delete_from(Conversation).where(col(Conversation.id) == conversation_id))
    named = {*pieces, *(audio_id for job in jobs for audio_id in job[2:])}
    return sorted(audio_id for audio_id in named if audio_id is not None)


def delete_unused(session: Session, *, keep: timedelta, limit: int) -> int:
    """Delete up to `limit` conversations last used longer than `keep` ago; return how many.

    One with a job that has not ended, or that others have locked, is passed by.
    """
    found = session.execute(
        select(col(Conversation.id), col(Conversation.learner_id))
        .where(
            col(Conversation.updated_at) < func.now() - keep,
            ~exists().where(col(Job.conversation_id) == col(Conversation.id), col(Job.finished_at).is_(None)),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    unused = {row[0]: row[1] for row in found}
    # Jobs before messages, as whatever ends or removes a job locks them.
    ledger.forget(session, unused)
    session.execute(delete_from(Job).where(col(Job.conversation_id).in_(unused)))
    session.execute(delete_from(Message).where(col(Message.conversation_id).in_(unused)))
    session.execute(delete_from(Conversation).where(col(Conversation.id).in_(unused)))
    return len(unused)


def _of_learner(learner: LearnerRef, public_id: str) -> Select[UUID]:
    return select(col(Conversation.id)).where(
        col(Conversation.learner_id) == learners.id_of(learner), col(Conversation.public_id) == public_id
    )


def add_messages(session: Session, job: Job) -> None:
    """Write the messages of `job`'s turn: the learner's and the tutor's."""
    turn = {"conversation_id": job.conversation_id, "job_id": job.id, "turn": job.turn}
    learner = {"role": MessageRole.LEARNER, "text": job.transcript or job.message or ""}
    tutor = {"role": MessageRole.TUTOR, "text": job.reply_text or ""}
    of_the_tutor = ("mistake_wrong", "mistake_right", "mistake_category", "hinglish_explanation", "score")
    session.execute(
        insert(Message.metadata.tables["messages"]),
        [
            turn | learner | dict.fromkeys(of_the_tutor),
            turn | tutor | {column: getattr(job, column) for column in of_the_tutor},
        ],
    )


def last_messages(
    session: Session, conversation_id: UUID, *, limit: int, characters: int
) -> Sequence[Message]:
    """Return the newest messages, oldest first: at most `limit`, with at most `characters` together.

    In a turn the learner's comes first.
    """
    newest = session.scalars(_newest_messages(), {"conversation_id": conversation_id, "most": limit}).all()
    lengths = accumulate(len(message.text) for message in newest)
    return [message for message, length in zip(newest, lengths, strict=True) if length <= characters][::-1]


@built_once
def _newest_messages() -> Select[Message]:
    return (
        select(Message)
        .where(col(Message.conversation_id) == bindparam("conversation_id"))
        .order_by(col(Message.turn).desc(), col(Message.role).desc())
        .limit(bindparam("most"))
    )
