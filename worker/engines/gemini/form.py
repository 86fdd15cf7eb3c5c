"""The form in which the model answers, and how its fields are checked before a learner sees them."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, WrapValidator
from pydantic import ValidatorFunctionWrapHandler as Handler

from shared.learning.categories import category_of
from shared.models import MistakeCategory
from worker.bounds import LONGEST_CATEGORY, bounded_reply_text
from worker.engines.gemini.matching import contains, find_words, sounds_alike
from worker.ports import DueMistake, Mistake
from worker.text import indian_english
from worker.text.plain import plain

_DEVANAGARI_LETTERS = range(0x0904, 0x093A)
_LONGEST_TEXT = 800
"""Of an explanation; the prompt asks for far less."""
_LONGEST_WORDS = 300


def _some(text: str) -> str:
    if not text:
        raise ValueError("empty")
    return text


def _few(text: str) -> str:
    """Refuse words that are too many for one mistake: cut short they would teach nonsense."""
    if len(text) > _LONGEST_WORDS:
        raise ValueError("too long")
    return text.strip()


def _or_none(value: Any, read: Handler) -> Any:
    """Leave out a field that is not as it should be: nobody waits for another answer because of it."""
    try:
        return read(value)
    except ValidationError:
        return None


def _category(called: object) -> MistakeCategory:
    return category_of(called[:LONGEST_CATEGORY]) if isinstance(called, str) else MistakeCategory.OTHER


def _whole(value: object) -> object:
    """Return a score between the bounds, the nearest one, for a number however it is written."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    nearest = min(max(float(value) if isinstance(value, str) else value, 0), 100)
    return None if math.isnan(nearest) else round(nearest)


def _filled(mistake: object) -> object:
    """Give a mistake the fields that it lacks, so that a missing category costs no correction."""
    return dict.fromkeys(MistakeForm.model_fields) | mistake if isinstance(mistake, dict) else mistake


_Plain = AfterValidator(lambda text: plain(text, _LONGEST_TEXT))
_Bounded = AfterValidator(bounded_reply_text)
_Words = Annotated[str, AfterValidator(_few)]
_Sentences = Annotated[str, _Plain]
_Optional = WrapValidator(_or_none)


class Use(StrEnum):
    """Whether a form was used, and how."""

    RIGHTLY = "rightly"
    WRONGLY = "wrongly"
    NO = "no"


class MistakeForm(BaseModel):
    """One mistake of the learner's latest message."""

    wrong: _Words = Field(description="copied from the learner's latest message")
    right: _Words = Field(description="what replaces it")
    category: Annotated[MistakeCategory, BeforeValidator(_category)] = Field(
        description="the kind of mistake"
    )


class PractisedForm(BaseModel):
    """What became of one of the forms to practise."""

    id: int = Field(description="its id")
    used: Use = Field(description="how the learner's latest message used the right form")
    invited: bool = Field(description="whether reply_text asks something that invites it")


class ReplyForm(BaseModel):
    """The tutor's answer: without `reply_text` it is none, whatever else is wrong is left out."""

    # First, so that it is written first: it is spoken while the rest is being written.
    reply_text: Annotated[str, _Bounded, AfterValidator(_some)] = Field(
        description="friendly, short, ends with a question"
    )
    mistake: Annotated[MistakeForm | None, BeforeValidator(_filled), _Optional] = Field(
        description="the one most useful to correct, or null"
    )
    hinglish_explanation: Annotated[_Sentences | None, _Optional] = Field(
        description="Roman letters; null without a mistake"
    )
    explanation_devanagari: Annotated[_Sentences | None, _Optional] = Field(
        description="Devanagari; null without a mistake"
    )
    score: Annotated[int | None, BeforeValidator(_whole), _Optional] = Field(
        ge=0, le=100, description="null where there is no English to judge"
    )
    practised: Annotated[list[PractisedForm] | None, _Optional] = Field(
        description="one for each form to practise; null without any"
    )


def real_mistake(form: MistakeForm | None, message: str) -> Mistake | None:
    """Return the mistake in the learner's own spelling, or None where it is none.

    It is none where `message` does not have it, where the correction changes no word, and where the
    correction only replaces accepted Indian English: a learner taught a mistake that is none is worse
    off than one taught nothing.
    """
    if form is None:
        return None
    said = find_words(message, form.wrong)
    if (
        said is None
        or not form.right
        or sounds_alike(said, form.right)
        or _replaces_accepted(said, form.right)
    ):
        return None
    return Mistake(said, form.right, form.category)


def _replaces_accepted(said: str, right: str) -> bool:
    return any(contains(said, phrase) and not contains(right, phrase) for phrase in indian_english.ACCEPTED)


def in_devanagari(text: str | None) -> str | None:
    """Return `text` if a Hindi voice can read it: at least one letter is Devanagari; else None."""
    has_letter = any(ord(character) in _DEVANAGARI_LETTERS for character in text or "")
    return text if has_letter else None


def of_due(form: ReplyForm, due: Sequence[DueMistake]) -> tuple[Sequence[str], dict[str, bool]]:
    """Return which of the due mistakes the reply invites, and which were used, rightly or not.

    The model knows them by their places, from 1; what it says of others is left out.
    """
    told = {each.id: each for each in form.practised or []}
    known = [(mistake.id, told[place]) for place, mistake in enumerate(due, start=1) if place in told]
    invited = tuple(mistake for mistake, each in known if each.invited)
    return invited, {mistake: each.used is Use.RIGHTLY for mistake, each in known if each.used is not Use.NO}
