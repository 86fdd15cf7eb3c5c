"""A stage runner with its engines and its files, for tests."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import av
import numpy as np

from shared.audio_stores import AudioStores
from shared.models import Job, QueueName
from shared.steps import Hint
from shared.storage import LocalAudioStore
from tests.support.factories import WORKER, Bench
from worker.bootstrap import EngineKind, Engines
from worker.cache import open_cache
from worker.runtime import build_stages
from worker.settings import WorkerSettings
from worker.stages.audio_shelf import AudioShelf
from worker.stages.runner import StageRunner

RECORDED_SECONDS = 1.5


class Workbench:
    """A runner with its engines, what it published, and the jobs it works on."""

    def __init__(self, bench: Bench, settings: WorkerSettings) -> None:
        self.bench = bench
        self.store = LocalAudioStore(settings.local_audio_dir)
        self.published: list[Hint] = []
        self.engines = Engines(settings)
        shelf = AudioShelf(bench.sessions, AudioStores(self.store, "here"))
        self.cache = open_cache(settings)
        stages = build_stages(
            settings, bench.sessions, self.engines, shelf, self.cache, self.published.extend
        )
        self._runner = StageRunner(settings, bench.sessions, stages, self.published.extend)

    def load(self) -> None:
        """Load every engine."""
        for kind in EngineKind:
            self.engines.load(kind)

    def voice(self, **changes: Any) -> UUID:
        """Accept a voice turn whose recording lies in the store."""
        job_id = self.bench.voice(**changes)
        upload_id = self.bench.job(job_id).upload_id
        assert upload_id is not None
        self.store.write(self.bench.audio_row(upload_id).name, flac(RECORDED_SECONDS))
        return job_id

    def take(self, queue: QueueName) -> str | None:
        """Run the best ready step of the queue; return what it was."""
        return self._runner.run(queue, token=uuid4(), worker=WORKER)

    def run(self, job_id: UUID) -> Job:
        """Run the best ready step of the queue in which the job waits, and return the job after it."""
        self.take(self.bench.step(job_id).queue)
        return self.bench.job(job_id)

    def run_all(self, job_id: UUID) -> Job:
        """Run every step that is left."""
        while self.bench.job(job_id).finished_at is None:
            self.take(self.bench.steps(job_id)[-1].queue)
        return self.bench.job(job_id)


def flac(seconds: float) -> bytes:
    """Return a tone as the API stores recordings: FLAC, mono, 16 kHz."""
    samples = (np.sin(np.arange(round(16_000 * seconds)) / 20) * 8000).astype(np.int16)
    output = BytesIO()
    with av.open(output, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono", format="s16")
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return output.getvalue()


Build = Callable[..., Workbench]
