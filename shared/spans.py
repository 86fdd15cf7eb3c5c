"""The spans of `shared.traces`, with the libraries of the extra `traces`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from shared import __version__
from shared.outages import OutageLog

logger = logging.getLogger(__name__)

_EXPORT_SECONDS = 5.0
_HALF = (1 << 64) - 1
_root: ContextVar[UUID | None] = ContextVar("root", default=None)


class Spans:
    """Sends one process's spans in batches, from a thread of its own. Thread-safe.

    What a collector that is away does not take is dropped: nothing waits for it.
    """

    def __init__(self, endpoint: str, program: str) -> None:
        """`endpoint`: the collector's base URL, for OTLP over HTTP; `program`: what the spans are of."""
        # Its own lines come once a batch; ours (`_Exporter`) once an outage.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._provider = TracerProvider(
            # Sampling is the collector's: an SDK takes a share of the ids for one of the traces, and not all
            # bits of a job's id are random.
            sampler=ALWAYS_ON,
            resource=Resource.create(
                {
                    "service.name": f"english-practice-{program}",
                    "service.namespace": "english-practice",
                    "service.version": __version__,
                }
            ),
            shutdown_on_exit=False,  # it would wait for half a minute
            id_generator=_JobIds(),
        )
        self._provider.add_span_processor(BatchSpanProcessor(_Exporter(endpoint)))
        self._tracer = self._provider.get_tracer(__name__)

    def end(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def root(self, job_id: UUID, name: str, began: int, attributes: Mapping[str, str]) -> None:
        """Send the root span of the job's trace, from `began`, in nanoseconds since the epoch, to now."""
        token = _root.set(job_id)
        try:
            span = self._tracer.start_span(
                name, Context(), SpanKind.SERVER, dict(attributes), start_time=began
            )
        finally:
            _root.reset(token)
        span.end()

    @contextmanager
    def child(
        self,
        job_id: UUID,
        name: str,
        known: Mapping[str, str],
        told: Mapping[str, str | int | float],
    ) -> Iterator[None]:
        """Send the block as a child of the job's root, with `known`, and with what it adds to `told`."""
        span = self._tracer.start_span(name, _within(job_id), SpanKind.CONSUMER, dict(known))
        try:
            yield
        except BaseException as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            span.set_attributes(dict(told))
            if told.get("outcome", "succeeded") != "succeeded":
                span.set_status(StatusCode.ERROR)
            span.end()


class _JobIds(RandomIdGenerator):
    """Gives a job's root the ids that follow from the job's: every process can name it as a parent."""

    def generate_trace_id(self) -> int:
        job_id = _root.get()
        return super().generate_trace_id() if job_id is None else job_id.int

    def generate_span_id(self) -> int:
        job_id = _root.get()
        return super().generate_span_id() if job_id is None else job_id.int & _HALF


class _Exporter(OTLPSpanExporter):
    """Logs that the collector is away once, and once that it is back."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_SECONDS)
        self._outage = OutageLog(logger, "the collector of traces", "spans are dropped")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        if result is SpanExportResult.SUCCESS:
            self._outage.worked()
        else:
            self._outage.failed(ConnectionError())
        return result


def _within(job_id: UUID) -> Context:
    """Return the context of a job's root, wherever that span was made."""
    root = SpanContext(
        job_id.int, job_id.int & _HALF, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return set_span_in_context(NonRecordingSpan(root), Context())
