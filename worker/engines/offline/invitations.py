"""Questions whose natural answers need a form that the learner got wrong before, by kind of mistake."""

from collections.abc import Sequence

from shared.models import MistakeCategory
from worker.ports import DueMistake

_QUESTIONS: dict[MistakeCategory, tuple[str, ...]] = {
    MistakeCategory.VERB_FORM: (
        "What are you doing this week?",
        "What would you like to do tomorrow?",
        "What do you enjoy doing at home?",
    ),
    MistakeCategory.VERB_TENSE: (
        "What did you do yesterday?",
        "How did you spend last weekend?",
        "What have you done since this morning?",
    ),
    MistakeCategory.SUBJECT_VERB_AGREEMENT: (
        "What does your best friend do every day?",
        "What does your mother like to do?",
        "What do your neighbours do in the evening?",
    ),
    MistakeCategory.DETERMINER: (
        "What do you see when you look around your room?",
        "What did you pass on your way today?",
        "What did you eat today, and where?",
    ),
    MistakeCategory.PREPOSITION: (
        "Where do you go in the morning, and how?",
        "When and where were you born?",
        "What do you talk about with your friends?",
    ),
    MistakeCategory.NOUN_NUMBER: (
        "What do you buy at the market, and how much of it?",
        "Who lives in your house?",
        "What is in your bag today?",
    ),
    MistakeCategory.NOUN_POSSESSIVE: (
        "Whose house do you like to visit?",
        "What is the name of your best friend's street?",
    ),
    MistakeCategory.PRONOUN: (
        "Can you describe two people in your family?",
        "What did you and your friend do together?",
    ),
    MistakeCategory.COMPARISON: (
        "Which do you like better, the city or the village, and why?",
        "Who is the tallest in your family?",
    ),
    MistakeCategory.WORD_FORM: (
        "How do you feel today, and why?",
        "How well do you cook?",
    ),
    MistakeCategory.WORD_ORDER: (
        "What would you like to ask me?",
        "What would you ask a famous person?",
    ),
    MistakeCategory.CONJUNCTION: (
        "Why do you like the place where you live?",
        "What do you do if it rains?",
    ),
    MistakeCategory.NEGATION: (
        "What do you not like to eat?",
        "What did you not do last week?",
    ),
}
_OTHER = (
    "Can you tell me about your day in three sentences?",
    "What happened to you this week?",
)


def questions_for(due: Sequence[DueMistake]) -> tuple[str, Sequence[str]] | None:
    """Return the id of the mistake to invite now, with questions that do; None where there is none.

    The first that the last reply did not invite.
    """
    chosen = next((mistake for mistake in due if not mistake.was_invited), None)
    return None if chosen is None else (chosen.id, _QUESTIONS.get(chosen.category, _OTHER))
