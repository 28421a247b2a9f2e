"""Records: what one line of an import may say, checked field by field."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from one_mcp import clock, refusals
from one_mcp.access import Role
from one_mcp.dimensions.knowledge.documents.drafts import MediaType
from one_mcp.dimensions.knowledge.documents.labels import Role as LinkRole
from one_mcp.errors import BrokenLineError, OneError, shown
from one_mcp.jsons import Json, JsonObject
from one_mcp.refusals import Form, problems, told

R = TypeVar("R", bound=BaseModel)
FORMAT = "one_mcp"
LONGEST_TEXT = 4_000_000
VERSION = 4  # 1 had no documents, 2 no retracted events, 3 no validity of connections


def _number(given: object) -> object:
    """Take a number for a text: other systems number their rows."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


EntityId = Annotated[str, StringConstraints(pattern=r"^ent_[0-9a-z_]{1,16}$")]
ConnectionId = Annotated[str, StringConstraints(pattern=r"^con_[0-9a-z_]{1,16}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^evt_[0-9a-z_]{1,16}$")]
KnowledgeId = Annotated[str, StringConstraints(pattern=r"^kno_[0-9a-z_]{1,16}$")]
PersonId = Annotated[str, StringConstraints(pattern=r"^per_[0-9a-z_]{1,16}$")]
ExternalId = Annotated[
    str, BeforeValidator(_number), StringConstraints(pattern=r"^[^\x00-\x1f]{1,200}$")
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Time = Annotated[int, BeforeValidator(clock.given)]
LastMoment = Annotated[int, BeforeValidator(clock.last)]


def _nothing() -> JsonObject:
    return {}


class _RecordFields(BaseModel):
    model_config = refusals.GIVEN


class Reference(_RecordFields):
    """An entity by what another system calls it, or by its name."""

    external_id: ExternalId | None = None
    type: str | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Reference":
        if (self.external_id is None) == (self.name is None):
            raise ValueError("an object with an external_id or a name, and not both")
        return self


End = Annotated[str | int | Reference, Field(union_mode="left_to_right")]


class Header(_RecordFields):
    """The first line of an export: its times, ids and events are taken over as they are."""

    format: Literal["one_mcp"]
    version: int


class OrganizationRecord(_RecordFields):
    kind: ClassVar[str] = "organization"

    id: str | None = None
    name: Name
    status: str = "active"
    plan: str = "starter"
    properties: JsonObject = Field(default_factory=_nothing)
    created_at: Time | None = None
    updated_at: Time | None = None


class PersonRecord(_RecordFields):
    kind: ClassVar[str] = "person"

    id: PersonId
    name: Name
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$")] | None = None
    role: Annotated[Role, Field(strict=False)] = Role.ORG_USER
    properties: JsonObject = Field(default_factory=_nothing)
    created_at: Time | None = None
    updated_at: Time | None = None


class EntityRecord(_RecordFields):
    kind: ClassVar[str] = "entity"

    type: str
    name: str
    id: EntityId | None = None
    status: str | None = None
    properties: JsonObject = Field(default_factory=_nothing)
    tags: list[str] = Field(default_factory=list[str], max_length=100)
    key: list[str] = Field(default_factory=list[str], max_length=10)
    external_id: ExternalId | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    archived_at: Time | None = None
    status_before: str | None = None


class ConnectionRecord(_RecordFields):
    kind: ClassVar[str] = "connection"

    from_: End
    type: str
    to: End
    id: ConnectionId | None = None
    metadata: JsonObject = Field(default_factory=_nothing)
    valid_from: Time | None = None
    valid_until: LastMoment | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    hidden_at: Time | None = None


class EventRecord(_RecordFields):
    """An event; one that is `retracted` may say why, and which event stands in its place."""

    kind: ClassVar[str] = "event"

    type: str
    actor: End | None = None
    target: End | None = None
    at: Time | None = None
    id: EventId | None = None
    metadata: JsonObject = Field(default_factory=_nothing)
    external_id: ExternalId | None = None
    retracted: bool = False
    reason: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    replaced_by: EventId | None = None

    @model_validator(mode="after")
    def _retracted_for_a_reason(self) -> "EventRecord":
        if (self.reason is not None or self.replaced_by is not None) and not self.retracted:
            raise ValueError("retracted, where there is a reason or replaced_by")
        if self.replaced_by is not None and self.id is None:
            raise ValueError("an event with an id of its own, where there is replaced_by")
        return self


class DocumentLink(_RecordFields):
    entity: End
    role: LinkRole = "about"


class DocumentRecord(_RecordFields):
    """A text with what it is filed under; of a `vector_only` one the text was not kept."""

    kind: ClassVar[str] = "document"

    title: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] | None = None
    id: KnowledgeId | None = None
    media_type: MediaType = "text/markdown"
    language: Annotated[str, StringConstraints(max_length=100)] | None = None
    source: Annotated[str, StringConstraints(min_length=1, max_length=4_096)] | None = None
    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    vector_only: bool = False
    redacted: bool = False
    quality: Annotated[float, Field(ge=0, le=1)] | None = None
    metadata: JsonObject = Field(default_factory=_nothing)
    labels: list[str] = Field(default_factory=list[str], max_length=1_000)
    links: list[DocumentLink] = Field(default_factory=list[DocumentLink], max_length=10_000)
    created_at: Time | None = None
    updated_at: Time | None = None


Record = (
    Header
    | OrganizationRecord
    | PersonRecord
    | EntityRecord
    | ConnectionRecord
    | EventRecord
    | DocumentRecord
)
Numbered = tuple[int, Record | OneError]
KINDS: dict[
    str,
    type[
        OrganizationRecord
        | PersonRecord
        | EntityRecord
        | ConnectionRecord
        | EventRecord
        | DocumentRecord
    ],
] = {
    model.kind: model
    for model in (
        OrganizationRecord,
        PersonRecord,
        EntityRecord,
        ConnectionRecord,
        EventRecord,
        DocumentRecord,
    )
}


class Records(Protocol):
    """Numbered records that can be read more than once, in the same order."""

    def __iter__(self) -> Iterator[Numbered]: ...


def parse(value: Json) -> Record:
    """Read a line's JSON: an object with one kind in it, a header, or an entity's own fields.

    Raises BrokenLineError, which names the field.
    """
    if not isinstance(value, dict):
        raise BrokenLineError('A line is a JSON object such as {"entity": {"type": …}}.')
    if len(value) == 1:
        ((kind, fields),) = value.items()
        model = KINDS.get(kind)
        if model is not None:
            return read(model, fields)
    if "format" in value:
        return read(Header, value)
    if "type" in value and "name" in value:
        return read(EntityRecord, value)
    raise BrokenLineError(
        f'A line is {{"<kind>": {{…}}}} with one of {", ".join(KINDS)}, '
        "or an entity with its type and name.",
    )


def read(model: type[R], fields: object) -> R:
    """Check the fields of one record; raises BrokenLineError."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        form = Form(model, whole="The line", noun="field")
        found = problems(error, fields, form)
        place = found[0].place or None
        cell = quoted(fields, place) if len(found) == 1 else None
        raise BrokenLineError(f"{told(found, form)}.", field=place, cell=cell) from None


def quoted(fields: object, place: object) -> str | None:
    """Show the value at a place such as properties.price, short and on one line.

    None where there is none, or one that is no text, number or the like.
    """
    first, *rest = str(place or "").split(".")
    here: Any = fields.get(first) if isinstance(fields, dict) else getattr(fields, first, None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # a record, or JSON
    for name in rest:
        here = here.get(name) if isinstance(here, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if isinstance(here, str):
        return shown(here.strip()) or None
    return shown(str(here).lower()) if isinstance(here, int | float) else None
