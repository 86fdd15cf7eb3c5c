"""All that the programs show to Prometheus, once everything has happened."""

from collections.abc import Iterable
from typing import get_args

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from api.http.metrics import JOBS_ACCEPTED, count_request
from shared import metrics
from shared.audio_objects import Total
from shared.backlog import Backlog, BacklogCollector
from shared.errors import ErrorCode
from shared.models import AudioBackend, JobKind, JobStatus, QueueName, StepKind, StepOutcome, UseKind
from shared.storage import FLAC, MP3
from tests.support import figures
from tests.support.figures import Figures
from worker.cache import Cache
from worker.engines.gemini import GeminiTutor
from worker.metrics import (
    LEASES_EXPIRED,
    SWEEP_SECONDS,
    Heard,
    count_correction,
    count_lookups,
    count_tokens,
)
from worker.upkeep.stored import Stored, StoredCollector

_EACH = dict.fromkeys(QueueName, 1.0)
_BACKLOG = BacklogCollector(lambda: Backlog(_EACH, _EACH, _EACH, _EACH))
_TOTALS = [Total(backend, content, 1, 1) for backend in AudioBackend for content in (FLAC, MP3)]
_STORED = StoredCollector(lambda: Stored(_TOTALS, orphans=1))


def exposition() -> str:
    """Return what Prometheus would read of all programs together: this process counts everything once."""
    for kind in JobKind:
        JOBS_ACCEPTED.labels(kind).inc()
        metrics.count_first_sound(kind, 1.0)
        metrics.count_end(kind, JobStatus.SUCCEEDED, None, 1.0)
        metrics.count_end(kind, JobStatus.FAILED, ErrorCode.LLM_TIMEOUT, 1.0)
        metrics.count_end(kind, JobStatus.CANCELLED, None, 1.0)
    for step in StepKind:
        LEASES_EXPIRED.labels(step).inc()
        for outcome in StepOutcome:
            metrics.count_run(step, outcome, 1.0)
    for use in UseKind:
        metrics.count_form_use(use, passed=True)
    for heard in get_args(Heard):
        count_correction(heard)
    for route in ("/api/v1/ai/text-chat", "/api/v1/ai/voice-chat"):
        for status in (202, 404, 503, None):
            count_request("POST", route, status, 1.0)
    cache = Cache(Redis(), ttl_seconds=1)  # it does not connect
    count_lookups(cache, "reply", "found", None)
    count_lookups(cache, "speech", "found", None)
    count_tokens(1, 1)
    GeminiTutor("key", "model", None)  # shows every result of its calls
    SWEEP_SECONDS.observe(1.0)
    metrics.AUDIO_KEPT_ON_DISK.inc()
    return metrics.exposition(_BACKLOG, _STORED).decode()


def names() -> set[str]:
    """Return the names of all our metrics, without the namespace; a histogram's is its own."""
    return _names([*metrics.DEFINED.collect(), *_BACKLOG.collect(), *_STORED.collect()])


def names_shown() -> set[str]:
    """Return those of them that `exposition` shows."""
    return _names(text_string_to_metric_families(exposition()))


def shown() -> Figures:
    """Return every series, as Prometheus would have it."""
    return figures.read(exposition())


def _names(families: Iterable[Metric]) -> set[str]:
    return {
        each.name.removeprefix(f"{metrics.NAMESPACE}_") + ("_total" if each.type == "counter" else "")
        for each in families
    }
