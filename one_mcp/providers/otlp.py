"""Spans over OTLP/HTTP, by OpenTelemetry's SDK and in a thread of its own."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from one_mcp import __version__
from one_mcp.providers.ports.spans import TraceSpan
from one_mcp.telemetry_settings import TelemetryAccess
from one_mcp.traces import TraceContext

NAME = "one_mcp"
TIMEOUT_S = 2.0  # of one request, and so of the server's end
DELAY_MS = 1_000.0
NS = 1_000_000  # of a millisecond


class Otlp:
    """A collector of OpenTelemetry's.

    The spans are made as they are over: an operation's is begun by one process and ended by
    another, which a tracer of the SDK's has no words for.
    """

    def __init__(self, access: TelemetryAccess) -> None:
        exporter = OTLPSpanExporter(endpoint=access.url, timeout=TIMEOUT_S)
        self._sending = BatchSpanProcessor(exporter, schedule_delay_millis=DELAY_MS)
        self._scope = InstrumentationScope(NAME, __version__)
        named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", NAME)}
        self._resource = Resource.create({**named, "service.version": __version__})

    def take(self, span: TraceSpan) -> None:
        failed = Status(StatusCode.ERROR, span.error)
        self._sending.on_end(
            ReadableSpan(
                span.name,
                context=_context(span.context),
                parent=None if span.parent is None else _context(span.parent),
                resource=self._resource,
                attributes=span.attributes,
                kind=SpanKind.SERVER if span.serves else SpanKind.INTERNAL,
                status=Status(StatusCode.UNSET) if span.error is None else failed,
                start_time=span.began_at * NS,
                end_time=span.ended_at * NS,
                instrumentation_scope=self._scope,
            )
        )

    def close(self) -> None:
        self._sending.shutdown()


def _context(at: TraceContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if at.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(at.trace, 16), int(at.span, 16), is_remote=False, trace_flags=flags)
