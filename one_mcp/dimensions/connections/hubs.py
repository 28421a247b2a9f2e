"""Hubs: an entity with very many connections goes out of sight, and comes back, by one row.

As long as an archived entity stands in `hidden_hubs`, its connections are out of sight, whatever
they say themselves. So they follow in slices of derived work, each too short to be waited for:
hidden once it is archived, and shown again while nobody sees them, before it is restored. That a
connection is hidden follows from its ends, so of these nothing is logged, and no version changes.
"""

from one_mcp.dimensions.changes import touched
from one_mcp.dimensions.connections import hub_marks
from one_mcp.store import dialect, leases, sight
from one_mcp.store.work import Row, Work

MANY = 2_000  # connections that one transaction hides or shows
SLICE = 500
_SIDES: tuple[str, str] = ("from_id", "to_id")
_HIDING, _OPENING = 0, 1


def count(work: Work, id: str) -> int:
    """Count the connections of an entity that can be seen."""
    return work.value(
        f"""
        SELECT coalesce(sum({sight.counted("kept")}), 0)
        FROM connection_counts AS kept
        WHERE kept.organization_id = :organization
          AND kept.entity_id = :id
        """,
        id=id,
    )


def is_marked(work: Work, id: str) -> bool:
    """Tell whether an entity's connections are out of sight by one row."""
    return hub_marks.find(work, id) is not None


def hide(work: Work, id: str) -> None:
    """Take all connections of an archived entity out of sight; they follow later."""
    hub_marks.put(work, id, _HIDING)
    work.touch(touched.EVERYTHING)


def is_large(work: Work, id: str) -> bool:
    """Tell whether an archived entity has more connections than one transaction should show."""
    if hub_marks.find(work, id) is not None:
        return True
    found = work.value(
        f"""
        SELECT count(*)
        FROM (
            SELECT 1
            FROM connections
            WHERE organization_id = :organization
              AND from_id = :id
              AND deleted_at IS NOT NULL
            UNION ALL
            SELECT 1
            FROM connections
            WHERE organization_id = :organization
              AND to_id = :id
              AND deleted_at IS NOT NULL
            {dialect.most("most")}
        ) AS hidden
        """,
        id=id,
        most=MANY + 1,
    )
    return found > MANY


def begin_opening(work: Work, id: str) -> bool:
    """Begin to show the connections of a large archived entity while nobody sees them.

    Where it is not restored soon, they are hidden again.
    """
    archived = work.value(
        """
        SELECT deleted_at
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    if archived is None or not is_large(work, id):
        return False
    hub_marks.put(work, id, _OPENING)
    return True


def give_up(work: Work, id: str) -> None:
    """Let connections that were to be shown be hidden again, at once."""
    work.run(
        """
        UPDATE hidden_hubs
        SET opening = 0, leased_until = 0, side = 0, passed_at = 0, passed = 0, seen = 0
        WHERE organization_id = :organization
          AND entity_id = :id
        """,
        id=id,
    )


def settle(work: Work, id: str) -> tuple[int, int | None]:
    """Put an entity that is live again in sight: how many of its connections are, and are not.

    What was not shown before is shown now, and what came to be archived meanwhile stays hidden.
    How many stay hidden is None where nobody has counted all.
    """
    mark = hub_marks.find(work, id)
    ready = mark is not None and mark["opening"] and mark["side"] == len(_SIDES)
    if mark is not None and ready:
        _correct(work, id, mark["version"])
    else:
        for end in _SIDES:
            _follow(work, id, end, "TRUE", shown=True)
    hub_marks.remove(work, id)
    work.touch(touched.EVERYTHING)
    shown = count(work, id)
    return shown, mark["seen"] - shown if mark is not None and ready else None


def take(work: Work) -> int:
    """Let a slice of connections follow an entity that is out of sight; return how many it saw."""
    mark = work.one(
        f"""
        SELECT entity_id
        FROM hidden_hubs
        WHERE organization_id = :organization
          AND {leases.FREE}
        ORDER BY entity_id
        LIMIT 1
        """,
        **leases.times(work.clock),
    )
    if mark is None:
        return 0
    if mark_of := hub_marks.find(work, mark["entity_id"]):
        if mark_of["opening"]:  # whoever was to restore it is gone
            give_up(work, mark["entity_id"])
        return move_some(work, mark["entity_id"]) or 1
    return 0


def move_some(work: Work, id: str) -> int:
    """Hide or show a slice of an entity's connections; return how many it saw, 0 at the end."""
    mark = hub_marks.find(work, id)
    if mark is None:
        return 0
    if mark["side"] == len(_SIDES):
        if mark["opening"]:
            return 0
        if _is_settled(work, id):
            hub_marks.remove(work, id)
            return 0
        give_up(work, id)
        return 1
    end = _SIDES[int(mark["side"])]
    some = _next(work, id, end, mark)
    if some:
        seqs = [row["seq"] for row in some]
        _follow(
            work, id, end, f"seq {dialect.any_of('seqs')}", shown=bool(mark["opening"]), seqs=seqs
        )
    last = some[-1] if len(some) == SLICE else {"created_at": 0, "seq": 0}
    work.run(
        """
        UPDATE hidden_hubs
        SET side = side + :done, passed_at = :at, passed = :seq, seen = seen + :seen,
            leased_until = CASE WHEN opening = 1 THEN :latest ELSE leased_until END
        WHERE organization_id = :organization
          AND entity_id = :id
        """,
        id=id,
        done=int(len(some) < SLICE),
        seen=len(some),
        at=last["created_at"],
        seq=last["seq"],
        latest=leases.times(work.clock)["latest"],
    )
    return len(some) or 1


def _next(work: Work, id: str, end: str, mark: Row) -> list[Row]:
    index = dialect.by_index(f"connections_{end.removesuffix('_id')}_entity")
    return work.all(
        f"""
        SELECT seq, created_at
        FROM connections {index}
        WHERE organization_id = :organization
          AND {end} = :id
          AND (created_at, seq) > (:at, :seq)
        ORDER BY created_at, seq
        {dialect.most("most")}
        """,
        id=id,
        at=mark["passed_at"],
        seq=mark["passed"],
        most=SLICE,
    )


def _follow(
    work: Work, id: str, end: str, which: str, *, shown: bool, **parameters: object
) -> None:
    """Hide or show connections as their ends demand, `shown` as if the entity itself were live."""
    hub_marks.moving(work, id, 1)
    archived = """(
        SELECT max(far.deleted_at)
        FROM entities AS far
        WHERE far.organization_id = :organization
          AND far.id IN (connections.from_id, connections.to_id)
          AND far.id <> :live
    )"""
    work.run(
        f"""
        UPDATE connections
        SET deleted_at = {archived}
        WHERE organization_id = :organization
          AND {end} = :id
          AND {which}
          AND (deleted_at IS NULL) <> ({archived} IS NULL)
        """,
        id=id,
        live=id if shown else "",
        **parameters,
    )
    hub_marks.moving(work, id, 0)


def _correct(work: Work, id: str, since: int) -> None:
    """Reckon with entities that were archived or restored since their connections were shown."""
    turned = work.all(
        f"""
        SELECT DISTINCT row_id
        FROM change_rows
        WHERE organization_id = :organization
          AND {dialect.unindexed("kind")} = 'entity'
          AND change > :since
          AND before -> 'deleted_at' IS NOT NULL
          AND row_id <> :id
        ORDER BY row_id
        """,
        id=id,
        since=since,
    )
    if turned:
        ids = [row["row_id"] for row in turned]
        for end, far in (_SIDES, _SIDES[::-1]):
            _follow(work, id, end, f"{far} {dialect.any_of('ids')}", shown=True, ids=ids)


def _is_settled(work: Work, id: str) -> bool:
    """Tell by the counts whether all connections of an entity are hidden."""
    return not work.value(
        """
        SELECT coalesce(sum(live), 0)
        FROM connection_counts
        WHERE organization_id = :organization
          AND entity_id = :id
        """,
        id=id,
    )
