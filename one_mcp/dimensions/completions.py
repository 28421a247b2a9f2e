"""Completions: ids of entities whose names begin with what was typed, and tags in use."""

from collections.abc import Collection

from one_mcp.store.work import Row, Work

HIGHEST = "\U0010ffff"


def entities(work: Work, typed: str, limit: int, types: Collection[str] = ()) -> list[str]:
    """List the ids of live entities whose name, or whose id, begins with `typed`.

    Of some types only, where there are any given; one more than `limit` says that there are more.
    """
    by_name = [row for type in types or (None,) for row in _named(work, typed, limit, type)]
    by_name.sort(key=lambda row: row["name"].casefold())
    by_id = work.all(
        """
        SELECT id, type
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          AND id >= :low
          AND id < :high
        ORDER BY id
        LIMIT :limit
        """,
        low=typed,
        high=typed + HIGHEST,
        limit=limit + 1,
    )
    found = [*by_name, *(row for row in by_id if not types or row["type"] in types)]
    return list(dict.fromkeys(row["id"] for row in found))


def _named(work: Work, typed: str, limit: int, type: str | None) -> list[Row]:
    kind = "" if type is None else "AND type = :type"
    return work.all(
        f"""
        SELECT id, name
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          {kind}
          AND lower(name) >= lower(:low)
          AND lower(name) < lower(:high)
        ORDER BY lower(name), seq
        LIMIT :limit
        """,
        type=type,
        low=typed,
        high=typed + HIGHEST,
        limit=limit + 1,
    )


def documents(work: Work, typed: str, limit: int) -> list[str]:
    """List the ids of documents whose title, or whose id, begins with `typed`."""
    bounds: dict[str, object] = {"low": typed, "high": typed + HIGHEST, "limit": limit + 1}
    by_title = work.all(
        """
        SELECT id
        FROM knowledge
        WHERE organization_id = :organization
          AND lower(title) >= lower(:low)
          AND lower(title) < lower(:high)
        ORDER BY lower(title), seq
        LIMIT :limit
        """,
        **bounds,
    )
    by_id = work.all(
        """
        SELECT id
        FROM knowledge
        WHERE organization_id = :organization
          AND id >= :low
          AND id < :high
        ORDER BY id
        LIMIT :limit
        """,
        **bounds,
    )
    return list(dict.fromkeys(row["id"] for row in [*by_title, *by_id]))


def tags(work: Work, typed: str, limit: int) -> list[str]:
    """List tags in use, as `key:value`, that begin with `typed`; one more than `limit` at most.

    One step in the index for each tag, however many entities carry it.
    """
    key, colon, value = typed.partition(":")
    last = key if colon else key + HIGHEST
    place = (key, value)
    found: list[str] = []
    while len(found) <= limit:
        row = work.one(
            f"""
            SELECT key, value
            FROM tags
            WHERE organization_id = :organization
              AND key <= :last
              AND (key, value) {">" if found else ">="} (:key, :value)
            ORDER BY key, value
            LIMIT 1
            """,
            last=last,
            key=place[0],
            value=place[1],
        )
        if row is None or not f"{row['key']}:{row['value']}".startswith(typed):
            break
        place = (row["key"], row["value"])
        found.append(":".join(place))
    return found
