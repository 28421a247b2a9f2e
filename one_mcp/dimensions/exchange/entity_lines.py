"""Entity lines: what a line says of an entity, checked by itself."""

from dataclasses import dataclass, field

from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import entity, rows
from one_mcp.dimensions.entities.rows import EntityRow
from one_mcp.dimensions.exchange import keyed, records
from one_mcp.dimensions.exchange.context import Loading
from one_mcp.dimensions.exchange.former import Former, News
from one_mcp.dimensions.exchange.keyed import Key
from one_mcp.errors import InvalidArgumentError
from one_mcp.ontology import check
from one_mcp.ontology.model import EntityType
from one_mcp.store.work import Row, Work


@dataclass(slots=True)
class EntityLine:
    """A line on its way: what it says, the row that is there, and the row that will be.

    One that is alike says what an import of the same line has said before, and changes nothing.
    One that tells of something former changes what that is by now, by what it says anew.
    """

    record: records.EntityRecord
    kind: EntityType
    name: str
    tags: list[tuple[str, str]]
    key: Key | None = None
    before: Row | None = None
    is_alike: bool = False
    former: Former | None = None
    news: list[News] = field(default_factory=list[News])
    row: EntityRow = field(init=False)

    @property
    def differs(self) -> bool:
        """Whether the row that is there has to be written."""
        return self.before is not None and bool(rows.differing(self.before, self.row))


def drafted(loading: Loading, _line: int, record: records.EntityRecord) -> EntityLine:
    work = loading.work
    kind = check.entity_type(work.ontology, record.type)
    _check_status(work, kind, record)
    given = [check.tag(text) for text in record.tags]
    for key, _ in given:
        if advice := check.tag_key(work.ontology, key):
            loading.report.note(advice)
    name = entity.named(record.name)
    key = _key_of(kind, name, record) if record.key else None
    return EntityLine(record, kind, name, given, key)


def _key_of(kind: EntityType, name: str, record: records.EntityRecord) -> Key:
    """Read a line's key in the form in which its values are kept."""
    called = {alias: known.name for known in kind.properties.values() for alias in known.aliases}
    fields = [called.get(field, field) for field in record.key]
    values = {called.get(field, field): value for field, value in record.properties.items()}
    given = {field: values[field] for field in fields if field in values}
    checked = check.properties(kind, given, patch=True)
    return keyed.key(kind.name, fields, name, checked.values)


def _check_status(work: Work, kind: EntityType, record: records.EntityRecord) -> None:
    if record.archived_at is None:
        entity.settable(work, record.status or lookup.DEFAULT_STATUS, kind)
    elif record.status != lookup.ARCHIVED:
        raise InvalidArgumentError('Where archived_at stands, the status is "archived".')
    else:
        entity.settable(work, record.status_before or lookup.DEFAULT_STATUS, kind)
