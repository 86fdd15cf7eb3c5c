import pytest

from shared.learning.edits import Difference, compare, smallest_edit, uses, words_of
from shared.models import LONGEST_EDIT, MistakeCategory
from worker.text.lemmas import lemmas_for

VERB_FORM, TENSE = MistakeCategory.VERB_FORM, MistakeCategory.VERB_TENSE
AGREEMENT, ARTICLE = MistakeCategory.SUBJECT_VERB_AGREEMENT, MistakeCategory.DETERMINER
PREPOSITION, NUMBER = MistakeCategory.PREPOSITION, MistakeCategory.NOUN_NUMBER
ORDER, COMPARISON = MistakeCategory.WORD_ORDER, MistakeCategory.COMPARISON


def known_by(category: MistakeCategory, wrong: str, right: str) -> str:
    return smallest_edit(category, wrong, right).identity(lemmas_for(category))


@pytest.mark.parametrize(
    ("category", "wrong", "right", "identity"),
    [
        (VERB_FORM, "I am go to market", "I am going to the market", "go > go"),
        (ARTICLE, "I am go to market", "I am going to the market", "market > the market"),
        (TENSE, "Yesterday I go home.", "Yesterday I went home.", "go > go"),
        (AGREEMENT, "She don't know", "She doesn't know", "don't > doesn't"),
        (AGREEMENT, "he have", "he has", "have > have"),
        (PREPOSITION, "We discussed about it", "We discussed it", "discuss about > discuss"),
        (PREPOSITION, "I am good in maths", "I am good at maths", "in > at"),
        (PREPOSITION, "listening music", "listening to music", "listen > listen to"),
        (NUMBER, "two childs", "two children", "childs > child"),
        (NUMBER, "many informations", "much information", "many information > much information"),
        (ORDER, "what you are doing", "what are you doing", "you be > be you"),
        (COMPARISON, "more better", "better", "much good > good"),
    ],
)
def test_a_mistake_is_known_by_its_smallest_edit_in_lemmas(
    category: MistakeCategory, wrong: str, right: str, identity: str
) -> None:
    assert known_by(category, wrong, right) == identity


@pytest.mark.parametrize(
    ("category", "one", "other"),
    [
        (VERB_FORM, ("I am go", "I am going"), ("we are go there", "we are going there")),
        (
            PREPOSITION,
            ("I discussed about it", "I discussed it"),
            ("We discuss about films", "We discuss films"),
        ),
        (
            TENSE,
            ("Yesterday he goes", "Yesterday he went"),
            ("I go there last week", "I went there last week"),
        ),
        (PREPOSITION, ("Married with him", "Married to him"), ("married WITH her!", "married to her!")),
    ],
)
def test_the_sentence_around_it_makes_no_other_mistake(
    category: MistakeCategory, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert known_by(category, *one) == known_by(category, *other)


def test_mistakes_at_different_words_are_different() -> None:
    assert known_by(ARTICLE, "to market", "to the market") != known_by(ARTICLE, "to school", "to the school")


def test_what_a_mistake_is_known_by_can_be_stored() -> None:
    long = smallest_edit(MistakeCategory.OTHER, "a " * 240, "b " * 240)

    assert len(long.identity()) <= LONGEST_EDIT
    assert long.identity() != smallest_edit(MistakeCategory.OTHER, "a " * 240, "c " * 240).identity()


@pytest.mark.parametrize(
    ("category", "wrong", "right", "message", "used"),
    [
        (VERB_FORM, "I am go", "I am going", "I am going to school today", True),
        (VERB_FORM, "I am go", "I am going", "Going home I am happy", False),
        (VERB_FORM, "I am go", "I am going", "I am going but I am go", False),
        (TENSE, "I go yesterday", "I went yesterday", "Then I WENT home.", True),
        (PREPOSITION, "we discuss about it", "we discuss it", "Can we discuss it?", True),
        (PREPOSITION, "we discuss about it", "we discuss it", "we discuss about it", False),
        (PREPOSITION, "listen music", "listen to music", "I listen to the radio", True),
        (ARTICLE, "go to market", "go to the market", "The market was full", True),
        (ARTICLE, "go to market", "go to the market", "the market and market", False),
        (AGREEMENT, "He don’t like", "He doesn’t like", "he doesn't like it", True),
    ],
)
def test_a_use_is_recognised_by_the_words_of_the_form(
    category: MistakeCategory, wrong: str, right: str, message: str, used: bool
) -> None:
    edit = smallest_edit(category, wrong, right)
    assert edit.cue in edit.form

    assert uses(words_of(message), " ".join(edit.form), " ".join(edit.wrong_form)) is used


def test_whoever_uses_the_form_says_its_cue() -> None:
    edit = smallest_edit(ARTICLE, "go to market", "go to the market")

    assert (edit.form, edit.cue) == (("the", "market"), "market")


@pytest.mark.parametrize(
    ("said", "differences"),
    [
        ("I am going to the market.", []),
        ("Okay: i am going to the market, sir", []),
        ("I am go to the market", [Difference("going", "go")]),
        ("I am going to market", [Difference("the", "")]),
        ("I am not going to the market", [Difference("", "not")]),
        ("", [Difference("i am going to the market", "")]),
    ],
)
def test_what_was_said_is_compared_word_by_word(said: str, differences: list[Difference]) -> None:
    assert compare("I am going to the market", said) == differences
