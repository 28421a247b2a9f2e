"""Find the entities that the rows of a batch refer to, all at once."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from one_mcp.dimensions import lookup
from one_mcp.dimensions.exchange import converted
from one_mcp.dimensions.exchange.records import End, Reference
from one_mcp.errors import ArchivedError, ConflictError, NotFoundError, shown
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

OURS = ("ent_", "per_")  # how a word begins that is an id of this server
_UPPER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


class Subject(NamedTuple):
    """An entity at the end of a connection or event."""

    id: str
    type: str
    archived: bool

    def require_live(self) -> None:
        """Raise ArchivedError where nothing new may be said of the entity."""
        if self.archived:
            raise ArchivedError(
                f"{self.id} is archived; restore it first: restore_entity in apply_changes.",
                id=self.id,
            )


class References:
    """The entities that a batch names, by id, by external id or by name."""

    def __init__(self, work: Work, ends: Iterable[End]) -> None:
        ids: set[str] = set()
        external: set[str] = set()
        names: set[str] = set()
        for end in ends:
            if not isinstance(end, Reference):
                word = str(end)
                (ids if word.startswith(OURS) else external).add(word)
            elif end.external_id is not None:
                external.add(end.external_id)
            elif end.name is not None:
                names.add(end.name)
        self._work = work
        self._ids = _by_id(work, ids) if ids else {}
        self._external = _by_external_id(work, external) if external else {}
        self._names = _by_name(work, names) if names else {}

    def find(self, end: End) -> Subject:
        """Return the one entity that is meant; a bare word is an id, or else an external id.

        Raises NotFoundError, or ConflictError where several fit.
        """
        if not isinstance(end, Reference):
            word = str(end)
            return self._by_id(word) if word.startswith(OURS) else self._by_external_id(word)
        if end.external_id is not None:
            return self._by_external_id(end.external_id, end.type)
        name = end.name or ""
        return self._only(
            self._names.get(_folded(name), []), f"name {shown(name)!r}", end.type, name
        )

    def _by_id(self, id: str) -> Subject:
        found = self._ids.get(id)
        if found is None:
            raise NotFoundError(f"There is no entity {shown(id)}.", id=shown(id), cell=shown(id))
        return found

    def _by_external_id(self, external_id: str, type: str | None = None) -> Subject:
        what = f"external_id {shown(external_id)!r}"
        return self._only(self._external.get(external_id, []), what, type, external_id)

    def _only(self, found: list[Subject], what: str, type: str | None, cell: str) -> Subject:
        fitting = [subject for subject in found if type is None or subject.type == type]
        if found and not fitting and type is not None:
            fitting = self._once(found, type)
        return _single(fitting, what, type, shown(cell))

    def _once(self, found: list[Subject], type: str) -> list[Subject]:
        """Return those that were of a type until they were converted, as if they were still."""
        once = converted.were_once(self._work, type, [it.id for it in found])
        return [it._replace(type=type) for it in found if it.id in once]


def _single(fitting: list[Subject], what: str, type: str | None, cell: str) -> Subject:
    kind = shown(type) if type else "entity"
    if not fitting:
        raise NotFoundError(f"There is no {kind} with the {what}.", cell=cell)
    if len(fitting) > 1:
        some = ", ".join(subject.id for subject in fitting[:3])
        raise ConflictError(
            f"There are {len(fitting)} entities with the {what} ({some} …); "
            "name its type as well, or use its id.",
        )
    return fitting[0]


def _subject(row: Row) -> Subject:
    return Subject(row["id"], row["type"], row["deleted_at"] is not None)


def _by_id(work: Work, ids: set[str]) -> dict[str, Subject]:
    return {row["given"]: _subject(row) for row in lookup.named(work, ids)}


def _by_external_id(work: Work, external: set[str]) -> dict[str, list[Subject]]:
    rows = work.all(
        f"""
        SELECT id, type, deleted_at, external_id
        FROM entities
        WHERE organization_id = :organization
          AND external_id {dialect.any_of("external")}
        UNION
        SELECT entities.id, entities.type, entities.deleted_at, merged.external_id
        FROM merged_entities AS merged
        JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = merged.survivor_id
        WHERE merged.organization_id = :organization
          AND merged.external_id {dialect.any_of("external")}
        """,
        external=list(external),
    )
    found: dict[str, list[Subject]] = defaultdict(list)
    for row in rows:
        found[row["external_id"]].append(_subject(row))
    return found


def _by_name(work: Work, names: set[str]) -> dict[str, list[Subject]]:
    rows = work.all(
        f"""
        SELECT id, type, deleted_at, name
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          AND lower(name) {dialect.any_of("names")}
        """,
        names=[_folded(name) for name in names],
    )
    found: dict[str, list[Subject]] = defaultdict(list)
    for row in rows:
        found[_folded(row["name"])].append(_subject(row))
    return found


def _folded(name: str) -> str:
    """Fold case as the index of names does: A to Z only."""
    return name.translate(_UPPER)
