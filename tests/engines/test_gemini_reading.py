"""Answers of the model that are not quite the form: read, if there is a reply in them, with one call."""

import json
from typing import Any

import pytest

from shared.models import MistakeCategory
from tests.support.gemini_server import GOOD_FORM, GeminiServer, Step, events, filled, said, spoken, wrapped
from worker.bounds import LONGEST_REPLY
from worker.engines.gemini import GeminiTutor
from worker.ports import TutorReply, TutorRequest

FORM = json.dumps(GOOD_FORM, ensure_ascii=False)
WITHOUT_EXPLANATION = {name: value for name, value in GOOD_FORM.items() if "explanation" not in name}


def ask(server: GeminiServer, step: Step) -> TutorReply:
    """Return the reply made of the step, the only one that is asked for."""
    server.script(step)
    reply = GeminiTutor("key", "gemini-3.6-flash", server.url).reply(
        TutorRequest("I am go to market", (), 20.0)
    )
    assert len(server.asked) == 1
    return reply


@pytest.mark.parametrize(
    "text",
    [
        *wrapped(FORM).values(),
        FORM + FORM,
        f"{FORM}\n{json.dumps(GOOD_FORM | {'reply_text': 'Another.'})}",
        FORM + "}",
        "\ufeff" + FORM,
        json.dumps(GOOD_FORM | {"more": [1, 2]}),
    ],
    ids=[*wrapped(FORM), "doubled", "two", "brace", "mark", "more"],
)
def test_the_first_object_that_fits_is_taken(server: GeminiServer, text: str) -> None:
    reply = ask(server, said(text))

    assert (reply.text, reply.score) == (GOOD_FORM["reply_text"], 70)
    assert reply.mistake is not None
    assert reply.hinglish_explanation == GOOD_FORM["hinglish_explanation"]


@pytest.mark.parametrize(
    ("given", "score"),
    [(110, 100), (-1, 0), (70.5, 70), ("85", 85), ("good", None), (True, None), ([], None), (10**400, 100)],
)
def test_a_score_is_the_nearest_one_or_none(server: GeminiServer, given: object, score: int | None) -> None:
    assert ask(server, filled(score=given)).score == score


@pytest.mark.parametrize(
    "mistake",
    ["am go", {"wrong": "am go"}, {"wrong": "am go", "right": "am going " * 50, "category": "x"}, [], 5],
)
def test_a_mistake_that_is_none_is_left_out_with_its_explanation(
    server: GeminiServer, mistake: object
) -> None:
    reply = ask(server, filled(mistake=mistake))

    assert reply.text == GOOD_FORM["reply_text"]
    assert (reply.mistake, reply.hinglish_explanation, reply.devanagari_explanation) == (None, None, None)


@pytest.mark.parametrize("category", [None, 5, {}])
def test_a_mistake_needs_no_category(server: GeminiServer, category: object) -> None:
    mistake = ask(server, filled(mistake=GOOD_FORM["mistake"] | {"category": category})).mistake

    assert mistake is not None
    assert mistake.category is MistakeCategory.OTHER


@pytest.mark.parametrize(
    "form", [WITHOUT_EXPLANATION, GOOD_FORM | {"hinglish_explanation": 5, "explanation_devanagari": None}]
)
def test_a_mistake_needs_no_explanation(server: GeminiServer, form: dict[str, Any]) -> None:
    reply = ask(server, said(json.dumps(form)))

    assert reply.mistake is not None
    assert (reply.hinglish_explanation, reply.devanagari_explanation) == (None, None)


def test_a_reply_alone_is_a_reply(server: GeminiServer) -> None:
    assert ask(server, said('{"reply_text": "Hello!"}')) == TutorReply(
        "Hello!", None, None, None, None, tokens_in=120, tokens_out=45
    )


def test_what_was_written_before_the_answer_was_cut_is_used_but_no_half_sentence(
    server: GeminiServer,
) -> None:
    cut = FORM[: FORM.index("hinglish") + 40]

    reply = ask(server, said(cut, finish="MAX_TOKENS"))

    assert reply.text == GOOD_FORM["reply_text"]
    assert reply.hinglish_explanation is None


@pytest.mark.parametrize(
    ("field", "limit", "end"),
    [("reply_text", LONGEST_REPLY, " Word."), ("hinglish_explanation", 800, " Word.…")],
)
def test_what_is_too_long_ends_between_words(server: GeminiServer, field: str, limit: int, end: str) -> None:
    reply = ask(server, filled(**{field: "Word. " * 500}))

    text = reply.text if field == "reply_text" else reply.hinglish_explanation
    assert text is not None
    assert len(text) <= limit
    assert text.endswith(end)


@pytest.mark.parametrize(
    ("counted", "tokens"),
    [
        ({"promptTokenCount": 2_147_483_647}, 10_000_000),
        ({"promptTokenCount": -5}, 0),
        ({"promptTokenCount": 1.5e300}, 10_000_000),
        ({"promptTokenCount": 12.0}, 12),
        ({"promptTokenCount": float("nan")}, 0),
        ({"promptTokenCount": "many"}, 0),
        ({"promptTokenCount": 10**400}, 10_000_000),
        ([], 0),
        (None, 0),
    ],
)
def test_odd_counts_cost_no_second_call_and_are_bounded(
    server: GeminiServer, counted: object, tokens: int
) -> None:
    candidate = {"content": {"parts": [{"text": FORM}]}, "finishReason": "STOP", "news": {"of": "tomorrow"}}

    step = events({"candidates": [candidate], "usageMetadata": counted, "more": 1})

    assert ask(server, step).tokens_in == tokens


def test_thoughts_are_no_part_of_the_answer(server: GeminiServer) -> None:
    thought = {"text": '{"reply_text": "I think."}', "thought": True}
    content = {"parts": [thought, {"text": FORM}]}

    assert ask(server, events({"candidates": [{"content": content}]})).text == GOOD_FORM["reply_text"]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"candidates": None},
        {"candidates": "none"},
        {"candidates": [5]},
        {"candidates": [{"content": {"parts": "?"}, "finishReason": 5}]},
        {"candidates": [{"content": {"parts": [{"text": None}, 5]}, "finishReason": "x" * 100}]},
        {"promptFeedback": []},
        {"usageMetadata": "?"},
        ["?"],
    ],
)
def test_an_odd_event_costs_no_second_call(server: GeminiServer, odd: object) -> None:
    step = events(spoken(FORM[:20]), odd, spoken(FORM[20:], finish="STOP"))

    assert ask(server, step).text == GOOD_FORM["reply_text"]


@pytest.mark.parametrize(("score", "end", "told"), [(100, "}", 100), (100, "", None), (7, "", None)])
def test_a_number_counts_only_where_the_form_is_whole(
    server: GeminiServer, score: int, end: str, told: int | None
) -> None:
    text = f'{{"reply_text": "Hello!", "score": {score}{end}'

    assert ask(server, said(text, finish="MAX_TOKENS")).score == told
