"""Accepts a turn: checks, stores the recording, inserts the job in one transaction, then publishes it."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.database import Sessions
from api.publishing import Publisher
from api.schemas import ChatRequest, TextChatRequest
from api.uploads import DecodedAudio, Decoder
from api.voice_form import VoiceChat
from shared import audio_objects, jobs
from shared.jobs import Hint, NewJob
from shared.models import JobKind
from shared.storage import FLAC, LocalAudioStore
from shared.telemetry import request_id_var


@dataclass(frozen=True, slots=True)
class Chats:
    """Turns requests into jobs. `host` names the machine whose disk `store` writes to."""

    sessions: Sessions
    publisher: Publisher
    decoder: Decoder
    decode_limit: timedelta
    store: LocalAudioStore
    host: str

    async def accept_text(self, request: TextChatRequest, idempotency_key: str | None) -> UUID:
        """Return the id of the job that answers the message: a new one, or the key's earlier one."""
        new = _new_job(JobKind.TEXT, request, request.message, idempotency_key)
        return await self._replay(new) or await self._accept(new)

    async def accept_voice(self, chat: VoiceChat, idempotency_key: str | None) -> UUID:
        """Return the id of the job that answers the recording: a new one, or the key's earlier one.

        Raises the errors of `Decoder.decode`, and `StorageError`.
        """
        new = _new_job(JobKind.VOICE, chat.request, chat.digest, idempotency_key)
        replayed = await self._replay(new)
        if replayed is not None:
            return replayed
        audio = await self.decoder.decode(chat.audio, timeout_seconds=self.decode_limit.total_seconds())
        return await self._accept(new, upload_id=await self._store_upload(audio))

    async def _replay(self, new: NewJob) -> UUID | None:
        if new.idempotency_key is None:
            return None
        async with self.sessions() as session:
            return await session.run_sync(jobs.find_replay, new.user_id, new.idempotency_key, new.fingerprint)

    async def _store_upload(self, audio: DecodedAudio) -> UUID:
        async with self.sessions.begin() as session:
            upload = audio_objects.intend(
                session.sync_session,
                host=self.host,
                content_type=FLAC,
                size_bytes=len(audio.flac),
                seconds=audio.seconds,
            )
        await asyncio.to_thread(self.store.write, upload.name, audio.flac)
        return upload.id

    async def _accept(self, new: NewJob, upload_id: UUID | None = None) -> UUID:
        try:
            async with self.sessions.begin() as session:
                job_id, hint = await session.run_sync(_insert, new, upload_id)
        except IntegrityError:
            # The same key was accepted at this very moment: that job is the answer.
            replayed = await self._replay(new)
            if replayed is None:
                raise
            return replayed
        if hint is not None:
            await self.publisher.publish(hint)
        return job_id


def _insert(session: Session, new: NewJob, upload_id: UUID | None) -> tuple[UUID, Hint | None]:
    if upload_id is not None:
        audio_objects.mark_stored(session, [upload_id])
    return jobs.accept(session, new, upload_id)


def _new_job(kind: JobKind, request: ChatRequest, content: str, idempotency_key: str | None) -> NewJob:
    """`content` is the message, or the recording's digest."""
    identity = [kind, request.conversation_id, request.speak, content]
    return NewJob(
        user_id=request.user_id,
        kind=kind,
        conversation=request.conversation_id,
        speak=request.speak,
        fingerprint=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
        request_id=request_id_var.get(),
        message=content if kind is JobKind.TEXT else None,
        idempotency_key=idempotency_key,
    )
