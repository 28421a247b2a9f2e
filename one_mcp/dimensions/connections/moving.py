"""Moving: the connections of an entity that is merged become those of its survivor."""

from dataclasses import dataclass, field

from one_mcp import jsons
from one_mcp.dimensions.connections.cycles import Cycles
from one_mcp.dimensions.connections.validity import Span
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

AT_ONCE = 500
_NAMES = (
    *("id", "from_id", "type", "to_id", "metadata", "valid_from", "valid_until"),
    *("created_at", "updated_at", "deleted_at"),
)
_COLUMNS = ", ".join(_NAMES)
_Ends = tuple[object, object, object]


@dataclass(slots=True)
class Moved:
    """How many connections went to the survivor, and how many it had already, or were to it.

    `unkept` names metadata that the survivor's own connection has with another value.
    """

    moved: int = 0
    joined: int = 0
    dropped: int = 0
    unkept: list[str] = field(default_factory=list[str])


def move(work: Work, gone: str, survivor: str, moved: Moved) -> None:
    """Give all connections of an entity to another one, hidden ones too, each with its id.

    Of two that become one, the survivor's stays, with what the other has beside it, and holds while
    either did. Raises
    CycleError where that closes a circle.
    """
    for end in ("from_id", "to_id"):
        while rows := _some(work, end, gone):
            work.many(
                "DELETE FROM connections WHERE organization_id = :organization AND id = :id",
                [{"id": row["id"]} for row in rows],
            )
            _write(work, [_turned(row, gone, survivor) for row in rows], survivor, moved)
    _refuse_cycles(work, survivor)


def _some(work: Work, end: str, id: str) -> list[Row]:
    return work.all(
        f"""
        SELECT {_COLUMNS}
        FROM connections
        WHERE organization_id = :organization
          AND {end} = :id
        ORDER BY id
        LIMIT {AT_ONCE}
        """,
        id=id,
    )


def _turned(row: Row, gone: str, survivor: str) -> dict[str, object]:
    turned: dict[str, object] = {name: row[name] for name in _NAMES}
    for end in ("from_id", "to_id"):
        if turned[end] == gone:
            turned[end] = survivor
    return turned


def _write(work: Work, rows: list[dict[str, object]], survivor: str, moved: Moved) -> None:
    there = _there(work, rows, survivor)
    new: list[dict[str, object]] = []
    for row in rows:
        other = there.get((row["from_id"], row["type"], row["to_id"]))
        if row["from_id"] == row["to_id"]:
            moved.dropped += 1
        elif other is not None:
            moved.joined += 1
            _join(work, other, row, moved)
        else:
            new.append({**row, "change": work.change})
    moved.moved += len(new)
    work.many(
        f"""
        INSERT INTO connections (organization_id, {_COLUMNS}, version)
        VALUES
            (:organization, :id, :from_id, :type, :to_id, :metadata, :valid_from, :valid_until,
             :created_at, :updated_at, :deleted_at, :change)
        """,
        new,
    )


def _there(work: Work, rows: list[dict[str, object]], survivor: str) -> dict[_Ends, Row]:
    """Read the connections that the survivor has with the other ends."""
    found: dict[_Ends, Row] = {}
    for near, far in (("from_id", "to_id"), ("to_id", "from_id")):
        for row in work.all(
            f"""
            SELECT {_COLUMNS}
            FROM connections
            WHERE organization_id = :organization
              AND {near} = :survivor
              AND {far} {dialect.any_of("others")}
            """,
            survivor=survivor,
            others=[row[far] for row in rows if row[near] == survivor],
        ):
            found[row["from_id"], row["type"], row["to_id"]] = row
    return found


def _join(work: Work, kept: Row, gone: dict[str, object], moved: Moved) -> None:
    theirs = jsons.load_object(str(gone["metadata"]))
    ours = jsons.load_object(kept["metadata"])
    moved.unkept += [
        f"{kept['type']} metadata.{name}"
        for name, value in theirs.items()
        if name in ours and not jsons.same(ours[name], value)
    ]
    both = {**ours, **{name: theirs[name] for name in theirs if name not in ours}}
    span = Span.of(kept).with_(Span.of(gone))
    if len(both) > len(ours) or span != Span.of(kept):
        work.run(
            """
            UPDATE connections
            SET metadata = :metadata, valid_from = :valid_from, valid_until = :valid_until,
                updated_at = :now, version = :change
            WHERE organization_id = :organization
              AND id = :id
            """,
            id=kept["id"],
            metadata=jsons.dumps(both),
            valid_from=span.valid_from,
            valid_until=span.valid_until,
            now=work.now,
            change=work.change,
        )


def _refuse_cycles(work: Work, survivor: str) -> None:
    acyclic = {it.name: it for it in work.ontology.relationship_types.values() if it.acyclic}
    cycles = Cycles(work)
    for row in work.all(
        f"""
        SELECT type, to_id
        FROM connections
        WHERE organization_id = :organization
          AND from_id = :survivor
          AND type {dialect.any_of("acyclic")}
        ORDER BY id
        """,
        survivor=survivor,
        acyclic=list(acyclic),
    ):
        if cycles.way(row["type"], row["to_id"], survivor):
            raise cycles.error(acyclic[row["type"]], survivor, row["to_id"])
