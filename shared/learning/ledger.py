"""The ledger of mistakes. A repository: it never commits.

Whoever changes a learner's mistakes locks the learner's ledger first, after the conversation and the job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from fsrs import Rating
from sqlalchemy import Table, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from shared import metrics
from shared.learning import schedule
from shared.learning.categories import category_of
from shared.learning.edits import Edit, smallest_edit
from shared.learning.standing import Standing
from shared.models import (
    DailyMistakes,
    Job,
    Mistake,
    MistakeCategory,
    MistakeState,
    MistakeUse,
    UseKind,
)

_LOCK = "english-practice mistakes "
"""What the advisory lock of a learner's ledger is named after."""


@dataclass(frozen=True, slots=True)
class _Quotes:
    """What was said in a turn that was corrected."""

    wrong: str
    right: str
    hinglish_explanation: str | None


@dataclass(frozen=True, slots=True)
class _Turn:
    """The turn of a locked job, recorded now; it counts on `day`."""

    session: Session
    job: Job
    now: datetime
    day: date

    def count(self, category: MistakeCategory, **counts: int) -> None:
        if any(counts.values()):
            _count(self.session, self.job.learner_id, self.day, category, counts)


@dataclass(frozen=True, slots=True)
class _Use:
    mistake_id: UUID
    kind: UseKind
    passed: bool
    quotes: _Quotes | None = None


def record(session: Session, job: Job, *, now: datetime, day: date) -> None:
    """Record what an answered, locked job says of the learner's mistakes: once, however often it is called.

    The mistake that it corrects, and the forms that were used (`Job.uses`). It names the job's mistake.
    """
    if job.mistake_wrong is None and not job.uses and job.review is None:
        return
    _lock(session, job.learner_id)
    turn = _Turn(session, job, now, day)
    uses = [] if job.mistake_wrong is None else [_corrected(turn)]
    known = {use.mistake_id for use in uses}
    for noted in job.uses or []:
        mistake_id = UUID(noted["mistake_id"])
        if mistake_id not in known:
            known.add(mistake_id)
            uses.append(_Use(mistake_id, UseKind(noted["kind"]), noted["passed"]))
    for use in uses:
        mistake = session.get(Mistake, use.mistake_id, populate_existing=True)
        # It may have been erased with its conversation since the tutor was asked.
        if mistake is not None and mistake.learner_id == job.learner_id:
            _apply(turn, mistake, use)
    if job.review is not None:
        _tell_outcome(session, job, job.review)


def _tell_outcome(session: Session, job: Job, review: dict[str, Any]) -> None:
    """Note when the reviewed mistake comes back and how it stands with it now."""
    mistake = session.get(Mistake, UUID(review["mistake_id"]))
    if mistake is not None and mistake.learner_id == job.learner_id:
        job.review = review | {"due_at": mistake.due_at.isoformat(), "state": str(mistake.state)}


def _corrected(turn: _Turn) -> _Use:
    """Return the use that a turn corrects, of a mistake that is in the ledger from now on."""
    session, job, now = turn.session, turn.job, turn.now
    quotes = _Quotes(job.mistake_wrong or "", job.mistake_right or "", job.hinglish_explanation)
    category = category_of(job.mistake_category or "")
    edit = smallest_edit(category, quotes.wrong, quotes.right)
    new_id = uuid4()
    card = schedule.new_card(new_id, now)
    row = {
        "id": new_id,
        "learner_id": job.learner_id,
        "category": category,
        "edit": job.mistake_edit or edit.identity(),
        "first_seen_at": now,
        "last_seen_at": now,
        "due_at": card.due,
        "card": schedule.stored(card),
        "state": MistakeState.OPEN,
        **_told(quotes, edit),
    }
    counts = dict.fromkeys(("times", "used_rightly", "passed_in_a_row"), 0)
    identity = ("learner_id", "category", "edit")
    added = insert(_table(Mistake)).values(row | counts).on_conflict_do_nothing(index_elements=identity)
    inserted = session.scalar(added.returning(_table(Mistake).c.id))
    known = select(col(Mistake.id)).filter_by(**{name: row[name] for name in identity})
    job.mistake_id = inserted or session.scalars(known).one()
    if inserted is not None:
        turn.count(category, new=1)
    return _Use(job.mistake_id, UseKind.CORRECTED, passed=False, quotes=quotes)


def _apply(turn: _Turn, mistake: Mistake, use: _Use) -> None:
    """Change a mistake by one use of its form, unless this turn's is known already."""
    session, now = turn.session, turn.now
    rating = schedule.rating_of(use.kind, passed=use.passed)
    if not _note(turn, use, int(rating)):
        return
    metrics.on_commit(session, partial(metrics.count_form_use, use.kind, passed=use.passed))
    card = schedule.reviewed(schedule.read(mistake.card), rating, now)
    mistake.card, mistake.due_at = schedule.stored(card), card.due
    before = Standing(mistake.state, mistake.passed_in_a_row, mistake.used_rightly)
    after = before.after(passed=use.passed)
    mistake.state, mistake.passed_in_a_row = after.state, after.passed_in_a_row
    mistake.used_rightly = after.used_rightly
    is_made = not use.passed and use.kind is not UseKind.REVIEW
    if is_made:
        mistake.times += 1
        mistake.last_seen_at = now
    quotes = use.quotes
    if quotes is not None:
        for name, value in _told(quotes, smallest_edit(mistake.category, quotes.wrong, quotes.right)).items():
            setattr(mistake, name, value)
    is_repaired = after.state is MistakeState.REPAIRED and before.state is MistakeState.OPEN
    turn.count(mistake.category, times=int(is_made), repaired=int(is_repaired))
    session.flush()


def _note(turn: _Turn, use: _Use, rating: int) -> bool:
    """Note the use; return whether it is the turn's first of this mistake."""
    job, quotes = turn.job, use.quotes
    row = {
        "id": uuid4(),
        "mistake_id": use.mistake_id,
        "conversation_id": job.conversation_id,
        "turn": job.turn,
        "job_id": job.id,
        "kind": use.kind,
        "passed": use.passed,
        "rating": rating,
        "used_at": turn.now,
        "wrong": quotes.wrong if quotes else None,
        "right": quotes.right if quotes else None,
        "hinglish_explanation": quotes.hinglish_explanation if quotes else None,
    }
    added = insert(_table(MistakeUse)).values(row).on_conflict_do_nothing()
    return turn.session.scalar(added.returning(_table(MistakeUse).c.id)) is not None


def _told(quotes: _Quotes, edit: Edit) -> dict[str, str | None]:
    """Return the columns of a mistake that say how it was made the last time."""
    return {
        "wrong": quotes.wrong,
        "right": quotes.right,
        "hinglish_explanation": quotes.hinglish_explanation,
        "form": " ".join(edit.form),
        "wrong_form": " ".join(edit.wrong_form),
        "cue": edit.cue,
    }


def _count(
    session: Session, learner_id: UUID, day: date, category: MistakeCategory, counts: Mapping[str, int]
) -> None:
    """Add to the day's counts."""
    table = _table(DailyMistakes)
    none = dict.fromkeys(("times", "new", "repaired"), 0)
    row = {"learner_id": learner_id, "day": day, "category": category} | none | dict(counts)
    statement = insert(table).values(row)
    added = {name: table.c[name] + statement.excluded[name] for name in counts}
    key = table.primary_key.columns
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=added))


def forget(session: Session, conversations: Mapping[UUID, UUID]) -> None:
    """Remove what locked conversations told of mistakes, given each one's learner.

    A mistake that was made nowhere else goes too; another one quotes the last conversation that is left.
    """
    if not conversations:
        return
    for learner_id in sorted(set(conversations.values())):  # in one order, so that nobody waits in a circle
        _lock(session, learner_id)
    gone = delete(MistakeUse).where(col(MistakeUse.conversation_id).in_(conversations))
    touched = set(session.scalars(gone.returning(col(MistakeUse.mistake_id))))
    if not touched:
        return
    made = exists().where(col(MistakeUse.mistake_id) == col(Mistake.id), col(MistakeUse.wrong).is_not(None))
    session.execute(
        delete(Mistake).where(col(Mistake.id).in_(touched), ~made),
        execution_options={"synchronize_session": False},
    )
    for mistake in session.scalars(select(Mistake).where(col(Mistake.id).in_(touched))):
        _tell_again(session, mistake)
    session.flush()


def forget_learner(session: Session, learner_id: UUID) -> None:
    """Remove all that a learner said of mistakes; the counts of days are left."""
    _lock(session, learner_id)
    session.execute(
        delete(Mistake).where(col(Mistake.learner_id) == learner_id),
        execution_options={"synchronize_session": False},
    )


def _tell_again(session: Session, mistake: Mistake) -> None:
    """Make a mistake tell what its remaining uses do; its schedule and its state stay."""
    uses = reviews(session, mistake.id)
    made = [use for use in uses if use.wrong is not None]
    last = made[-1]
    quotes = _Quotes(last.wrong or "", last.right or "", last.hinglish_explanation)
    told = _told(quotes, smallest_edit(mistake.category, quotes.wrong, quotes.right))
    counts = {
        "times": sum(not use.passed and use.kind is not UseKind.REVIEW for use in uses),
        "used_rightly": sum(use.passed for use in uses),
        "first_seen_at": made[0].used_at,
        "last_seen_at": last.used_at,
    }
    for name, value in {**told, **counts}.items():
        setattr(mistake, name, value)


def reviews(session: Session, mistake_id: UUID) -> Sequence[MistakeUse]:
    """Return every use of the mistake's form, oldest first: what FSRS's parameters can be fitted to."""
    found = select(MistakeUse).where(col(MistakeUse.mistake_id) == mistake_id)
    return session.scalars(found.order_by(col(MistakeUse.used_at), col(MistakeUse.turn))).all()


def rated(uses: Sequence[MistakeUse]) -> list[tuple[Rating, datetime]]:
    """Return the uses as FSRS's reviews."""
    return [(Rating(use.rating), use.used_at) for use in uses]


def _lock(session: Session, learner_id: UUID) -> None:
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{_LOCK}{learner_id}", 0))))


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]
