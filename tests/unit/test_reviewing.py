"""How a review is judged: word by word, and in speech only by what was surely heard."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.models import Mistake, MistakeCategory
from worker.stages.repair import ALMOST, NOT_QUITE, review, said_in

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def mistake(right: str) -> Mistake:
    return Mistake(
        learner_id=uuid4(),
        category=MistakeCategory.OTHER,
        edit="edit",
        wrong="wrong",
        right=right,
        form="form",
        wrong_form="wrong form",
        cue="cue",
        first_seen_at=NOW,
        last_seen_at=NOW,
        due_at=NOW,
        card={},
    )


MARKET = "I am going to the market"


@pytest.mark.parametrize(
    ("right", "said", "unsure", "passed"),
    [
        (MARKET, "i am going to the market!", None, True),
        (MARKET, "Well, I am going to the market now.", None, True),
        (MARKET, "I am go to the market", None, False),
        (MARKET, "I am going to market", None, False),
        (MARKET, "I am going to the market", [], True),
        (MARKET, "I am going to the market", ["the"], None),
        (MARKET, "I am go to the market", [], False),
        (MARKET, "I am go to the market", ["go"], None),
        (MARKET, "I am go to the market", ["to"], None),
        (MARKET, "I am go to the market", ["market"], False),
        (MARKET, "I am going to market", [], False),
        (MARKET, "I am going to market", ["market"], None),
        ("I met them there", "I met them their", [], True),
        ("I met them there", "I met them their", None, False),
    ],
)
def test_a_review_passes_or_fails_where_that_is_sure(
    right: str, said: str, unsure: list[str] | None, passed: bool | None
) -> None:
    places = None if unsure is None else [(said.index(word), said.index(word) + len(word)) for word in unsure]

    _, outcome = review(mistake(right), said_in(said, places))

    assert outcome is not None
    assert outcome["passed"] is passed
    assert bool(outcome["differences"]) is (passed is False or (passed is None and said != right))


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("I am go to market", ALMOST),
        ("to the market", ALMOST),
        ("We met", NOT_QUITE),
        ("The weather is fine today", NOT_QUITE),
    ],
)
def test_an_answer_without_half_of_the_words_is_not_called_almost_right(said: str, answer: str) -> None:
    text, _ = review(mistake(MARKET), said_in(said, None))
    assert text == f"{answer} {MARKET}"


def test_a_word_is_sure_only_where_every_time_it_was_heard_is() -> None:
    text = "I go, then I well-known go"
    said = said_in(text, [(text.rindex("go"), len(text)), (text.index("known"), text.index("known") + 5)])

    assert said.has_surely(["i", "then"])
    assert not said.has_surely(["go"])
    assert not said.has_surely(["well-known"])
