"""Tags: a key and a value on an entity, written and shown as `key:value` (D-10)."""

from collections.abc import Iterable, Sequence

from one_mcp.answers import Written, few
from one_mcp.dimensions import lookup
from one_mcp.errors import InvalidArgumentError, NotFoundError, shown
from one_mcp.ontology import check
from one_mcp.store import dialect
from one_mcp.store.work import Work

SHOWN_CHARACTERS = 4_000


class Tagged(Written):
    """The tags the entity has now; very many are cut."""

    id: str
    name: str
    tags: list[str]


def of(work: Work, entity_id: str) -> list[str]:
    """List an entity's tags, in order."""
    rows = work.all(
        """
        SELECT key, value
        FROM tags
        WHERE organization_id = :organization
          AND entity_id = :entity
        ORDER BY key, value
        """,
        entity=entity_id,
    )
    return [f"{row['key']}:{row['value']}" for row in rows]


def of_many(work: Work, entity_ids: Sequence[str]) -> dict[str, list[str]]:
    """List the tags of several entities; one without tags is not in the answer."""
    rows = work.all(
        f"""
        SELECT entity_id, key, value
        FROM tags
        WHERE organization_id = :organization
          AND entity_id {dialect.any_of("entities")}
        ORDER BY entity_id, key, value
        """,
        entities=entity_ids,
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["entity_id"], []).append(f"{row['key']}:{row['value']}")
    return found


def add(work: Work, entity_id: str, texts: list[str]) -> bool:
    """Add tags, and tell whether any is new; those that are there already stay as they are."""
    given = [check.tag(text) for text in texts]
    for key, _ in given:
        if advice := check.tag_key(work.ontology, key):
            work.warn(advice)
    return bool(given and put(work, ((entity_id, key, value) for key, value in given)))


def put(work: Work, given: Iterable[tuple[str, str, str]]) -> set[str]:
    """Write the tags that are missing, and return the entities that got any.

    Each is an entity's id, a key and a value.
    """
    rows = work.all(
        f"""
        INSERT INTO tags (organization_id, entity_id, key, value)
        SELECT :organization, given.value ->> 0, given.value ->> 1, given.value ->> 2
        FROM {dialect.each_list("given", "given")}
        WHERE true
        ORDER BY 2, 3, 4
        ON CONFLICT (organization_id, entity_id, key, value) DO NOTHING
        RETURNING entity_id
        """,
        given=list(given),
    )
    return {row["entity_id"] for row in rows}


def remove(work: Work, entity_id: str, texts: list[str]) -> int:
    """Remove tags, and return how many; those that are not there are no failure."""
    return sum(
        work.run(
            """
            DELETE FROM tags
            WHERE organization_id = :organization
              AND entity_id = :entity
              AND key = :key
              AND value = :value
            """,
            entity=entity_id,
            key=key,
            value=value,
        )
        for key, value in map(check.tag, texts)
    )


def edit(work: Work, entity_id: str, added: list[str], removed: list[str]) -> bool:
    """Remove and add tags, and tell whether that made a difference."""
    gone = remove(work, entity_id, removed)
    return add(work, entity_id, added) or gone > 0


def rename(work: Work, old: str, new: str) -> int:
    """Give all entities that have one tag another in its place, and return how many they are.

    Where an entity has the other one already, the two become one. Raises NotFoundError.
    """
    (key, value), (new_key, new_value) = check.tag(old), check.tag(new)
    if (key, value) == (new_key, new_value):
        raise InvalidArgumentError("The two tags are the same.", argument="to")
    if advice := check.tag_key(work.ontology, new_key):
        work.warn(advice)
    work.run(
        """
        INSERT INTO tags (organization_id, entity_id, key, value)
        SELECT organization_id, entity_id, :new_key, :new_value
        FROM tags
        WHERE organization_id = :organization
          AND key = :key
          AND value = :value
        ORDER BY entity_id
        ON CONFLICT (organization_id, entity_id, key, value) DO NOTHING
        """,
        key=key,
        value=value,
        new_key=new_key,
        new_value=new_value,
    )
    renamed = work.run(
        """
        DELETE FROM tags
        WHERE organization_id = :organization
          AND key = :key
          AND value = :value
        """,
        key=key,
        value=value,
    )
    if not renamed:
        raise NotFoundError(
            f"No entity has the tag {shown(old)}; summarize groups by tag:{shown(key)}."
        )
    return renamed


def change(
    work: Work, id: str, add_tags: list[str] | None = None, remove_tags: list[str] | None = None
) -> Tagged:
    """Add and remove tags of a live entity."""
    row = lookup.live(work, id, follow=True)
    id = row["id"]
    edit(work, id, add_tags or [], remove_tags or [])
    return Tagged(id=id, name=row["name"], tags=few(of(work, id), SHOWN_CHARACTERS) or [])
