"""The form in which the model answers, and how it is read and checked before a learner sees it."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from worker.engines.gemini.matching import contains, find_words, sounds_alike
from worker.ports import Mistake
from worker.prompts import ACCEPTED_INDIAN_ENGLISH

_DEVANAGARI_LETTERS = range(0x0904, 0x093A)


class UnreadableAnswerError(Exception):
    """The answer is not a filled form. Its text names fields and rules, never what was written in them."""


def _at_most(limit: int) -> AfterValidator:
    """Strip the text and refuse it over `limit` characters; kept out of the schema that the model is sent."""

    def check(text: str) -> str:
        stripped = text.strip()
        if len(stripped) > limit:
            raise ValueError(f"longer than {limit} characters")
        return stripped

    return AfterValidator(check)


_Words = Annotated[str, _at_most(300)]
_Sentences = Annotated[str, _at_most(800)]


class MistakeForm(BaseModel):
    """One mistake of the learner's latest message."""

    wrong: _Words = Field(description="copied from the learner's latest message")
    right: _Words = Field(description="what replaces it")
    category: Annotated[str, _at_most(60)] = Field(description="such as: verb tense")


class ReplyForm(BaseModel):
    """The tutor's answer."""

    reply_text: _Sentences = Field(description="friendly, short, ends with a question")
    mistake: MistakeForm | None = Field(description="the one most useful to correct, or null")
    hinglish_explanation: _Sentences | None = Field(description="Roman letters; null without a mistake")
    explanation_devanagari: _Sentences | None = Field(description="Devanagari; null without a mistake")
    score: int | None = Field(ge=0, le=100, description="null where there is no English to judge")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.reply_text:
            raise ValueError("reply_text is empty")
        if self.mistake and not self.hinglish_explanation:
            raise ValueError("a mistake without hinglish_explanation")
        return self


def read_form(text: str) -> ReplyForm:
    """Return the form that `text`, JSON, holds. Raises `UnreadableAnswerError`."""
    try:
        return ReplyForm.model_validate_json(text)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        # Without its cause, whose text quotes the answer.
        raise UnreadableAnswerError("; ".join(problems)) from None


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
    return Mistake(said, form.right, form.category or "grammar")


def _replaces_accepted(said: str, right: str) -> bool:
    return any(contains(said, phrase) and not contains(right, phrase) for phrase in ACCEPTED_INDIAN_ENGLISH)


def in_devanagari(text: str | None) -> str | None:
    """Return `text` if a Hindi voice can read it: at least one letter is Devanagari; else None."""
    has_letter = any(ord(character) in _DEVANAGARI_LETTERS for character in text or "")
    return text if has_letter else None
