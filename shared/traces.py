"""One trace a turn, by OpenTelemetry, across API and workers: off unless a collector is named.

The trace's id is the job's, so nothing has to travel with the job, and whoever knows a job finds its trace.
The root is the request that was accepted; each run of a step, in whatever process, is a child of it. A span
says what was done, how it ended and by which engine: never a word of a learner's, nor whose it was
(docs/decisions/0033). The libraries are imported only where traces are on.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from shared.spans import Spans

Attributes = dict[str, str | int | float]

_STOP_SECONDS = 2.0


class _Process:
    """What this process sends spans with."""

    spans: "Spans | None" = None


def start(endpoint: str | None, program: str) -> None:
    """Send this process's spans to the collector at `endpoint` from now on; nowhere where it is None."""
    if endpoint is not None and _Process.spans is None:
        from shared.spans import Spans  # noqa: PLC0415 - it imports the libraries

        _Process.spans = Spans(endpoint, program)


def stop() -> None:
    """Send what is left, for two seconds at most, and nothing from then on."""
    spans, _Process.spans = _Process.spans, None
    if spans is not None:
        ending = threading.Thread(target=spans.end, name="last-spans", daemon=True)
        ending.start()
        ending.join(_STOP_SECONDS)


def accepted(job_id: UUID, began: int, **attributes: str) -> None:
    """Tell that a job was accepted just now.

    `began`: when its request began, in nanoseconds since the epoch.
    """
    if _Process.spans is not None:
        _Process.spans.root(job_id, "accept", began, attributes)


@contextmanager
def step(job_id: UUID, name: str, worker: str) -> Iterator[Attributes]:
    """Take the block as a run of a job's step. What it adds to the attributes is told with it.

    An `outcome` other than "succeeded", and an exception, mark it as failed; of the exception only the class
    is told, as its text may quote a learner.
    """
    told: Attributes = {}
    if _Process.spans is None:
        yield told
        return
    with _Process.spans.child(job_id, name, {"worker": worker}, told):
        yield told
