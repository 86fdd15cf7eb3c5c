"""Reads the form that the model writes: while it does, and in prose, in a code fence, twice or cut short."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from worker.engines.gemini.form import ReplyForm
from worker.ports import Draft
from worker.text.plain import LONGEST_READ

_MOST_TRIES = 20
"""Of beginnings of an object: a well-meant answer has one or two."""
_LONGEST_ANSWER = 50_000
_LONGEST_FOLLOWED = LONGEST_READ + 2_000
"""What is read while it is written is read again with each piece."""
_REPLY = "reply_text"
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


class StreamedForm:
    """Writes the reply's text of a form to a draft while the model writes the form.

    As the text is the form's first field, it is whole long before the form is. Where a model writes anything
    but the form, nothing is written: the whole answer then decides.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._answer = self._written = ""
        self._is_over = False

    def add(self, piece: str) -> None:
        """Take the next piece of what the model writes."""
        if self._is_over:
            return
        self._answer += piece
        begin = self._answer.find("{")
        if begin < 0:
            return
        try:
            begun = from_json(self._answer[begin:], allow_partial="trailing-strings")
            whole = from_json(self._answer[begin:], allow_partial=True)  # without a string that is only begun
        except ValueError:
            self._is_over = True
            return
        self._is_over = _REPLY in whole or len(self._answer) > _LONGEST_FOLLOWED
        self._follow(begun.get(_REPLY))
        if _REPLY in whole:
            self._draft.end()

    def restart(self) -> None:
        """Take back what was written: the model begins anew."""
        if self._written:
            self._draft.restart()
        self._answer = self._written = ""
        self._is_over = False

    def _follow(self, text: object) -> None:
        if isinstance(text, str) and len(text) > len(self._written):
            self._draft.write(text[len(self._written) :])
            self._written = text


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
            # A string that is cut short is left out, not shown by half. A number may be cut short unseen.
            whole = from_json(text[first:], allow_partial=True)
            yield {name: value for name, value in whole.items() if not isinstance(value, int | float)}
        except ValueError:
            return
