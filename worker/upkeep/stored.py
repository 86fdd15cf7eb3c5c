"""How much audio is stored: a state, read from PostgreSQL when asked for, but not at each scrape."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.orm import Session

from shared import audio_objects
from shared.audio_objects import Total
from shared.metrics import NAMESPACE
from shared.storage import FLAC
from worker.upkeep.retention import ORPHAN_AGE

READ_EVERY_SECONDS = 300.0
"""Unlike the backlog, this reads every audio object: one or two seconds where there are a million."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored, and how many old objects no job names: the retention should have removed them."""

    totals: Sequence[Total]
    orphans: int


def read(session: Session) -> Stored:
    """Return what is stored."""
    return Stored(audio_objects.totals(session), audio_objects.count_orphans(session, age=ORPHAN_AGE))


class StoredCollector:
    """Shows to Prometheus what `read` returned at most five minutes ago; nothing where it returns None."""

    def __init__(
        self, read: Callable[[], Stored | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._known: Stored | None = None
        self._read_at: float | None = None
        self._lock = threading.Lock()

    def collect(self) -> Iterable[Metric]:
        """Yield the figures."""
        stored = self._recent()
        if stored is None:
            return
        labels = ["backend", "kind"]
        objects = GaugeMetricFamily(
            f"{NAMESPACE}_audio_stored_objects", "Sounds that are stored.", labels=labels
        )
        sizes = GaugeMetricFamily(f"{NAMESPACE}_audio_stored_bytes", "Their bytes.", labels=labels)
        for total in stored.totals:
            what = [total.backend, "recording" if total.content_type == FLAC else "speech"]
            objects.add_metric(what, total.objects)
            sizes.add_metric(what, total.size_bytes)
        yield objects
        yield sizes
        yield GaugeMetricFamily(
            f"{NAMESPACE}_audio_orphans", "Old sounds that no job names.", value=stored.orphans
        )

    def _recent(self) -> Stored | None:
        with self._lock:
            if self._read_at is None or self._clock() - self._read_at >= READ_EVERY_SECONDS:
                self._known, self._read_at = self._read(), self._clock()
            return self._known
