"""A collector of spans on loopback, which reads what OTLP/HTTP brings as protobuf."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A span as it arrived."""

    name: str
    trace: str
    span: str
    parent: str
    began_ns: int
    ended_ns: int
    attributes: dict[str, Any]
    failed: str | None


@dataclass
class Collector:
    """What has arrived, and the bytes of it."""

    url: str = ""
    spans: list[Told] = field(default_factory=list)
    raw: bytes = b""

    def take(self, body: bytes) -> None:
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.spans += [_told(span) for span in scope.spans]

    def named(self, name: str) -> Told:
        [found] = [it for it in self.spans if it.name == name]
        return found

    def below(self, parent: Told) -> list[str]:
        below = [it for it in self.spans if it.parent == parent.span]
        return [it.name for it in sorted(below, key=lambda it: it.began_ns)]


def _told(span: Any) -> Told:
    values = {it.key: getattr(it.value, it.value.WhichOneof("value")) for it in span.attributes}
    failed = span.status.message if span.status.code == span.status.STATUS_CODE_ERROR else None
    ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    return Told(span.name, *ids, span.start_time_unix_nano, span.end_time_unix_nano, values, failed)


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # as the base calls it
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        collector.url = f"http://127.0.0.1:{server.server_port}"
        yield collector
        server.shutdown()
