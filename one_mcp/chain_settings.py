"""Settings of the chain: its node, and the key of the account that signs.

Where real money is on a chain, nothing is signed before `live_money` says so.
"""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from one_mcp import vendor_urls
from one_mcp.errors import SettingsError

BASE, BASE_SEPOLIA = 8453, 84532
# chains whose coin is worth nothing: Base, OP, Arbitrum and Ethereum Sepolia, Holesky, and those
# of a developer's own machine
TESTNETS = frozenset({BASE_SEPOLIA, 11155420, 421614, 11155111, 17000, 1337, 31337})
_HEX_KEY = 64


class ChainAccess(BaseModel):
    """Which node is asked, and who signs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr
    key: SecretStr | None
    keystore: Path | None
    password: SecretStr | None
    chain_id: int
    confirmations: int


class ChainSettings(BaseModel):
    """The chain that tokens are on; without node and key a simulation stands in, and says so."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_rpc_url: SecretStr | None = Field(
        default=None,
        description=(
            "The node of the chain that tokens are on; without one and a key the chain is "
            "simulated. BASE_RPC_URL and DEPLOYER_PRIVATE_KEY count where these are not set."
        ),
    )
    deployer_private_key: SecretStr | None = Field(
        default=None,
        description="The key of the account that signs, owns the contracts and is the treasury.",
    )
    deployer_keystore: Path | None = Field(
        default=None, description="A keystore file (JSON) that holds this key, encrypted."
    )
    deployer_keystore_password: SecretStr | None = Field(
        default=None, description="The password of the keystore file."
    )
    chain_id: int = Field(
        default=BASE,
        ge=1,
        description=(
            "The number of the node's chain, such as 8453 for Base or 84532 for its test chain; "
            "all but test chains need `live_money`."
        ),
    )
    chain_confirmations: int = Field(
        default=3, ge=1, le=1000, description="How deep in the chain a transaction counts as done."
    )

    _chain_nothing = field_validator(
        *("base_rpc_url", "deployer_private_key", "deployer_keystore"),
        "deployer_keystore_password",
        mode="before",
    )(vendor_urls.unless_blank)

    @field_validator("base_rpc_url")
    @classmethod
    def _rpc_url(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not _is_url(given.get_secret_value()):
            raise ValueError("a URL over https or on this machine, such as http://127.0.0.1:8545")
        return given

    @field_validator("deployer_private_key")
    @classmethod
    def _private_key(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not _is_key(given.get_secret_value()):
            raise ValueError(f"{_HEX_KEY} hexadecimal digits, with or without 0x")
        return given

    @field_validator("deployer_keystore")
    @classmethod
    def _keystore_absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else path

    def chain_access(self, *, live_money: bool) -> ChainAccess | None:
        """Say which node is asked and who signs; None where the chain is simulated.

        Raises SettingsError where only one of the two is set, and for a chain of real money that
        may not be used: it is never simulated in its stead.
        """
        url = self.base_rpc_url or vendor_urls.plain_key("BASE_RPC_URL")
        key = self.deployer_private_key
        if key is None and self.deployer_keystore is None:
            key = vendor_urls.plain_key("DEPLOYER_PRIVATE_KEY")
        if url is None or (key is None and self.deployer_keystore is None):
            self._require_nothing_set()
            return None
        self._require_readable(url, key)
        if self.chain_id not in TESTNETS and not live_money:
            raise SettingsError(
                f"The chain {self.chain_id} is one of real money; set ONE_MCP_LIVE_MONEY=true to "
                f"act on it, or ONE_MCP_CHAIN_ID={BASE_SEPOLIA} with a node of Base's test chain.",
                setting="ONE_MCP_CHAIN_ID",
            )
        return ChainAccess(
            url=url,
            key=key,
            keystore=self.deployer_keystore,
            password=self.deployer_keystore_password,
            chain_id=self.chain_id,
            confirmations=self.chain_confirmations,
        )

    def _require_nothing_set(self) -> None:
        """Raise where half of what a chain takes is set: nobody meant a simulation then."""
        for name in ("base_rpc_url", "deployer_private_key", "deployer_keystore"):
            if getattr(self, name) is not None:
                raise SettingsError(
                    "A chain takes ONE_MCP_BASE_RPC_URL and a key, ONE_MCP_DEPLOYER_PRIVATE_KEY or "
                    "ONE_MCP_DEPLOYER_KEYSTORE; set both, or neither for a simulated chain.",
                    setting=f"ONE_MCP_{name.upper()}",
                )

    def _require_readable(self, url: SecretStr, key: SecretStr | None) -> None:
        if not _is_url(url.get_secret_value()):
            raise SettingsError(
                "BASE_RPC_URL must be a URL over https or on this machine.", setting="BASE_RPC_URL"
            )
        if key is not None and not _is_key(key.get_secret_value()):
            raise SettingsError(
                f"DEPLOYER_PRIVATE_KEY must be {_HEX_KEY} hexadecimal digits, with or without 0x.",
                setting="DEPLOYER_PRIVATE_KEY",
            )
        if self.deployer_keystore is not None and key is not None:
            raise SettingsError(
                "Both a private key and a keystore are set; the account that signs has one.",
                setting="ONE_MCP_DEPLOYER_KEYSTORE",
            )


def is_test(chain_id: int) -> bool:
    """Say whether a chain's coin is worth nothing; one that is not known here may be worth some."""
    return chain_id in TESTNETS


def _is_url(text: str) -> bool:
    """Tell whether others cannot read what is sent there; a node's URL may well hold a key."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and vendor_urls.is_private(parts)


def _is_key(text: str) -> bool:
    digits = text.removeprefix("0x")
    return len(digits) == _HEX_KEY and all(it in "0123456789abcdefABCDEF" for it in digits)
