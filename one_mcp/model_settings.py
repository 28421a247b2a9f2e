"""Settings of models that are paid for: which one answers, and what tokens cost."""

import re
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from one_mcp import vendor_urls

_NAMED = "openai:"
_PRICES = re.compile(r"(\S.*)=(\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?")
_EXAMPLE = "openai:text-embedding-3-small=0.02, openai:gpt-5.4-mini=0.25/2"
MILLION = 1_000_000
CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What a million tokens cost, those that go in and those that come out, if that is known."""

    tokens_in: Decimal
    tokens_out: Decimal | None

    def of(self, tokens_in: int, tokens_out: int) -> Decimal | None:
        """Say what tokens cost; None where some have no price."""
        if tokens_out and self.tokens_out is None:
            return None
        rest = tokens_out * (self.tokens_out or Decimal(0))
        return (tokens_in * self.tokens_in + rest) / MILLION


class ModelSettings(BaseModel):
    """Who answers questions; without a model a simulation stands in, and says so."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    chat_model: str | None = Field(
        default=None,
        description=(
            "What answers `one-mcp ask`: `openai:` and a name, with the key and the server of "
            "`openai:` embedding models; unless set, sentences of what is found are quoted."
        ),
    )
    model_prices: str | None = Field(
        default=None,
        description=(
            "What a million tokens of a model cost in US dollars, in and out, such as "
            f"{_EXAMPLE}; without a price only tokens are told."
        ),
    )

    _models_nothing = field_validator("chat_model", "model_prices", mode="before")(
        vendor_urls.unless_blank
    )

    @field_validator("chat_model")
    @classmethod
    def _chat_model(cls, given: str | None) -> str | None:
        if given is not None and not re.fullmatch(rf"{_NAMED}\s*\S.*", given):
            raise ValueError(f"{_NAMED} and a model's name")
        return given

    @field_validator("model_prices")
    @classmethod
    def _model_prices(cls, given: str | None) -> str | None:
        _prices(given)
        return given

    def prices(self) -> dict[str, ModelPrice]:
        """Return what tokens of each model cost."""
        return _prices(self.model_prices)


def _prices(given: str | None) -> dict[str, ModelPrice]:
    found: dict[str, ModelPrice] = {}
    for part in (given or "").split(","):
        if not part.strip():
            continue
        read = _PRICES.fullmatch(part.strip())
        if read is None:
            raise ValueError(f"models and prices such as {_EXAMPLE}")
        name, tokens_in, tokens_out = read.groups()
        found[name] = ModelPrice(Decimal(tokens_in), Decimal(tokens_out) if tokens_out else None)
    return found
