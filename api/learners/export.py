"""All that is kept of a learner as one ZIP, made while it is sent: rows as JSON, sounds as they are stored.

Rows are read page by page and sounds one by one, each in a session of its own, so that neither the memory
nor a transaction grows with what there is.
"""

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select, tuple_
from sqlalchemy.orm import Session

from api.access.keyring import Keyring
from api.access.secrets import AccessSecrets
from api.audio.stores import Storing
from api.database import Sessions
from api.http.problems import NotFoundError
from shared import learners
from shared.learners import LearnerRef
from shared.models import AudioObject, metadata
from shared.storage import StorageError

logger = logging.getLogger(__name__)

_PAGE = 200
_Condition = Callable[[UUID], ColumnElement[bool]]


def _table(name: str) -> Table:
    return metadata.tables[name]


def _of_learner(name: str) -> _Condition:
    return lambda learner_id: _table(name).c.learner_id == learner_id


def _through(name: str, column: str, owner: str) -> _Condition:
    def condition(learner_id: UUID) -> ColumnElement[bool]:
        owned = select(_table(owner).c.id).where(_table(owner).c.learner_id == learner_id)
        return _table(name).c[column].in_(owned)

    return condition


TABLES: Mapping[str, _Condition] = {
    "learners": lambda learner_id: _table("learners").c.id == learner_id,
    "conversations": _of_learner("conversations"),
    "messages": _through("messages", "conversation_id", "conversations"),
    "jobs": _of_learner("jobs"),
    "steps": _through("steps", "job_id", "jobs"),
    "job_events": _through("job_events", "job_id", "jobs"),
    "daily_usage": _of_learner("daily_usage"),
    "mistakes": _of_learner("mistakes"),
    "mistake_uses": _through("mistake_uses", "mistake_id", "mistakes"),
    "daily_mistakes": _of_learner("daily_mistakes"),
    "audio_objects": _of_learner("audio_objects"),
}
"""Every table that holds something of a learner, and which of its rows do. A test looks for others."""


class LearnerNotFoundError(NotFoundError):
    """Nothing is kept of this learner."""

    def __init__(self) -> None:
        super().__init__("There is no such learner.")


class _Outlet(io.RawIOBase):
    """What the ZIP is written to: a file that cannot seek, emptied after each write."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def drain(self) -> bytes:
        """Return what was written since the last call."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


@dataclass(frozen=True, slots=True)
class Export:
    """Makes exports."""

    sessions: Sessions
    storing: Storing
    secrets: AccessSecrets
    keyring: Keyring

    async def open(self, learner: LearnerRef, *, key_id: UUID | None = None) -> AsyncIterator[bytes]:
        """Return the ZIP's bytes, as they are made. Raises `LearnerNotFoundError` before the first one.

        They end early, in the middle of the ZIP, when the key is revoked that it was asked for with.
        """
        row = await self.sessions.read(learners.find, learner)
        if row is None:
            raise LearnerNotFoundError
        return self._until_revoked(self._archive(row.id, self.secrets.pseudonym(learner)), key_id)

    async def _until_revoked(
        self, archive: AsyncGenerator[bytes, None], key_id: UUID | None
    ) -> AsyncIterator[bytes]:
        revoked = asyncio.Event()
        with self.keyring.watching(key_id, revoked.set):
            async with aclosing(archive) as chunks:
                async for chunk in chunks:
                    if revoked.is_set():
                        logger.info("an export ends early: its key is revoked")
                        return
                    yield chunk

    async def _archive(self, learner_id: UUID, pseudonym: str) -> AsyncGenerator[bytes, None]:
        outlet, missing = _Outlet(), list[str]()
        with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in TABLES:
                with archive.open(f"{name}.json", "w", force_zip64=True) as file:
                    separator = b"[\n"
                    async for page in self._pages(name, learner_id):
                        file.write(separator + b",\n".join(map(_as_json, page)))
                        separator = b",\n"
                        yield outlet.drain()
                    file.write(b"\n]\n" if separator == b",\n" else b"[]\n")
                yield outlet.drain()
            async for page in self._pages("audio_objects", learner_id):
                for row in page:
                    sound = AudioObject(**row)
                    try:
                        data = await self.storing.read(sound)
                    except StorageError:
                        missing.append(sound.name)
                        continue
                    # A sound is compressed already.
                    archive.writestr(f"audio/{sound.name}", data, zipfile.ZIP_STORED)
                    yield outlet.drain()
            archive.writestr("missing.json", json.dumps(missing))
        if missing:
            logger.warning(
                "%d sounds that could not be read are not in an export of the learner %s",
                len(missing),
                pseudonym,
            )
        yield outlet.drain()

    async def _pages(self, name: str, learner_id: UUID) -> AsyncIterator[Sequence[dict[str, Any]]]:
        after: Sequence[Any] | None = None
        while page := await self.sessions.read(_page, name, learner_id, after):
            yield page
            after = [page[-1][column.name] for column in _table(name).primary_key]
            if len(page) < _PAGE:
                return


def _page(
    session: Session, name: str, learner_id: UUID, after: Sequence[Any] | None
) -> Sequence[dict[str, Any]]:
    table = _table(name)
    key = list(table.primary_key)
    statement = select(table).where(TABLES[name](learner_id)).order_by(*key).limit(_PAGE)
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple(after))
    return [row._asdict() for row in session.execute(statement)]


def _as_json(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=str).encode()
