"""What of the settings nobody shall read, for whoever writes what others said."""

import os
from urllib.parse import unquote

from pydantic import SecretStr

from one_mcp import vendor_urls
from one_mcp.settings import SECRETS, Settings

PLAIN = (  # of the vendors' own variables, those that hold secrets
    *("STRIPE_SECRET_KEY", "BASE_RPC_URL", "DEPLOYER_PRIVATE_KEY"),
    *("OPENAI_API_KEY", "RESEND_API_KEY"),
)
HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
SHORTEST = 6  # characters: to hide a shorter text would make every line unreadable


def texts(settings: Settings) -> tuple[str, ...]:
    """List every secret that is set here, in one of this program's variables or a vendor's own."""
    own = [getattr(settings, name) for name in SECRETS]
    found = [it.get_secret_value() for it in own if isinstance(it, SecretStr)]
    found += [os.environ.get(name, "").strip() for name in PLAIN]
    spelled = [form for each in found for form in _spelled(each)]
    spelled += [form for name in HEADERS for form in _values(os.environ.get(name, ""))]
    return tuple({it for it in spelled if len(it) >= SHORTEST})


def _spelled(secret: str) -> list[str]:
    if "://" in secret:
        return vendor_urls.keys_in(secret)
    digits = secret.removeprefix("0x")  # of a chain's key
    return [secret, digits, digits.lower()]


def _values(headers: str) -> list[str]:
    """List what headers such as name=value,name=value hold; what is none may be a value, too."""
    values = [each.partition("=")[2].strip() or each.strip() for each in headers.split(",")]
    return [*values, *map(unquote, values)]
