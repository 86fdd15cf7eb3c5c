"""Accepts a turn: checks, stores the recording, inserts the job in one transaction, then publishes it.

That transaction holds the learner's lock, so the first of several requests with one idempotency key makes
the job and the others find it, and the limits are exact.
"""

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.access.principal import Principal
from api.access.quotas import Quotas
from api.audio.stores import Storing
from api.database import Sessions
from api.decoding.sniffing import demuxer_of
from api.decoding.uploads import Decoder
from api.http.metrics import JOBS_ACCEPTED
from api.jobs import limits as job_limits
from api.jobs.answering import Accepted
from api.jobs.limits import Limits, RefusedError
from api.jobs.read import JobRecord
from api.learning.mistakes import MistakeNotFoundError
from api.publishing import Publisher
from api.turns.forms import VoiceChat
from api.turns.schemas import ChatRequest, TextChatRequest
from shared import audio_objects, conversations, jobs, learners, traces
from shared.audio_objects import WrittenAudio
from shared.jobs import NewJob
from shared.learners import LearnerRef
from shared.learning import due
from shared.models import AudioObject, JobKind, Learner
from shared.steps import Hint
from shared.storage import FLAC, StorageError
from shared.telemetry import job_id_var, request_id_var
from shared.transitions import Transitions

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A turn, whose it is to be, what they may use, and since when, in nanoseconds since the epoch."""

    learner: LearnerRef
    quotas: Quotas
    new: NewJob
    since: int = field(default_factory=time.time_ns)


@dataclass(frozen=True, slots=True)
class Chats:
    """Turns requests into jobs."""

    sessions: Sessions
    publisher: Publisher
    decoder: Decoder
    decode_limit: timedelta
    storing: Storing
    limits: Limits

    async def accept_text(
        self,
        principal: Principal,
        request: TextChatRequest,
        idempotency_key: str | None,
        *,
        review_of: UUID | None = None,
    ) -> Accepted:
        """Return the job that answers the message: a new one, or the key's earlier one.

        `review_of`: the mistake that the message reviews. Raises `WrongUserError`, `MistakeNotFoundError`,
        and a `RefusedError` where a limit is reached.
        """
        new = _new_job(JobKind.TEXT, request, request.message, idempotency_key, review_of)
        asked = _Asked(principal.learner(request.user_id), principal.quotas, new)
        return await self._accept(asked, None)

    async def accept_voice(
        self,
        principal: Principal,
        chat: VoiceChat,
        idempotency_key: str | None,
        *,
        review_of: UUID | None = None,
    ) -> Accepted:
        """Return the job that answers the recording: a new one, or the key's earlier one.

        `review_of`: the mistake that the recording reviews. Raises the errors of `Decoder.decode`,
        `StorageError`, `WrongUserError`, `MistakeNotFoundError`, and a `RefusedError`, before anything is
        decoded where that is possible.
        """
        with closing(chat):  # nothing needs the file while the request waits for the job
            new = _new_job(JobKind.VOICE, chat.request, chat.digest, idempotency_key, review_of)
            asked = _Asked(principal.learner(chat.request.user_id), principal.quotas, new)
            # Before the database is asked: what is not audio is refused whoever sends it.
            demuxer = demuxer_of(chat.audio)
            replayed = await self.sessions.read(_replay_or_room_for, asked, self.limits)
            if replayed is not None:
                job_id_var.set(str(replayed))
                return Accepted(replayed)
            audio = await self.decoder.decode(
                chat.audio,
                demuxer,
                client=principal.sharer(asked.learner),
                most_of_client=principal.quotas.uploads,
                timeout_seconds=self.decode_limit.total_seconds(),
            )
        upload = await self._intend_upload(asked.learner)
        backend = await self.storing.write(upload.name, audio.flac)
        written = WrittenAudio(upload.id, backend, len(audio.flac), audio.seconds)
        try:
            accepted = await self._accept(asked, written)
        except (RefusedError, MistakeNotFoundError):
            await self._discard(upload)
            raise
        if accepted.made is None:
            await self._discard(upload)
        return accepted

    async def _accept(self, asked: _Asked, upload: WrittenAudio | None) -> Accepted:
        accepted, hints = await self.sessions.commit(_insert, asked, upload, self.limits)
        job_id_var.set(str(accepted.job_id))
        await self.publisher.publish(hints)
        if accepted.made is not None:
            JOBS_ACCEPTED.labels(asked.new.kind).inc()
            traces.accepted(accepted.job_id, asked.since, kind=asked.new.kind)
        return accepted

    async def _intend_upload(self, learner: LearnerRef) -> AudioObject:
        return await self.sessions.commit(_intend, learner, self.storing.host)

    async def _discard(self, upload: AudioObject) -> None:
        """Remove an upload that no job refers to; if that fails, retention removes it later."""
        try:
            gone = await self.storing.remove([upload])
            await self.sessions.commit(audio_objects.delete_rows, gone)
        except (StorageError, SQLAlchemyError):
            logger.warning("an upload without a job is left to the retention")


def _intend(session: Session, learner: LearnerRef, host: str) -> AudioObject:
    return audio_objects.intend(
        session,
        host=host,
        content_type=FLAC,
        learner_id=learners.lock(session, learner).id,
    )


def _insert(
    session: Session, asked: _Asked, upload: WrittenAudio | None, limits: Limits
) -> tuple[Accepted, Sequence[Hint]]:
    learner, new = learners.lock(session, asked.learner), asked.new
    replayed = _replay_or_room(session, learner, asked, limits)
    if replayed is not None:
        return Accepted(replayed), ()
    if upload is not None:
        job_limits.check_stored(session, learner, upload.size_bytes, asked.quotas)
        audio_objects.mark_stored(session, upload)
    job_limits.count_turn(session, learner, asked.quotas, limits)
    turn = conversations.take_turn(session, learner.id, new.conversation)
    if new.review_of is not None and not due.hold(session, learner.id, new.review_of):
        raise MistakeNotFoundError
    spoken = turn.number > 1  # else nothing of the conversation can be spoken yet
    hints = Transitions(session, limits.zone).skip_speech(turn.conversation_id) if spoken else []
    upload_id = None if upload is None else upload.audio_id
    job, first, own = jobs.accept(session, new, learner, turn, upload_id)
    made = JobRecord(job, learner.user_id, turn.public_id, {}, [first], None)
    return Accepted(job.id, made), [*hints, *own]


def _replay_or_room_for(session: Session, asked: _Asked, limits: Limits) -> UUID | None:
    learner = learners.find(session, asked.learner) or Learner(**asked.learner._asdict())
    return _replay_or_room(session, learner, asked, limits)


def _replay_or_room(session: Session, learner: Learner, asked: _Asked, limits: Limits) -> UUID | None:
    """Return the job that the idempotency key made before; None if a new one may be made."""
    key = asked.new.idempotency_key
    if key is not None:
        replayed = jobs.find_replay(session, learner.id, key, asked.new.fingerprint)
        if replayed is not None:
            return replayed
    job_limits.check(session, learner, asked.quotas, limits)
    if asked.new.message is None:
        job_limits.check_consent(learner, limits)
        job_limits.check_stored(session, learner, 1, asked.quotas)
    return None


def _new_job(
    kind: JobKind,
    request: ChatRequest,
    content: str,
    idempotency_key: str | None,
    review_of: UUID | None,
) -> NewJob:
    """`kind` says whether `content` is the message or the recording's digest."""
    identity = [kind, request.conversation_id, request.speak, content]
    if review_of is not None:
        identity.append(str(review_of))
    return NewJob(
        kind=kind if review_of is None else JobKind.REVIEW,
        conversation=request.conversation_id,
        speak=request.speak,
        fingerprint=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
        request_id=request_id_var.get(),
        message=content if kind is JobKind.TEXT else None,
        idempotency_key=idempotency_key,
        review_of=review_of,
    )
