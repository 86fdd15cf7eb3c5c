"""What is known of a learner's mistakes when they speak: what is due, and what they may have used."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlmodel import col

from shared.models import Job, Mistake, MistakeState
from shared.statements import built_once

Owner = UUID | ScalarSelect[UUID] | ColumnElement[UUID]
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
    learner = {"its_learner": job.learner_id}
    due = session.scalars(_due(), learner).all()
    maybe_used = session.scalars(_maybe_used(), learner | {"words": list(set(words))}).all()
    its = {"its_conversation": job.conversation_id, "its_turn": job.turn}
    invited = session.scalar(_invited(), its) if job.turn > 1 else None
    return KnownMistakes(due, maybe_used, frozenset(invited or ()))


@built_once
def _due() -> Select[Mistake]:
    return _open_and_due(bindparam("its_learner")).limit(MOST_DUE)


@built_once
def _maybe_used() -> Select[Mistake]:
    is_cue = col(Mistake.cue) == any_(bindparam("words", type_=ARRAY(Text)))
    return (
        select(Mistake)
        .where(col(Mistake.learner_id) == bindparam("its_learner"), is_cue)
        .order_by(col(Mistake.last_seen_at).desc())
        .limit(_MOST_CANDIDATES)
    )


@built_once
def _invited() -> Select[list[UUID] | None]:
    return (
        select(col(Job.invited))
        .where(
            col(Job.conversation_id) == bindparam("its_conversation"),
            col(Job.turn) < bindparam("its_turn"),
            col(Job.answered_at).is_not(None),
        )
        .order_by(col(Job.turn).desc())
        .limit(1)
    )


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
