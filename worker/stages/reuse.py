"""Which answers are the same: the cache's keys and values, for replies and for speech.

A key is the learner, so that what is kept of one can be found and removed, and a hash of all that an answer
depends on, so that no words are in it. A value is JSON; one
that does not have its form (another release's, damaged) is as good as none.
"""

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass, replace
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from shared import __version__
from shared.models import REPEATED
from shared.results import StoredSpeech
from worker.bootstrap import EngineKind, Engines
from worker.bounds import LONGEST_NAME, bounded_reply, bounded_tokens
from worker.cache import Cache, Kept
from worker.errors import EngineError, InvalidTutorReplyError
from worker.metrics import count_lookups, count_tokens
from worker.ports import TutorReply, TutorRequest
from worker.settings import WorkerSettings

logger = logging.getLogger(__name__)

# How long to wait for another's answer to the same question, as a part of the tutor's time limit.
_WAIT_SHARE = 1 / 12
# All that decides how a text sounds. Settings, not the loaded engine: the LLM worker loads no voice.
_VOICE_SETTINGS = {
    "tts_engine",
    "kokoro_english_voice",
    "kokoro_hindi_voice",
    "chatterbox_model",
    "chatterbox_voice",
    "indicf5_model",
    "indicf5_voice",
    "indicf5_voice_text",
}
_REPLY = TypeAdapter(TutorReply)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class GivenReply:
    """A tutor's reply, and the engine to show for it."""

    reply: TutorReply
    engine: str


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A cache entry of speech: where it is stored, and the engine. The name fits into a row."""

    audio_id: UUID
    engine: Annotated[str, StringConstraints(max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")]


_SPEECH = TypeAdapter(_Spoken)


class CachedReplies:
    """Asks the tutor, or reuses its answer to the same learner, message and past turns.

    Nobody meets what was answered to somebody else: that it is repeated, or comes at once, would tell
    that somebody has said the same.
    """

    def __init__(self, cache: Cache, engines: Engines) -> None:
        self._cache = cache
        self._engines = engines

    def reply(self, request: TutorRequest, learner_id: UUID) -> GivenReply:
        """Return a bounded answer within the request's time. Raises what the tutor raises.

        A learner's equal requests at the same time, in any workers, ask once: the others wait for the
        answer, a twelfth of their time at most. An answer with warnings is not kept.
        A repeated answer cost no tokens, and says so.
        """
        began, key = time.monotonic(), reply_key(self._engines, request, learner_id)
        with self._cache.one_at_a_time(key, seconds=request.timeout_seconds * _WAIT_SHARE) as kept:
            name = self._engines.name(EngineKind.LLM)
            repeated = _read_reply(kept)
            count_lookups(self._cache, "reply", repeated)
            if repeated is not None:
                return GivenReply(replace(repeated, tokens_in=0, tokens_out=0), cached(name))
            left = request.timeout_seconds - (time.monotonic() - began)
            try:
                reply = self._engines.tutor.reply(replace(request, timeout_seconds=left))
            except EngineError as error:
                count_tokens(bounded_tokens(error.tokens_in), bounded_tokens(error.tokens_out))
                raise
            tokens = (bounded_tokens(reply.tokens_in), bounded_tokens(reply.tokens_out))
            count_tokens(*tokens)
            try:
                reply = bounded_reply(reply)
            except InvalidTutorReplyError as error:
                raise error.having_cost(*tokens) from None
            if not request.is_english:
                reply = _without_judgement(reply)
            if not reply.warnings:
                _put(self._cache, key, _REPLY, reply)
            return GivenReply(reply, name)


class CachedSpeech:
    """Knows which audio object last spoke a text to a learner in the voice that the settings choose.

    Whether the object still exists is the database's to say.
    """

    def __init__(self, cache: Cache, settings: WorkerSettings) -> None:
        self._cache = cache
        self._settings = settings

    def find(self, text: str, learner_id: UUID) -> StoredSpeech | None:
        """Return the speech of the text, where it has been spoken to the learner before."""
        spoken = _read(_SPEECH, self._cache.get(speech_key(self._settings, text, learner_id)))
        count_lookups(self._cache, "speech", spoken)
        return None if spoken is None else StoredSpeech(spoken.audio_id, cached(spoken.engine))

    def keep(self, text: str, audio_id: UUID, engine: str, learner_id: UUID) -> None:
        """Remember that the object is `text` spoken to the learner by the engine of this name."""
        _put(self._cache, speech_key(self._settings, text, learner_id), _SPEECH, _Spoken(audio_id, engine))


def _without_judgement(reply: TutorReply) -> TutorReply:
    """Return the reply without mistake, score and used forms: they are for English alone."""
    return replace(
        reply, mistake=None, hinglish_explanation=None, devanagari_explanation=None, score=None, used={}
    )


def cached(engine: str) -> str:
    """Return the name to show for an engine whose earlier answer was reused."""
    return f"{engine}{REPEATED}"


def reply_key(engines: Engines, request: TutorRequest, learner_id: UUID) -> str:
    """Return the key of the loaded tutor's reply to the learner's message after these turns."""
    kind = EngineKind.LLM
    tutor = [engines.chosen[kind], engines.name(kind), engines.version(kind)]
    turns = [asdict(turn) for turn in request.history]
    due = [asdict(mistake) for mistake in request.due]
    heard = (request.spoken_language, request.unsure, request.hindi)
    return f"{learner_id}:reply:{_hash(tutor, turns, request.message, *heard, due)}"


def speech_key(settings: WorkerSettings, text: str, learner_id: UUID) -> str:
    """Return the key of the text spoken to the learner in the voice that the settings choose."""
    return f"{learner_id}:speech:{_hash(settings.model_dump(mode='json', include=_VOICE_SETTINGS), text)}"


def _hash(*parts: object) -> str:
    # With the release: rules, prompts and voices change with our code too.
    return hashlib.sha256(json.dumps([__version__, *parts], sort_keys=True).encode()).hexdigest()


def _put(cache: Cache, key: str, form: TypeAdapter[Value], value: Value) -> None:
    try:
        cache.put(key, form.dump_json(value, warnings="error"))
    except PydanticSerializationError:
        # An engine may be anybody's code: its answer may be of any type, or text that JSON cannot hold.
        logger.warning("an engine's answer cannot be cached: it is not of the expected type")


def _read(form: TypeAdapter[Value], kept: Kept | None) -> Value | None:
    if kept is None:
        return None
    try:
        return form.validate_json(kept)
    except ValidationError:
        logger.warning("a cache entry cannot be read")
        return None


def _read_reply(kept: Kept | None) -> TutorReply | None:
    reply = _read(_REPLY, kept)
    try:
        return None if reply is None else bounded_reply(reply)
    except InvalidTutorReplyError:
        logger.warning("a cache entry is not a reply")
        return None
