"""Completions: ids of entities whose names fit what was typed, and tags in use."""

from collections.abc import Collection

from one_mcp.store import dialect, fulltext
from one_mcp.store.work import Row, Work
from one_mcp.texts import words as texts

HIGHEST = "\U0010ffff"
MOST_BY_WORDS = 500  # of the newest that have all words in their name


def entities(work: Work, typed: str, limit: int, types: Collection[str] = ()) -> list[str]:
    """List the ids of live entities whose name fits `typed`, the best first, or whose id begins so.

    The whole name comes first, then names that begin with it, then those with its words elsewhere;
    of each, people and things before records such as payments.
    Of some types only, where there are any given; one more than `limit` says that there are more.
    """
    by_name = [row for type in types or (None,) for row in _named(work, typed, limit, type)]
    by_name += _with_words(work, typed, types)
    wanted = " ".join(texts.unfolded(typed))
    kinds = work.ontology.entity_types

    def fit(row: Row) -> tuple[int, bool, str]:
        record = row["type"] in kinds and kinds[row["type"]].record
        return _distance(row["name"], wanted), record, row["name"].casefold()

    by_name.sort(key=fit)
    by_id = work.all(
        f"""
        SELECT id, type
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          AND id >= :low
          AND id < :high
        ORDER BY id
        {dialect.most("limit")}
        """,
        low=typed,
        high=typed + HIGHEST,
        limit=limit + 1,
    )
    found = [*by_name, *(row for row in by_id if not types or row["type"] in types)]
    return list(dict.fromkeys(row["id"] for row in found))[: limit + 1]


def _distance(name: str, wanted: str) -> int:
    """Say how far a name is from what was typed, both in folded letters."""
    words = " ".join(texts.unfolded(name))
    if words == wanted:
        return 0
    if words.startswith(wanted):
        return 1
    return 2 if f" {wanted}" in words else 3


def _with_words(work: Work, typed: str, types: Collection[str]) -> list[Row]:
    """List entities that have all words in their name, wherever; the last may go on."""
    words = fulltext.words(work, typed)
    if words is None:
        return []
    query = fulltext.completed(work, words).tiers[0]
    rows = work.all(
        f"""
        SELECT id, name, type
        FROM entities
        WHERE {dialect.unindexed("organization_id")} = :organization
          AND deleted_at IS NULL
          AND seq {dialect.any_of("seqs")}
        """,
        seqs=fulltext.newest(work, fulltext.ENTITIES, query, MOST_BY_WORDS),
    )
    return [row for row in rows if not types or row["type"] in types]


def _named(work: Work, typed: str, limit: int, type: str | None) -> list[Row]:
    kind = "" if type is None else "AND type = :type"
    return work.all(
        f"""
        SELECT id, name, type
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          {kind}
          AND lower(name) >= lower(:low)
          AND lower(name) < lower(:high)
        ORDER BY lower(name), seq
        {dialect.most("limit")}
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
        f"""
        SELECT id
        FROM knowledge
        WHERE organization_id = :organization
          AND lower(title) >= lower(:low)
          AND lower(title) < lower(:high)
        ORDER BY lower(title), seq
        {dialect.most("limit")}
        """,
        **bounds,
    )
    by_id = work.all(
        f"""
        SELECT id
        FROM knowledge
        WHERE organization_id = :organization
          AND id >= :low
          AND id < :high
        ORDER BY id
        {dialect.most("limit")}
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
