"""What a learner gets wrong, and how it goes with it since."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, known_values

LONGEST_EDIT = 200
_LONGEST_CATEGORY = 32


class MistakeCategory(StrEnum):
    """The kinds of mistake, as ERRANT sorts them (Bryant et al. 2017); `OTHER` is what fits none."""

    VERB_FORM = "verb_form"
    VERB_TENSE = "verb_tense"
    SUBJECT_VERB_AGREEMENT = "subject_verb_agreement"
    DETERMINER = "determiner"
    PREPOSITION = "preposition"
    NOUN_NUMBER = "noun_number"
    NOUN_POSSESSIVE = "noun_possessive"
    PRONOUN = "pronoun"
    COMPARISON = "comparison"
    WORD_FORM = "word_form"
    WORD_ORDER = "word_order"
    WORD_CHOICE = "word_choice"
    CONJUNCTION = "conjunction"
    NEGATION = "negation"
    OTHER = "other"


class MistakeState(StrEnum):
    """`REPAIRED`: used rightly three times in a row since it was last made."""

    OPEN = "open"
    REPAIRED = "repaired"


class UseKind(StrEnum):
    """How the form came up: in a correction, because the tutor invited it or nobody did, or in a review."""

    CORRECTED = "corrected"
    PROMPTED = "prompted"
    UNPROMPTED = "unprompted"
    REVIEW = "review"


class Mistake(SQLModel, table=True):
    """A mistake that a learner has made at least once. See `shared.learning`.

    `edit` identifies it within its category; `wrong`, `right` and the explanation are those of the last time.
    `form` and `wrong_form` are the words by which a right and a wrong use are recognised, `cue` one word of
    the right form, by which it is looked up. `card` is FSRS's, as it writes it.
    """

    __tablename__ = "mistakes"
    __table_args__ = (
        UniqueConstraint("learner_id", "category", "edit"),
        Index("ix_mistakes_due", "learner_id", "due_at", postgresql_where=text("state = 'open'")),
        Index("ix_mistakes_latest", "learner_id", text("last_seen_at DESC"), text("id DESC")),
        Index("ix_mistakes_cue", "learner_id", "cue"),
        # How many of a category are open: answered from the index alone.
        Index("ix_mistakes_state", "learner_id", "category", "state"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    learner_id: UUID = Field(foreign_key="learners.id")
    category: MistakeCategory = Field(
        sa_type=known_values(MistakeCategory, "category", length=_LONGEST_CATEGORY)
    )
    edit: str = Field(max_length=LONGEST_EDIT)
    wrong: str
    right: str
    hinglish_explanation: str | None = Field(default=None)
    form: str
    wrong_form: str
    cue: str = Field(max_length=64)
    times: int = Field(default=0)
    used_rightly: int = Field(default=0)
    passed_in_a_row: int = Field(default=0, sa_type=SmallInteger)
    state: MistakeState = Field(default=MistakeState.OPEN, sa_type=known_values(MistakeState, "state"))
    first_seen_at: datetime = Field(sa_type=MOMENT)
    last_seen_at: datetime = Field(sa_type=MOMENT)
    due_at: datetime = Field(sa_type=MOMENT)
    card: dict[str, Any] = Field(sa_type=JSONB)


class MistakeUse(SQLModel, table=True):
    """One use of a mistake's form, right (`passed`) or wrong; `rating` is the grade that FSRS was given.

    A correction also has what was said; of a turn that has expired only the number is left.
    """

    __tablename__ = "mistake_uses"
    __table_args__ = (
        UniqueConstraint("mistake_id", "conversation_id", "turn"),
        Index(None, "conversation_id"),
        Index("ix_mistake_uses_job_id", "job_id", postgresql_where=text("job_id IS NOT NULL")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    mistake_id: UUID = Field(foreign_key="mistakes.id", ondelete="CASCADE")
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    turn: int
    job_id: UUID | None = Field(default=None, foreign_key="jobs.id", ondelete="SET NULL")
    kind: UseKind = Field(sa_type=known_values(UseKind, "kind"))
    passed: bool
    rating: int = Field(sa_type=SmallInteger)
    wrong: str | None = Field(default=None)
    right: str | None = Field(default=None)
    hinglish_explanation: str | None = Field(default=None)
    used_at: datetime = Field(sa_type=MOMENT)


class DailyMistakes(SQLModel, table=True):
    """How often a learner made mistakes of a category on one day of the usage time zone. No words.

    `new`: made for the first time; `repaired`: how many mistakes became repaired on that day.
    """

    __tablename__ = "daily_mistakes"

    learner_id: UUID = Field(foreign_key="learners.id", primary_key=True)
    day: date = Field(primary_key=True)
    category: MistakeCategory = Field(
        primary_key=True, sa_type=known_values(MistakeCategory, "category", length=_LONGEST_CATEGORY)
    )
    times: int = Field(default=0, sa_type=BigInteger)
    new: int = Field(default=0, sa_type=BigInteger)
    repaired: int = Field(default=0, sa_type=BigInteger)
