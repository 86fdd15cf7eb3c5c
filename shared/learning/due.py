"""What is known of a learner's mistakes when they speak: what is due, and what they may have used."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import Job, Mistake, MistakeState

Owner = UUID | ScalarSelect[UUID]
"""A learner: their id, or a query of it."""
MOST_DUE = 2
"""More at once would make an examination of a talk."""
_MOST_CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class KnownMistakes:
    """A learner's mistakes that a turn may be about.

    `due`: open ones, the longest due first. `maybe_used`: those whose right form has a word of the message.
    `invited`: the ids of those whose form the tutor invited in the turn before.
    """

    due: Sequence[Mistake] = ()
    maybe_used: Sequence[Mistake] = ()
    invited: frozenset[UUID] = frozenset()


def known_for(session: Session, job: Job, words: Collection[str]) -> KnownMistakes:
    """Return what is known when the job's learner has said these words, in lower case."""
    mine = col(Mistake.learner_id) == job.learner_id
    due = session.scalars(_open_and_due(job.learner_id).limit(MOST_DUE)).all()
    maybe = (
        select(Mistake)
        .where(mine, col(Mistake.cue).in_(set(words)))
        .order_by(col(Mistake.last_seen_at).desc())
        .limit(_MOST_CANDIDATES)
    )
    before = (
        select(col(Job.invited))
        .where(
            col(Job.conversation_id) == job.conversation_id,
            col(Job.turn) < job.turn,
            col(Job.answered_at).is_not(None),
        )
        .order_by(col(Job.turn).desc())
        .limit(1)
    )
    invited = session.scalar(before)
    return KnownMistakes(due, session.scalars(maybe).all(), frozenset(invited or ()))


def next_due(session: Session, learner: Owner) -> Mistake | None:
    """Return the learner's open mistake that has been due longest; None where none is due now."""
    return session.scalars(_open_and_due(learner).limit(1)).one_or_none()


def find(session: Session, learner: Owner, mistake_id: UUID) -> Mistake | None:
    """Return the learner's mistake; None where there is none of that id, or it is another's."""
    mine = (col(Mistake.id) == mistake_id, col(Mistake.learner_id) == learner)
    return session.scalars(select(Mistake).where(*mine)).one_or_none()


def hold(session: Session, learner_id: UUID, mistake_id: UUID) -> bool:
    """Keep the learner's mistake from being erased until the transaction ends; False where there is none."""
    mine = (col(Mistake.id) == mistake_id, col(Mistake.learner_id) == learner_id)
    held = select(col(Mistake.id)).where(*mine).with_for_update(read=True, key_share=True)
    return session.scalar(held) is not None


def _open_and_due(learner: Owner) -> Select[Mistake]:
    return (
        select(Mistake)
        .where(
            col(Mistake.learner_id) == learner,
            col(Mistake.state) == MistakeState.OPEN,
            col(Mistake.due_at) <= func.now(),
        )
        .order_by(col(Mistake.due_at))
    )
