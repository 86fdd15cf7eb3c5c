"""Strings made to break software are messages like any other."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.contract import TEXT, assert_problem, send_together, succeeded
from tests.support.stack import Stack

MESSAGE_MAX_CHARACTERS = 2_000


@pytest.fixture(scope="module")
def sentences(data: Path) -> list[dict[str, Any]]:
    with (data / "text" / "hostile.jsonl").open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def request_for(sentence: dict[str, Any], **more: object) -> dict[str, Any]:
    user = f"mallory-{len(sentence['text']) % 20}"  # one user may not have so many jobs at a time
    body = {"user_id": user, "message": sentence["text"], "speak": [], **more}
    return {"url": TEXT, "json": body}


def is_valid(text: str) -> bool:
    shows = any(unicodedata.category(each) not in {"Cc", "Cf", "Zs", "Zl", "Zp"} for each in text)
    return shows and len(text) <= MESSAGE_MAX_CHARACTERS and "\0" not in text


def test_every_hostile_message_is_answered_and_none_is_an_error(
    stack: Stack, sentences: list[dict[str, Any]]
) -> None:
    responses = send_together(stack.client, map(request_for, sentences))

    accepted: list[httpx.Response] = []
    for sentence, response in zip(sentences, responses, strict=True):
        if is_valid(sentence["text"]):
            assert response.status_code == 202, (sentence["id"], response.text)
            accepted.append(response)
        else:
            detail = assert_problem(response, 422, "invalid_request")
            assert detail.startswith("message: ")
    assert len(accepted) > 500
    for response in accepted:
        job = succeeded(stack, response.json()["id"])
        assert job["result"]["reply_text"].strip()
        assert job["result"]["score"] is None or 0 <= job["result"]["score"] <= 100


def test_hostile_messages_are_kept_to_the_letter(stack: Stack, sentences: list[dict[str, Any]]) -> None:
    some = [sentence for sentence in sentences if is_valid(sentence["text"])][::25]
    for sentence in some:
        response = stack.client.post(**request_for(sentence, conversation_id=sentence["id"]))
        stack.finished(response.json()["id"])
        kept = stack.sql("SELECT message FROM jobs WHERE id = :id", id=response.json()["id"])
        assert kept[0].message == sentence["text"]


@pytest.mark.parametrize("category", ["emoji", "indic_script", "html_js", "prompt_injection"])
def test_an_answer_to_a_hostile_message_can_be_spoken(
    stack: Stack, sentences: list[dict[str, Any]], category: str
) -> None:
    sentence = next(sentence for sentence in sentences if sentence["category"] == category)
    response = stack.client.post(**request_for(sentence, speak=["reply", "explanation"]))

    result = succeeded(stack, response.json()["id"])["result"]

    assert (result["audio_url"] is not None, result["warnings"]) == (True, [])


@pytest.mark.parametrize(
    "message",
    ["\u202e.\u2066", "a\u0300" * 900, "\uffff\ufffe", "\U0010ffff", "\x01\x1b[31m", "'"],
    ids=ascii,
)
def test_extreme_characters_are_answered(stack: Stack, message: str) -> None:
    job = succeeded(stack, stack.text_chat("mallory", message)["id"])
    assert job["result"]["reply_text"].strip()
