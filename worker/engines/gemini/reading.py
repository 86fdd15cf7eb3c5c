"""Finds the filled form in what the model wrote: in a code fence, in prose, twice, or cut short."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from worker.engines.gemini.form import ReplyForm

_MOST_TRIES = 20
"""Of beginnings of an object: a well-meant answer has one or two."""
_LONGEST_ANSWER = 50_000
_DECODER = json.JSONDecoder(strict=False)


class UnreadableAnswerError(Exception):
    """The answer contains no reply. The error's text never quotes the answer."""


def read_form(text: str) -> ReplyForm:
    """Return the first form with a reply in `text`, what is usable of it. Raises `UnreadableAnswerError`."""
    for found in _objects(text[:_LONGEST_ANSWER]):
        try:
            return ReplyForm.model_validate(dict.fromkeys(ReplyForm.model_fields) | found)
        except ValidationError:
            continue
    raise UnreadableAnswerError("it is no JSON object with a reply_text")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that begin anywhere in `text`, then what there is of a first one cut short."""
    first = begin = text.find("{")
    for _ in range(_MOST_TRIES):
        if begin < 0:
            break
        try:
            found, _ = _DECODER.raw_decode(text, begin)
            yield found
        except (ValueError, RecursionError):
            pass
        begin = text.find("{", begin + 1)
    if first >= 0:
        try:
            # A string that is cut short is left out, not shown by half.
            yield from_json(text[first:], allow_partial=True)
        except ValueError:
            return
