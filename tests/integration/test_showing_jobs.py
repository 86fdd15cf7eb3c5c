"""How a job is shown: the event loop looks at no disk, which may hang."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import Response
from sqlalchemy import Engine

from api.access.principal import Reach
from api.audio.links import AudioLinks
from api.database import Sessions
from api.jobs.read import JobReader
from api.routers.jobs import read_job
from shared.audio_stores import AudioStores
from shared.models import BUILT_IN_APP_ID, Stage
from shared.storage import LocalAudioStore
from tests.support.factories import Bench


class _WatchedDisk(LocalAudioStore):
    """A disk that notes which threads look at it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.threads: set[threading.Thread] = set()

    def path(self, name: str) -> Path:
        self.threads.add(threading.current_thread())
        return super().path(name)


@pytest.mark.parametrize("host", ["here", "another"])
def test_a_sound_is_looked_for_in_a_thread(bench: Bench, database: Engine, tmp_path: Path, host: str) -> None:
    disk = _WatchedDisk(tmp_path)
    links = AudioLinks(
        b"key", AudioStores(disk, "here"), base_url="http://api", base_path="", lifetime=timedelta(hours=1)
    )
    claim = bench.at_stage(Stage.SYNTHESIZE)
    bench.speak(claim, bench.audio(1.0, host=host))

    async def read() -> str | None:
        sessions = Sessions(database, at_once=1)
        reader = JobReader(sessions, timedelta(days=1))
        view = await read_job(claim.job_id, reader, links, Response(), Reach(BUILT_IN_APP_ID, "asha"))
        sessions.close()
        assert view.result
        return view.result.audio_url

    audio_url = asyncio.run(read())

    assert (audio_url is None) == (host == "another")
    assert threading.main_thread() not in disk.threads
    assert len(disk.threads) == (host == "another")
