"""Settings: from the environment (ONE_MCP_…), or flags of the same names; a mistake is refused.

They stand in groups, each a frozen model with its checks, and a room takes the group that it is
about. A new group is a class of fields and one more base of `Settings`.
"""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from one_mcp import refusals, unread, vendor_urls
from one_mcp.chain_settings import ChainSettings
from one_mcp.errors import SettingsError, shown
from one_mcp.mail_settings import MailSettings
from one_mcp.model_settings import ModelSettings
from one_mcp.money_settings import PaymentSettings, SpendingSettings
from one_mcp.telemetry_settings import TelemetrySettings

PREFIX = "ONE_MCP_"
TOOLSETS = (
    *("ontology", "entities", "connections", "events", "knowledge", "changes"),
    *("exchange", "admin", "commerce", "chain"),
)
DEFAULT = "default"  # the tools that are on by default, of whatever toolset
PACKAGED_MODEL = "all-MiniLM-L6-v2"
MODELS = (PACKAGED_MODEL, "none", "simulated")
VENDORS = ("sentence-transformers:", "openai:")  # and a model's name after it
OPENAI_URL = "https://api.openai.com/v1"
G = TypeVar("G", bound=BaseModel)
_GROUP = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StoreSettings(BaseModel):
    """Where everything is kept."""

    model_config = _GROUP

    database: Path = Field(Path("~/.one_mcp/one.db"), description="The file that holds everything.")

    @field_validator("database", mode="before")
    @classmethod
    def _path(cls, given: object) -> object:
        """Accept a path, or a URL such as sqlite:///home/jane/one.db."""
        if not isinstance(given, str):
            return given
        if not given.strip():
            raise ValueError("the path of a file")
        if given.startswith(":memory:"):
            raise ValueError("the path of a file, which several processes can share")
        scheme, separator, rest = given.partition("://")
        if not separator:
            return Path(given).expanduser()
        if scheme != "sqlite":
            raise ValueError("a path, or a URL that begins with sqlite://")
        return Path(rest).expanduser()

    @field_validator("database")
    @classmethod
    def _database_absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()


class ToolSettings(BaseModel):
    """What is offered to callers."""

    model_config = _GROUP

    toolsets: Annotated[tuple[str, ...], NoDecode] = Field(
        (DEFAULT,),
        description=(
            f"Which tools are offered: all, or some of {DEFAULT}, {', '.join(TOOLSETS)}; "
            f"a toolset brings all of its tools, {DEFAULT} the usual ones of each."
        ),
    )
    read_only: bool = Field(default=False, description="Refuse every write.")

    @field_validator("toolsets", mode="before")
    @classmethod
    def _toolsets_split(cls, given: object) -> object:
        return _words(given)

    @field_validator("toolsets")
    @classmethod
    def _toolsets(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if "all" in given:
            return TOOLSETS
        known = (DEFAULT, *TOOLSETS)
        for name in given:
            if name not in known:
                raise ValueError(f"all, or some of {', '.join(known)}{_hint(name, known)}")
        return tuple(name for name in known if name in given)


class OntologySettings(BaseModel):
    """What the ontology has beside its core."""

    model_config = _GROUP

    packs: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Ontology packs beside `business`, which `-business` switches off: "
        "`extended`, or files and folders of your own.",
    )

    @field_validator("packs", mode="before")
    @classmethod
    def _packs_split(cls, given: object) -> object:
        return _words(given)


class FileSettings(BaseModel):
    """What agents may reach outside the database."""

    model_config = _GROUP

    folder: Path | None = Field(
        None,
        description=(
            "The only folder that import_data, export_data and add_knowledge use; "
            "unless set, the one that the server runs in, if that is neither home nor /."
        ),
    )
    fetch_urls: bool = Field(default=False, description="Let add_knowledge fetch http(s) URLs.")

    @field_validator("folder")
    @classmethod
    def _folder_absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else path


class EmbeddingSettings(BaseModel):
    """What finds knowledge by meaning, and who computes it."""

    model_config = _GROUP

    embedding_model: str = Field(
        default=PACKAGED_MODEL,
        description=(
            "What finds knowledge by meaning: the model that comes along, "
            "`sentence-transformers:` and a name or folder, `openai:` and a name, "
            "or `none` to search by words alone."
        ),
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        description=(
            "The key for `openai:` models. OPENAI_API_KEY and OPENAI_BASE_URL count where neither "
            "this nor the next is set."
        ),
    )
    openai_base_url: str | None = Field(
        default=None,
        description=(
            "Another server that speaks OpenAI's protocol for `openai:` models, such as Ollama's "
            "http://127.0.0.1:11434/v1."
        ),
    )

    @field_validator("embedding_model")
    @classmethod
    def _model(cls, given: str) -> str:
        vendor, separator, name = given.partition(":")
        if vendor == "sentence-transformers" and name.startswith(("/", "./", "../", "~")):
            return f"{vendor}:{Path(name).expanduser().absolute()}"
        if given in MODELS or (vendor + separator in VENDORS and name.strip()):
            return given
        choices = [*MODELS, *(f"{vendor}NAME" for vendor in VENDORS)]
        raise ValueError(f"one of {', '.join(choices)}{_hint(given, choices)}")

    _nothing = field_validator("openai_api_key", "openai_base_url", mode="before")(
        vendor_urls.unless_blank
    )

    @field_validator("openai_base_url")
    @classmethod
    def _url(cls, given: str | None) -> str | None:
        if given is not None:
            vendor_urls.require_plain(given, "http://127.0.0.1:11434/v1")
        return given

    def openai_access(self) -> tuple[SecretStr | None, str]:
        """Say which key goes to which server for `openai:` models.

        OPENAI_API_KEY never goes to the server of ONE_MCP_OPENAI_BASE_URL: it may be another's.
        """
        if self.openai_api_key or self.openai_base_url:
            return self.openai_api_key, self.openai_base_url or OPENAI_URL
        key, url = os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")
        return (SecretStr(key) if key else None), url or OPENAI_URL


class ProcessSettings(BaseModel):
    """How the server itself behaves."""

    model_config = _GROUP

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="How much is told on stderr."
    )
    prelude: bool = Field(
        default=True, description="Answer a client's first requests while the server still loads."
    )


class Settings(  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic merges model_config
    BaseSettings,
    TelemetrySettings,
    ProcessSettings,
    SpendingSettings,
    MailSettings,
    ModelSettings,
    ChainSettings,
    PaymentSettings,
    EmbeddingSettings,
    FileSettings,
    OntologySettings,
    ToolSettings,
    StoreSettings,
):
    """What a server can be told; README and `--help` list the last base first, as pydantic does."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # clients send what nobody filled in as an empty text
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    def only(self, group: type[G]) -> G:
        """Give a room the one group that it is about."""
        return group.model_construct(**{name: getattr(self, name) for name in group.model_fields})


FORM = refusals.Form(Settings, noun="setting")
SECRETS = frozenset(  # these have no flag, and nothing prints them
    name for name, field in Settings.model_fields.items() if SecretStr in get_args(field.annotation)
)
FLAGS = tuple(name for name in Settings.model_fields if name not in SECRETS)
AT_HOME = frozenset({"database", "folder", "packs", "deployer_keystore"})  # these take ~


def flag(field: str) -> str:
    """Name the flag that says the same as a variable."""
    return "--" + field.replace("_", "-")


def load(flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the environment and then the flags, which win.

    Raises SettingsError for an unknown ONE_MCP_ variable, or a value that does not work.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in [it for it in os.environ if it.startswith(PREFIX) and it not in known]:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}."
        raise SettingsError(f"There is no setting {name}; {hint}", setting=name)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    for field in Settings.model_fields:
        text: object = given.get(field, os.environ.get(PREFIX + field.upper()))
        if isinstance(text, str) and (found := unread.flaw(text, secret=field in SECRETS)):
            name = _name(field, given)
            home = "; ~ stands for the home folder" if field in AT_HOME else ""
            raise SettingsError(f"{name} {found}{home}.", setting=name)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problem, *_ = refusals.problems(error, dict.fromkeys(Settings.model_fields), FORM)
        name = _name(problem.place, given)
        raise SettingsError(f"{name} must be {problem.expected}.", setting=name) from None
    if settings.folder and not settings.folder.is_dir():
        name = _name("folder", given)
        raise SettingsError(
            f"{name} must be a folder that is there, and {shown(str(settings.folder))} is none; "
            "make it, or name another by its absolute path.",
            setting=name,
        )
    return settings


def _name(field: str, given: Mapping[str, object]) -> str:
    return flag(field) if field in given else PREFIX + field.upper()


def _words(given: object) -> object:
    if not isinstance(given, str):
        return given
    return tuple(word.strip() for word in given.split(",") if word.strip())


def _hint(given: str, choices: Sequence[str]) -> str:
    near = difflib.get_close_matches(given, choices, 1)
    return f" (did you mean {near[0]}?)" if near else ""
