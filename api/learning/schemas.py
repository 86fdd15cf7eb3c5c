"""Mistakes, reviews and progress as clients see them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from api.schemas import CURSOR_MAX_CHARACTERS, PAGE_MAX_ROWS, PAGE_ROWS, PageView, UserId
from shared.models import MistakeCategory, MistakeState

MOST_LEARNERS = 50
_USER_ID: TypeAdapter[str] = TypeAdapter(UserId)
_ONE = "[A-Za-z0-9._@:+-]{1,128}"


class MistakesQuery(BaseModel):
    """Which of a learner's mistakes are asked for."""

    state: MistakeState | None = Field(default=None, description="only mistakes in this state")
    category: MistakeCategory | None = Field(default=None, description="only mistakes of this kind")
    limit: int = Field(default=PAGE_ROWS, ge=1, le=PAGE_MAX_ROWS, description="rows of a page")
    cursor: str | None = Field(
        default=None, max_length=CURSOR_MAX_CHARACTERS, description="`next_cursor` of the page before"
    )


class MistakeView(BaseModel):
    """A mistake, as it was made the last time."""

    id: UUID
    category: MistakeCategory
    wrong: str
    right: str
    hinglish_explanation: str | None
    times: int = Field(description="how often it was made")
    first_seen: datetime
    last_seen: datetime
    used_rightly: int = Field(description="how often its form was used rightly since")
    due_at: datetime = Field(description="when it should come up again; of no effect once it is repaired")
    state: MistakeState = Field(description="repaired: used rightly three times in a row, in different turns")
    job_id: UUID | None = Field(description="the turn in which it was made last; null once that has expired")


class MistakePage(PageView[MistakeView]):
    """Mistakes, the one made last first."""


class NextReview(BaseModel):
    """What to review now."""

    mistake: MistakeView
    prompt: str = Field(
        description="what to show the learner", examples=['You said: "I am go". Say it right.']
    )


class CategoryWeek(BaseModel):
    """One week of a category."""

    week: date = Field(description="its Monday")
    times: int = Field(description="how often such a mistake was made")
    new: int = Field(description="different ones that were made for the first time")
    repaired: int = Field(description="how many became repaired")
    share_without: float | None = Field(
        description="0–1, of that week's turns that were no reviews: those without such a mistake; "
        "null without turns"
    )


class CategoryProgress(BaseModel):
    """How it goes with one kind of mistake."""

    category: MistakeCategory
    mistakes: int = Field(description="different ones so far")
    repaired: int = Field(description="how many of them are repaired")
    weeks: list[CategoryWeek] = Field(description="oldest first")


class FluencyMeans(BaseModel):
    """The mean of voice turns that were no reviews; null where none could be measured."""

    articulation_rate: float | None = Field(description="syllables a second of speech, pauses left out")
    pauses_per_minute: float | None


class FluencyWeek(FluencyMeans):
    """One week's voice turns."""

    week: date = Field(description="its Monday")
    turns: int = Field(description="how many were measured")


class FluencyProgress(BaseModel):
    """How fluent the learner was: to be compared with their own usual, never with others."""

    usual: FluencyMeans = Field(description="over all these weeks")
    weeks: list[FluencyWeek] = Field(description="oldest first")


class ProgressView(BaseModel):
    """How a learner gets on, over the last twelve weeks. They begin on Monday."""

    user_id: str
    timezone: str = Field(description="whose days these are", examples=["Asia/Kolkata"])
    streak_days: int = Field(description="days in a row with an answered turn, up to today or yesterday")
    categories: list[CategoryProgress] = Field(description="commonest first")
    fluency: FluencyProgress


class CommonCategory(BaseModel):
    """How often a kind of mistake was corrected."""

    category: MistakeCategory
    times: int


class LearnerProgress(BaseModel):
    """One learner in a teacher's view."""

    user_id: str
    commonest: list[CommonCategory] = Field(description="at most three kinds, commonest first")
    mistakes: int = Field(description="different ones so far")
    repaired: int
    active_days: int = Field(description="days with an answered turn")


class TeachersView(BaseModel):
    """How several learners get on. Kinds and days are those of the last weeks, since `first`."""

    first: date
    timezone: str
    learners: list[LearnerProgress] = Field(description="in the order in which they were asked for")


def _few_ids(listed: str) -> str:
    ids = listed.split(",")
    if len(ids) > MOST_LEARNERS:
        raise ValueError(f"must name {MOST_LEARNERS} learners at most")
    for user_id in ids:
        try:
            _USER_ID.validate_python(user_id)
        except ValidationError:
            raise ValueError("must be user_ids, of letters, digits and ._@:+-, separated by commas") from None
    return listed


class TeachersQuery(BaseModel):
    """Whose progress is asked for."""

    user_ids: Annotated[str, AfterValidator(_few_ids)] = Field(
        max_length=MOST_LEARNERS * 129,
        description=f"the learners, {MOST_LEARNERS} at most, separated by commas",
        examples=["asha,ravi"],
        json_schema_extra={"pattern": rf"^{_ONE}(,{_ONE}){{0,{MOST_LEARNERS - 1}}}$"},
    )
