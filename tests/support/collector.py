"""A collector of traces, as OpenTelemetry's: it takes OTLP over HTTP and keeps what it gets."""

import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it came, its ids in hexadecimal digits."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    nanoseconds: int
    attributes: dict[str, str]


@dataclass(slots=True)
class Received:
    """What came: the requests' paths, their bodies, and the spans in them."""

    paths: set[str] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


class Collector:
    """Listens on a free port within the block."""

    def __init__(self) -> None:
        self._received, self._lock = Received(), threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector._take(self.path, body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def received(self) -> Received:
        """What has come so far."""
        with self._lock:
            return Received(
                set(self._received.paths), list(self._received.bodies), list(self._received.spans)
            )

    def _take(self, path: str, body: bytes) -> None:
        with self._lock:
            self._received.paths.add(path)
            self._received.bodies.append(body)
            if path == "/v1/traces":
                self._received.spans += _spans(ExportTraceServiceRequest.FromString(body))


def _spans(request: ExportTraceServiceRequest) -> list[Span]:
    return [
        Span(
            service=_texts(of_resource.resource.attributes)["service.name"],
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            failed=span.status.code == span.status.STATUS_CODE_ERROR,
            nanoseconds=span.end_time_unix_nano - span.start_time_unix_nano,
            attributes=_texts(span.attributes),
        )
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def _texts(attributes: "list[KeyValue]") -> dict[str, str]:
    return {each.key: each.value.string_value for each in attributes}
