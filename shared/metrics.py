"""What the API and the workers count, and how the processes of one program count together.

Each process counts in files of its own, in a folder that its program's processes share: the one that
PROMETHEUS_MULTIPROC_DIR names, or else one made here, which child processes inherit. Whoever is asked sums
the files up, so what a process has counted outlives it. Only what adds up is counted; what is a state is
read when it is asked for (`shared.backlog`). Labels come from closed lists, never from a learner.
"""

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from shared.errors import ErrorCode, WarningCode
from shared.models import JobKind, JobStatus, StepKind, StepOutcome, UseKind

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
NAMESPACE = "english_practice"
DEFINED = CollectorRegistry()
"""What there is to count. It shows this process alone, so nobody is shown it."""

_PENDING = "counts"
_NO_CODE = "none"
_CODES = {str(code) for code in (*ErrorCode, *WarningCode)}


def _share_a_folder() -> None:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        Path(named).mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        folder = os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="english-practice-metrics-")
        atexit.register(_remove, folder, os.getpid())
    # The library chooses when it is imported, and every `celery` command imports it, with Flower, before us.
    if values.ValueClass is values.MutexValue:
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def _remove(folder: str, maker: int) -> None:
    if os.getpid() == maker:  # not in a forked child
        shutil.rmtree(folder, ignore_errors=True)


_share_a_folder()

counter = partial(Counter, namespace=NAMESPACE, registry=DEFINED)
histogram = partial(Histogram, namespace=NAMESPACE, registry=DEFINED)

JOBS_FINISHED = counter("jobs_finished_total", "Jobs that ended.", ["kind", "status", "code"])
JOB_SECONDS = histogram(
    "job_seconds",
    "Time from a job's acceptance to its end, of those that succeeded.",
    ["kind"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 900),
)
FIRST_SOUND_SECONDS = histogram(
    "first_sound_seconds",
    "Time from a job's acceptance to the first piece of its speech.",
    ["kind"],
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 20, 30, 60, 120, 300),
)
STEP_SECONDS = histogram(
    "step_seconds",
    "Time that a run of a step took.",
    ["kind", "outcome"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120),
)
FORM_USES = counter("form_uses_total", "Uses of a form that the learner once got wrong.", ["kind", "outcome"])
AUDIO_KEPT_ON_DISK = counter("audio_kept_on_disk_total", "Sounds kept on a disk because S3 failed.")


def _begin_at_zero() -> None:
    """Show rare counters as 0 from the start: an increase is only visible between two values."""
    for kind in JobKind:
        JOBS_FINISHED.labels(kind, JobStatus.SUCCEEDED, _NO_CODE)
        for error in (ErrorCode.POISONED, ErrorCode.NO_SPEECH):
            JOBS_FINISHED.labels(kind, JobStatus.FAILED, error)
        for warning in WarningCode:
            if warning.startswith("speech_"):
                JOBS_FINISHED.labels(kind, JobStatus.SUCCEEDED, warning)


_begin_at_zero()


def count_run(kind: StepKind, outcome: StepOutcome, seconds: float) -> None:
    """Count one run of a step."""
    STEP_SECONDS.labels(kind, outcome).observe(seconds)


def count_end(kind: JobKind, status: JobStatus, code: str | None, seconds: float) -> None:
    """Count a job that ended `seconds` after its acceptance; `code`: of its error or its last warning.

    A code that an engine has made up counts as "other".
    """
    label = _NO_CODE if code is None else code if code in _CODES else "other"
    JOBS_FINISHED.labels(kind, status, label).inc()
    if status is JobStatus.SUCCEEDED:
        JOB_SECONDS.labels(kind).observe(seconds)


def count_first_sound(kind: JobKind, seconds: float) -> None:
    """Count the first sound of a job's reply, `seconds` after the job's acceptance."""
    FIRST_SOUND_SECONDS.labels(kind).observe(seconds)


def count_form_use(kind: UseKind, *, passed: bool) -> None:
    """Count one use of a mistake's form, right or wrong."""
    FORM_USES.labels(kind, "passed" if passed else "failed").inc()


def on_commit(session: Session, count: Callable[[], None]) -> None:
    """Call `count` once the session's transaction has committed; never if it is rolled back."""
    session.info.setdefault(_PENDING, []).append(count)


@event.listens_for(Session, "after_commit")
def _count(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint's release: the whole may still be rolled back
    for count in session.info.pop(_PENDING, ()):
        try:
            count()
        except (OSError, ValueError):
            # The transaction is committed, so carry on even if the disk of the counters is full.
            logger.exception("something is not counted")


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _: SessionTransaction) -> None:
    # A savepoint that is rolled back takes with it what was to be counted before it: too few, never too many.
    session.info.pop(_PENDING, None)


@event.listens_for(Session, "after_transaction_end")
def _forget_unfinished(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_PENDING, None)  # closed without a commit


class _Counted:
    """Shows what all processes of this program have counted, but for what it does not count."""

    def __init__(self, hidden: Collection[str]) -> None:
        self._hidden = {f"{NAMESPACE}_{name}".removesuffix("_total") for name in hidden}
        self._all = MultiProcessCollector(None)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Metric]:
        """Yield the figures as they are now."""
        counted = self._all.collect()  # type: ignore[no-untyped-call]
        return (metric for metric in counted if metric.name.removesuffix("_total") not in self._hidden)


def program_registry(*collectors: Collector, hidden: Collection[str] = ()) -> CollectorRegistry:
    """Return what all processes of this program have counted, and what the collectors say, read each time.

    `hidden` are the metrics that this program knows and does not count: they would stand at zero for ever.
    """
    registry = CollectorRegistry(support_collectors_without_names=True)
    for collector in (_Counted(hidden), *collectors):
        registry.register(collector)
    return registry


def exposition(*collectors: Collector) -> bytes:
    """Return the same as text, in the form of `CONTENT_TYPE`."""
    return generate_latest(program_registry(*collectors))
