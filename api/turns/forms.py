"""Reads a voice chat's multipart form. Its size is bounded by `api.http.body_limit` as it arrives.

Recordings are written to temporary files as they arrive, so that many at once need little memory;
`api.decoding.arrivals` bounds how many there are and their total bytes.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.access.principal import Principal
from api.decoding.arrivals import Arrivals, Place
from api.decoding.errors import AudioTooLargeError
from api.decoding.protocol import MAX_BYTES, MAX_SECONDS
from api.http.body_limit import expect_larger_body
from api.http.problems import InvalidRequestError, describe_validation, shown_name
from api.schemas import ConversationId, UserId
from api.turns.schemas import ChatRequest
from shared.models import SpokenPart

AUDIO_FIELD = "audio_file"
_FIELD_MAX_BYTES = 4096
_FIELDS_MAX_BYTES = 64 * 1024
_MAX_FIELDS = 8
_MAX_FILES = 2  # one more than allowed, so that the error can name it
_IN_MEMORY_BYTES = 64 * 1024

VOICE_FORM = "VoiceChatForm"
VOICE_FORM_SCHEMA: dict[str, Any] = {
    "title": VOICE_FORM,
    "description": "A learner's recording.",
    "type": "object",
    "required": [AUDIO_FIELD],
    "additionalProperties": False,
    "properties": {
        "user_id": TypeAdapter(UserId).json_schema(),
        "conversation_id": TypeAdapter(ConversationId).json_schema(),
        "speak": {
            "description": "which texts are spoken: the field once for each; once and empty for none",
            "type": "array",
            "items": {"$ref": "#/components/schemas/SpokenPart"},
            "maxItems": len(SpokenPart),
            "default": [SpokenPart.REPLY],
        },
        AUDIO_FIELD: {
            "description": f"at most {MAX_BYTES // 1024**2} MB and {MAX_SECONDS:.0f} s; "
            "its content says what it is, whatever it is called",
            "type": "string",
            "format": "binary",
        },
    },
}
"""The form as the OpenAPI document shows it: FastAPI sees none, since we read the body as it arrives."""

REVIEW_FORM = "VoiceReviewForm"
_OF_A_REVIEW = ("speak", AUDIO_FIELD)
REVIEW_FORM_SCHEMA: dict[str, Any] = VOICE_FORM_SCHEMA | {
    "title": REVIEW_FORM,
    "required": [AUDIO_FIELD],
    "properties": {name: VOICE_FORM_SCHEMA["properties"][name] for name in _OF_A_REVIEW},
}
"""The same for a review."""


@dataclass(frozen=True, slots=True)
class VoiceChat:
    """A voice chat's fields and the file of its recording as it came, with its SHA-256 in hexadecimal."""

    request: ChatRequest
    audio: BinaryIO
    digest: str
    place: Place

    def close(self) -> None:
        """Remove the file and free its share of the bound on arrivals."""
        self.audio.close()
        self.place.give_back()


class _Parser(MultiPartParser):
    """Treats the recording as a file even if the client sends no filename, or only `filename*`."""

    def on_headers_finished(self) -> None:
        """Give the recording's part a filename if it has none: Starlette recognises files by it."""
        part = self._current_part
        _, options = parse_options_header(part.content_disposition)
        if options.get(b"name") == AUDIO_FIELD.encode() and b"filename" not in options:
            part.content_disposition = (part.content_disposition or b"") + b'; filename=""'
        super().on_headers_finished()


async def read_voice_chat(
    request: Request, arrivals: Arrivals, principal: Principal, known: Mapping[str, str] | None = None
) -> AsyncIterator[VoiceChat]:
    """Yield the form once, as its sender's; its file is removed afterwards unless it was closed before.

    `known`: the fields that the route knows already, which the form must not have.
    Raises `InvalidRequestError` naming the field, `AudioTooLargeError`, or what `Arrivals.place` raises.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidRequestError("body: must be multipart/form-data")
    expect_larger_body(request, MAX_BYTES + _FIELDS_MAX_BYTES, AudioTooLargeError())
    with arrivals.place(principal.caller, principal.most_arriving) as place:
        form = await _parse(request, place)
        try:
            fields, audio = _fields(form, known or {}), _audio(form)
            digest = await asyncio.to_thread(_digest, audio)
            yield VoiceChat(fields, audio, digest, place)
        finally:
            await form.close()


async def _parse(request: Request, place: Place) -> FormData:
    parser = _Parser(
        request.headers,
        place.counting(request.stream()),
        max_files=_MAX_FILES,
        max_fields=_MAX_FIELDS,
        max_part_size=_FIELD_MAX_BYTES,
    )
    parser.spool_max_size = _IN_MEMORY_BYTES
    try:
        return await parser.parse()
    except (MultiPartException, ValueError) as error:
        # A ValueError: Python knows the character set but cannot decode these bytes with it.
        raise InvalidRequestError("body: is not a readable multipart form") from error


def _audio(form: FormData) -> BinaryIO:
    upload = form.get(AUDIO_FIELD)
    if len(form.getlist(AUDIO_FIELD)) > 1:
        raise InvalidRequestError(f"{AUDIO_FIELD}: is given more than once")
    if not isinstance(upload, UploadFile):
        raise InvalidRequestError(f"{AUDIO_FIELD}: a recording is required")
    if upload.size is not None and upload.size > MAX_BYTES:
        raise AudioTooLargeError
    return upload.file


def _digest(audio: BinaryIO) -> str:
    audio.seek(0)
    digest = hashlib.sha256()
    while chunk := audio.read(_IN_MEMORY_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _fields(form: FormData, known: Mapping[str, str]) -> ChatRequest:
    fields: dict[str, Any] = dict(known)
    for name in set(form) - {AUDIO_FIELD}:
        values = form.getlist(name)
        if name in known:
            raise InvalidRequestError(f"{shown_name(name, 'body')}: is no field here")
        if name == "speak":
            fields[name] = _list(values)
        elif len(values) > 1:
            raise InvalidRequestError(f"{shown_name(name, 'body')}: is given more than once")
        else:
            fields[name] = values[0]
    try:
        return ChatRequest.model_validate(fields)
    except ValidationError as error:
        raise InvalidRequestError(describe_validation(error.errors())) from None


def _list(values: Sequence[str | UploadFile]) -> Any:
    """Return a list sent as one JSON array or as repeated fields; an empty field is an empty list."""
    if len(values) > 1:
        return list(values)
    value = values[0]
    if not isinstance(value, str) or not value.startswith("["):
        return [value] if value else []
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return [value]
