"""Who is told of spans here: a collector, or nobody."""

import logging

from anyio import to_thread

from one_mcp.errors import SettingsError
from one_mcp.providers import catalog
from one_mcp.providers.ports.spans import Spans, TraceSpan
from one_mcp.telemetry_settings import TelemetrySettings

log = logging.getLogger(__name__)


class Tracing:
    """The collector of a server, as the settings say; what it takes is loaded with the first span.

    What goes wrong with it is logged, and harms nothing else.
    """

    def __init__(self, settings: TelemetrySettings) -> None:
        self._access = settings.telemetry_access()
        self._spans: Spans | None = None

    @property
    def is_on(self) -> bool:
        return self._access is not None

    async def tell(self, span: TraceSpan) -> None:
        """Hand a span over; it is sent later."""
        if self._access is None or not span.context.sampled:
            return
        try:
            if self._spans is None:
                self._spans = await to_thread.run_sync(catalog.spans, self._access)
        except SettingsError as error:
            log.warning("no spans are sent", extra={"reason": str(error)})
            self._access = None
            return
        self._spans.take(span)

    async def close(self) -> None:
        """Send what is left."""
        if self._spans is not None:
            await to_thread.run_sync(self._spans.close)
