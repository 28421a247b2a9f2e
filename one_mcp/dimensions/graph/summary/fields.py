"""Fields: what the ontology says of the names by which rows are grouped and measured."""

from collections.abc import Iterable, Sequence

from one_mcp.dimensions.graph.summary import ends, periods
from one_mcp.dimensions.graph.summary.sources import RowSource
from one_mcp.errors import InvalidArgumentError
from one_mcp.ontology import currencies, names, operands
from one_mcp.ontology.model import Ontology, Property
from one_mcp.store import undeclared
from one_mcp.store.work import Work

TAG, TAGS = "tag:", "tags"


def times(ontology: Ontology, source: RowSource, wanted: Iterable[str]) -> frozenset[str]:
    """Choose the names of fields that are declared as times."""
    return frozenset(
        name
        for name in wanted
        if {each.type for each in _declared(ontology, source, name)} == {"timestamp_ms"}
    )


def is_count(ontology: Ontology, source: RowSource, name: str) -> bool:
    """Tell whether a field is declared to count pieces: no currency beside it is that of it."""
    return {each.unit for each in _declared(ontology, source, name)} == {currencies.PIECES}


def _declared(ontology: Ontology, source: RowSource, name: str) -> Sequence[Property]:
    shapes, path = source.shapes, source.plain(name)
    if far := ends.property_of(ontology, source, name):
        shapes, path = undeclared.shapes(ontology, "entities", ()), far
    return operands.find(shapes, path)[1]


def warnings(
    work: Work, source: RowSource, types: Sequence[str], wanted: Iterable[str]
) -> list[str]:
    """Tell of names that no type declares and no row has, with those that may be meant."""
    own: list[str] = []
    far: list[str] = []
    for name in wanted:
        path = ends.property_of(work.ontology, source, name)
        if path is not None:
            far.append(path)
        elif not _is_plain(source, name):
            own.append(source.plain(name))
    return [
        *undeclared.warnings(work, source.table, types, own),
        *undeclared.warnings(work, "entities", (), far),
    ]


def refuse_absent(
    work: Work, source: RowSource, types: Sequence[str], wanted: Iterable[str]
) -> None:
    """Refuse to compute something of a field that no type declares and no row has.

    Raises InvalidArgumentError.
    """
    for name in wanted:
        path = ends.property_of(work.ontology, source, name)
        told = None
        if path is not None:
            told = undeclared.absent(work, "entities", (), path)
        elif not _is_plain(source, name):
            source.path(name, "measures")  # what can be no field has better words
            told = undeclared.absent(work, source.table, types, source.plain(name))
        if told is not None:
            raise InvalidArgumentError(told, argument="measures")


def steps(
    ontology: Ontology, source: RowSource, types: Sequence[str], asked: Iterable[str]
) -> list[str]:
    """Tell of events that are recorded at each step of a thing, unless one step is asked for."""
    if source.table != "events":
        return []
    told: list[str] = []
    for kind in ontology.entity_types.values():
        name = kind.on_update
        if name is None or name not in types:
            continue
        for state in ontology.event_types[name].metadata.values():
            by_itself = state.told is not None and state.told.source in kind.properties
            if state.required and state.options and by_itself and state.name not in asked:
                told.append(
                    f"{name} is recorded at each step of a {kind.name} "
                    f"({', '.join(state.options)}), so an amount may be in it several times; "
                    f'where={{"{state.name}": …}} takes one step.'
                )
    return told


def _is_plain(source: RowSource, name: str) -> bool:
    """Tell whether a name is no field: a column, a unit of time, a tag, or neighbours."""
    return (
        name in periods.UNITS
        or name in periods.CYCLES
        or name.startswith(TAG)
        or (name == TAGS and source.table == "entities")
        or source.column(name) is not None
        or ends.parted(source, name) is not None
    )


def untagged(ontology: Ontology, name: str) -> str:
    """Say that no row has a tag with this key."""
    near = names.near(name.removeprefix(TAG), tuple(ontology.tag_keys))
    return f"No row has a tag of {name}" + (f"; did you mean {TAG}{near[0]}?" if near else ".")
