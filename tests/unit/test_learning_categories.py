import pytest

from shared.learning.categories import category_of
from shared.models import MistakeCategory


@pytest.mark.parametrize(
    ("called", "category"),
    [
        ("verb tense", MistakeCategory.VERB_TENSE),
        ("Subject-Verb Agreement", MistakeCategory.SUBJECT_VERB_AGREEMENT),
        ("VERB:SVA", MistakeCategory.SUBJECT_VERB_AGREEMENT),
        ("NOUN:NUM", MistakeCategory.NOUN_NUMBER),
        ("article", MistakeCategory.DETERMINER),
        ("missing article", MistakeCategory.DETERMINER),
        ("incorrect prepositions", MistakeCategory.PREPOSITION),
        ("wrong verb tense used", MistakeCategory.VERB_TENSE),
        ("verb_form", MistakeCategory.VERB_FORM),
        ("", MistakeCategory.OTHER),
        ("क्रिया", MistakeCategory.OTHER),
    ],
)
def test_what_a_tutor_calls_it_is_mapped_to_the_list(called: str, category: MistakeCategory) -> None:
    assert category_of(called) is category


@pytest.mark.parametrize("category", MistakeCategory)
def test_every_category_is_its_own_name(category: MistakeCategory) -> None:
    assert category_of(category) is category
