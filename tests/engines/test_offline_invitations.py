"""What the offline tutor asks so that a form comes up, and that its lessons have a category."""

import pytest

from shared.learning.categories import category_of
from shared.models import MistakeCategory
from worker.engines.offline.harper_source import _LESSONS
from worker.engines.offline.invitations import questions_for
from worker.engines.offline.rules import RULES
from worker.engines.offline.tutor import OfflineTutor
from worker.ports import DueMistake, Turn, TutorReply, TutorRequest

TUTOR = OfflineTutor()
CATEGORIES = sorted({rule.lesson.category for rule in RULES} | {each.category for each in _LESSONS.values()})


def due(category: MistakeCategory = MistakeCategory.VERB_TENSE, **more: bool) -> DueMistake:
    return DueMistake("m-1", category, "i go", "i went", **more)


def ask(message: str, *mistakes: DueMistake, history: list[Turn] | None = None) -> TutorReply:
    return TUTOR.reply(TutorRequest(message, history or [], 5.0, due=mistakes))


@pytest.mark.parametrize("called", CATEGORIES)
def test_every_lesson_has_a_category(called: str) -> None:
    assert (category_of(called) is MistakeCategory.OTHER) == (called == "grammar")


@pytest.mark.parametrize("category", MistakeCategory)
def test_each_kind_of_mistake_is_invited_by_questions_that_are_correct_english(
    category: MistakeCategory,
) -> None:
    found = questions_for([due(category)])

    assert found is not None
    for question in found[1]:
        assert question.endswith("?")
        assert ask(question).mistake is None


def test_a_reply_ends_with_a_question_that_invites_the_form() -> None:
    reply = ask("I like my office very much", due())

    assert list(reply.invited) == ["m-1"]
    _, questions = questions_for([due()]) or ("", ())
    assert reply.text.endswith(tuple(questions))
    assert reply.text.count("?") == 1
    assert "went" not in reply.text


def test_the_same_question_is_not_asked_twice_in_a_row() -> None:
    first = ask("I like my office", due())
    second = ask("I like my office", due(), history=[Turn("I like my office", first.text)])

    assert first.text.split(". ")[-1] != second.text.split(". ")[-1]


@pytest.mark.parametrize(
    "message",
    [
        "I am very sad today",
        "I am happy because my brother won",
        "How are you?",
        "Goodbye",
        "I want to kill myself",
        "Main kal bazaar gaya tha",
    ],
)
def test_what_matters_more_is_answered_alone(message: str) -> None:
    assert ask(message, due()).text == ask(message).text
    assert list(ask(message, due()).invited) == []


def test_what_was_invited_just_now_is_not_invited_again() -> None:
    assert list(ask("I like my office", due(was_invited=True)).invited) == []
    other = DueMistake("m-2", MistakeCategory.DETERMINER, "market", "the market")
    assert list(ask("I like my office", due(was_invited=True), other).invited) == ["m-2"]
