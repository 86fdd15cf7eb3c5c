"""Serves audio through a link that was made while the file was on a disk."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from api.audio.links import AudioLinks
from api.database import Sessions
from api.http.problems import NotFoundError
from shared.audio_stores import AudioStores
from shared.models import AudioBackend, AudioObject


@dataclass(frozen=True, slots=True)
class Playback:
    """Finds the target of a link: a file, or S3 if the audio has moved there since."""

    sessions: Sessions
    stores: AudioStores
    links: AudioLinks

    async def open(self, name: str, expires: str, signature: str) -> Path | str:
        """Return the sound's file, or its presigned URL, which ends when the link does.

        Raises `InvalidSignatureError`, and `NotFoundError` for a sound that is not there any more.
        """
        self.links.check(name, expires, signature)
        path = self.stores.local.path(name)
        if await asyncio.to_thread(path.is_file):
            return path
        if self.stores.s3 is not None and await self._is_in_s3(name):
            return self.stores.s3.url(name, datetime.fromtimestamp(int(expires), UTC))
        raise NotFoundError("This audio is not here any more.")

    async def _is_in_s3(self, name: str) -> bool:
        statement = select(col(AudioObject.backend)).where(col(AudioObject.name) == name)
        return await self.sessions.read(Session.scalar, statement) is AudioBackend.S3
