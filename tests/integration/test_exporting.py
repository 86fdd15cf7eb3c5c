"""An export whose sounds cannot all be read, and one whose key is revoked while it is sent."""

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Engine, create_engine

from api.access import repository
from api.access.keyring import Keyring
from api.access.keys import KeyKind
from api.access.secrets import AccessSecrets
from api.audio.stores import Storing
from api.database import Sessions
from api.learners.export import Export
from shared.audio_stores import AudioStores
from shared.models import BUILT_IN_APP_ID, Scope
from shared.storage import LocalAudioStore
from tests.support.factories import ASHA, Bench

SECRETS = AccessSecrets(1, {1: b"s" * 32})
Result = TypeVar("Result")


def with_export(database: Engine, folder: Path, work: Callable[[Export], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        engine = create_engine(database.url, pool_size=2)
        stores = AudioStores(LocalAudioStore(folder), "here")
        try:
            with (
                closing(Sessions(engine, at_once=2)) as sessions,
                closing(Storing(stores, most_at_once=1)) as storing,
            ):
                return await work(Export(sessions, storing, SECRETS, Keyring(sessions)))
        finally:
            engine.dispose()

    return asyncio.run(main())


def test_a_sound_that_cannot_be_read_is_named_in_the_zip_and_counted_in_the_log(
    bench: Bench, database: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "api.learners.export")
    kept, lost = (bench.audio_row(bench.audio(1.0)).name for _ in range(2))
    LocalAudioStore(tmp_path).write(kept, b"sound")

    async def gather(export: Export) -> bytes:
        return b"".join([chunk async for chunk in await export.open(ASHA)])

    archive = zipfile.ZipFile(io.BytesIO(with_export(database, tmp_path, gather)))

    assert archive.read(f"audio/{kept}") == b"sound"
    assert json.loads(archive.read("missing.json")) == [lost]
    [line] = [each for each in caplog.records if each.name == "api.learners.export"]
    assert line.getMessage().startswith("1 sounds that could not be read")
    assert SECRETS.pseudonym(ASHA) in line.getMessage()
    assert ASHA.user_id not in line.getMessage()


def test_an_export_ends_in_the_middle_when_its_key_is_revoked(
    bench: Bench, database: Engine, tmp_path: Path
) -> None:
    bench.text()
    with bench.sessions.begin() as session:
        row, _ = repository.create_key(
            session, SECRETS, app_id=BUILT_IN_APP_ID, label="", kind=KeyKind.LIVE, scopes=[Scope.CHAT]
        )

    def revoke() -> None:
        with bench.sessions.begin() as session:
            repository.revoke_key(session, row.id)

    async def gather(export: Export) -> bytes:
        chunks = await export.open(ASHA, key_id=row.id)
        content = await anext(chunks)
        await asyncio.to_thread(revoke)
        await export.keyring._confirm()
        return content + b"".join([chunk async for chunk in chunks])

    content = with_export(database, tmp_path, gather)

    assert content.startswith(b"PK")
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(content))
