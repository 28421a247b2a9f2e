"""Settings of telemetry: where spans are sent, if anywhere."""

import os

from pydantic import BaseModel, ConfigDict, Field, field_validator

from one_mcp import vendor_urls

_PLAIN = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXAMPLE = "http://127.0.0.1:4318"


class TelemetryAccess(BaseModel):
    """Who takes spans; without a URL it is OpenTelemetry's own variables that say so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None


class TelemetrySettings(BaseModel):
    """Who is told what the server does; without an endpoint nobody is, and nothing is loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    otlp_endpoint: str | None = Field(
        default=None,
        description=(
            "Who takes spans of tool calls and operations, by OTLP over HTTP, such as "
            "http://127.0.0.1:4318; OTEL_EXPORTER_OTLP_ENDPOINT counts where this is not set."
        ),
    )

    _otlp_nothing = field_validator("otlp_endpoint", mode="before")(vendor_urls.unless_blank)

    @field_validator("otlp_endpoint")
    @classmethod
    def _otlp_endpoint(cls, given: str | None) -> str | None:
        if given is None:
            return None
        vendor_urls.require_plain(given, _EXAMPLE)
        return given.rstrip("/")

    def telemetry_access(self) -> TelemetryAccess | None:
        """Say who takes spans; None where nobody does, or OTEL_SDK_DISABLED says so."""
        if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
            return None
        if self.otlp_endpoint is not None:
            return TelemetryAccess(url=f"{self.otlp_endpoint}/v1/traces")
        if any(os.environ.get(name, "").strip() for name in _PLAIN):
            return TelemetryAccess(url=None)
        return None
