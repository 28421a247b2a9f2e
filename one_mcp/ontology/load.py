"""Load the ontology: the core files, then the packs, of which `business` is always there (D-09)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from one_mcp import assets
from one_mcp.errors import OntologyError
from one_mcp.ontology import build, properties, tables
from one_mcp.ontology.model import Alias, Dimension, Ends, Kind, Ontology, Term
from one_mcp.ontology.tables import TomlTable

_KINDS: tuple[Kind, ...] = ("entity", "relationship", "event")
_ONCE = (
    "organization_properties",
    "organization_statuses",
    "plans",
    "person_properties",
    "person_statuses",
    "roles",
    "entity_statuses",
    "knowledge_kinds",
    "link_roles",
)

USUAL_PACK = "business"

_T = TypeVar("_T")


@dataclass(slots=True)
class _Gathered:
    """What the files say, gathered by name before references are followed."""

    dimensions: dict[str, Dimension] = field(default_factory=dict[str, Dimension])
    known: build.Known = field(default_factory=build.Known)
    aliases: dict[Kind, dict[str, TomlTable]] = field(
        default_factory=lambda: {k: {} for k in _KINDS}
    )
    more_ends: dict[str, list[TomlTable]] = field(default_factory=dict[str, list[TomlTable]])
    tag_keys: dict[str, Term] = field(default_factory=dict[str, Term])
    core: set[str] = field(default_factory=set[str])
    yielding: set[str] = field(default_factory=set[str])
    from_file: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    indexed: set[str] = field(default_factory=set[str])

    def types(self, kind: Kind) -> dict[str, TomlTable]:
        known = self.known
        by_kind = {
            "entity": known.entities,
            "relationship": known.relationships,
            "event": known.events,
        }
        return by_kind[kind]


def in_use(packs: Sequence[Path | str]) -> Ontology:
    """Read the core files, the usual pack unless it is switched off, and the packs of settings."""
    given = [pack for pack in packs if pack not in (USUAL_PACK, f"-{USUAL_PACK}")]
    usual = [] if f"-{USUAL_PACK}" in packs else [USUAL_PACK]
    return load([*usual, *given]) if given else _shipped(*usual)


@cache
def _shipped(*packs: str) -> Ontology:
    """Read what ships with the program, once in a process: nobody edits it meanwhile."""
    return load(packs)


def load(packs: Sequence[Path | str] = ()) -> Ontology:
    """Read the core files and the packs, or raise OntologyError.

    A pack is a TOML file, a folder of them, or the bare name of one that ships (`extended`).
    """
    core = [tables.read(file) for file in sorted(assets.resources("ontology").glob("*.toml"))]
    if not core:
        folder = str(assets.resources("ontology"))
        raise OntologyError(f"{folder}: the core ontology files are missing", file=folder)
    draft = _Gathered()
    whole = {key: _only(core, key) for key in _ONCE}
    for file in core:
        draft.core.add(file.file)
        for name, table in file.tables("dimensions"):
            draft.dimensions[name] = build.dimension(name, table)
        _gather(draft, file)
    for pack in packs:
        for path in _files(pack):
            file = tables.read(path)
            _refuse_core_tables(file)
            if file.flag("yields"):
                draft.yielding.add(file.file)
            _gather(draft, file)
    return _ontology(draft, whole, tuple(str(pack) for pack in packs))


def _only(core: list[TomlTable], key: str) -> TomlTable:
    holders = [file for file in core if key in file]
    if len(holders) != 1:
        raise OntologyError(f"the core files need exactly one table [{key}]", table=key)
    return holders[0].table(key)


def _files(pack: Path | str) -> list[Path]:
    path = Path(pack).expanduser()
    shipped = assets.resources("packs", f"{pack}.toml")
    if isinstance(pack, str) and path.name == pack and not path.exists() and shipped.is_file():
        return [shipped]
    if path.is_dir():
        files = sorted(path.glob("*.toml"))
        if files:
            return files
        raise OntologyError(f"{path}: the folder holds no .toml file", file=str(path))
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in assets.resources("packs").glob("*.toml")))
        raise OntologyError(
            f"{path}: no such pack; give a .toml file, a folder of them, or one of: {known}",
            file=str(path),
        )
    return [path]


def _refuse_core_tables(file: TomlTable) -> None:
    for key in file:
        if key in {*_ONCE, "dimensions"}:
            raise file.fault("a pack cannot define this; only the core files do", key)
    file.optional_text("title")
    file.optional_text("meaning")


def _gather(draft: _Gathered, file: TomlTable) -> None:
    known = draft.known
    for name, table in file.tables("entity_shapes"):
        _add(draft, known.shapes, name, properties.shapes(table), table)
    for kind in _KINDS:
        for name, meaning in file.sentences(f"{kind}_groups"):
            _add(draft, known.groups[kind], name, meaning, file.table(f"{kind}_groups"))
        for name, table in file.tables(f"{kind}_types"):
            _add(draft, draft.types(kind), table.type_name(name), table, table)
        aliases = file.table(f"{kind}_aliases")
        for name in aliases:
            _add(draft, draft.aliases[kind], name, aliases, aliases, over_core=True)
    known.members.clear()
    for name, table in known.entities.items():
        known.members.setdefault(table.text("group"), []).append(name)
    more = file.table("relationship_ends")
    for name in more:
        draft.more_ends.setdefault(name, []).extend(more.listed(name))
    for name, meaning in file.sentences("tag_keys"):
        _add(draft, draft.tag_keys, name, Term(name, meaning), file.table("tag_keys"))
    draft.indexed.update(file.words("indexed_properties"))
    file.close()


def _add(
    draft: _Gathered,
    into: dict[str, _T],
    name: str,
    value: _T,
    table: TomlTable,
    *,
    over_core: bool = False,
) -> None:
    """Give a name its meaning, unless another file has done so that does not give way (D-09)."""
    key = (table.path.split(".")[0], name)
    first = draft.from_file.get(key)
    gives_way = first in draft.yielding or (over_core and first in draft.core)
    if first is not None and (first == table.file or not gives_way):
        raise table.fault(f"'{name}' is already defined in {first}; choose another name")
    draft.from_file[key] = table.file
    into[name] = value


def _ontology(draft: _Gathered, whole: dict[str, TomlTable], packs: tuple[str, ...]) -> Ontology:
    known = draft.known
    more_ends: dict[str, tuple[Ends, ...]] = {}
    for name, listed in draft.more_ends.items():
        if name not in known.relationships:
            raise listed[0].fault(f"no relationship type is called '{name}'")
        more_ends[name] = tuple(build.ends(table, known) for table in listed)
    return Ontology(
        dimensions=draft.dimensions,
        groups=known.groups,
        entity_types={
            name: build.entity_type(name, table, known) for name, table in known.entities.items()
        },
        relationship_types={
            name: build.relationship_type(name, table, known, more_ends.get(name, ()))
            for name, table in known.relationships.items()
        },
        event_types={
            name: build.event_type(name, table, known) for name, table in known.events.items()
        },
        aliases=_aliases(draft, "entity"),
        relationship_aliases=_aliases(draft, "relationship"),
        event_aliases=_aliases(draft, "event"),
        organization=properties.shapes(whole["organization_properties"]),
        person=properties.shapes(whole["person_properties"]),
        statuses=build.terms(whole["entity_statuses"]),
        organization_statuses=build.terms(whole["organization_statuses"]),
        person_statuses=build.terms(whole["person_statuses"]),
        roles=build.terms(whole["roles"]),
        plans=build.terms(whole["plans"]),
        knowledge_kinds=build.terms(whole["knowledge_kinds"]),
        link_roles=build.terms(whole["link_roles"]),
        tag_keys=draft.tag_keys,
        packs=packs,
        indexed=_indexed(draft),
    )


def _indexed(draft: _Gathered) -> frozenset[str]:
    """Return the names of indexed properties; a pack may name those of other files, too."""
    for name in draft.indexed:
        if not properties.is_name(name):
            raise OntologyError(
                f"indexed_properties: '{name}' is no name of a property, which is letters, "
                "digits and _, at most 63",
                key="indexed_properties",
            )
    return frozenset(draft.indexed)


def _aliases(draft: _Gathered, kind: Kind) -> dict[str, Alias]:
    """Build the aliases of a kind; a type of a pack takes the place of an alias of its name."""
    types = draft.types(kind)
    return {
        name: build.alias(name, table, types)
        for name, table in draft.aliases[kind].items()
        if name not in types
    }
