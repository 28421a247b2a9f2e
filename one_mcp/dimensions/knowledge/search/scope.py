"""Scope: which passages a search is about, as sets that are counted before they are read."""

from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.changes import log
from one_mcp.dimensions.entities.selection import Members, Selection
from one_mcp.dimensions.organizations import moments
from one_mcp.ontology import check
from one_mcp.store import dialect, fulltext, sight
from one_mcp.store.work import Work

FEW_DOCUMENTS = 20_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Conditions that all must hold. `around` also takes in the neighbours of `entity`.

    `since` and `until` are milliseconds or relative to now, on the time of the last change of the
    text.
    """

    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    entity: str | None = None
    around: bool = False
    since: int | str | None = None
    until: int | str | None = None

    def __bool__(self) -> bool:
        return self != Scope()


def select(work: Work, scope: Scope) -> Selection:
    """Make sets of documents of the conditions.

    Raises UnknownTypeError, NotFoundError or InvalidArgumentError for what cannot be meant.
    """
    selection = Selection()
    if scope.types:
        selection.sets.append(_of_types(work, selection, scope.types))
    if scope.entity is not None:
        lookup.live(work, scope.entity, "entity")
        selection.sets.append(_about(selection, scope.entity, around=scope.around))
    selection.sets += [_tagged(selection, tag) for tag in scope.tags]
    selection.sets += [_labelled(selection, label) for label in scope.labels]
    since, until = moments.span(work, scope.since, scope.until)
    if since is not None or until is not None:
        selection.sets.append(_in_time(selection, since, until))
    return selection


def of_entities(work: Work, selection: Selection, scope: Scope) -> list[str]:
    """Write what entities themselves must fulfil; labels and times are of texts only."""
    tests: list[str] = []
    if scope.types:
        names = [check.entity_type(work.ontology, type).name for type in scope.types]
        tests.append(f"entities.type IN ({', '.join(selection.bind(name) for name in names)})")
    if scope.entity is not None:
        near = _ids(selection.bind(scope.entity), around=scope.around)
        tests.append(f"entities.id IN ({near})")
    tests.extend(
        "EXISTS (SELECT 1 FROM tags WHERE tags.organization_id = :organization"
        f" AND tags.entity_id = entities.id AND {_same(selection, tag, 'tags.')})"
        for tag in scope.tags
    )
    return tests


def members(work: Work, selection: Selection) -> list[int] | None:
    """List all passages of a selection; None where the documents are too many to be listed."""
    small = selection.smallest(work, FEW_DOCUMENTS)
    if small is None:
        return None
    tests = "".join(f" AND {test}" for test in selection.tests(small))
    rows = work.all(
        f"""
        SELECT chunks.seq AS chunk
        FROM (SELECT DISTINCT id FROM ({small.ids}) AS given) AS known
        CROSS JOIN knowledge
        CROSS JOIN chunks
        WHERE knowledge.organization_id = :organization
          AND knowledge.id = known.id
          AND chunks.organization_id = :organization
          AND chunks.document = knowledge.seq
          {tests}
        """,
        **selection.parameters,
    )
    return [row["chunk"] for row in rows]


def stamp(work: Work) -> tuple[int, int]:
    """Return what changes whenever the passages of some scope may: changes made, passages cut."""
    return log.latest(work), fulltext.added(work, fulltext.PASSAGES)


def kept(work: Work, selection: Selection, candidates: list[int]) -> set[int]:
    """Say which of some passages are in a selection."""
    tests = "".join(f" AND {test}" for test in selection.tests())
    rows = work.all(
        f"""
        SELECT chunks.seq AS chunk
        FROM {dialect.each_number("candidates", "candidate")}
        CROSS JOIN chunks
        CROSS JOIN knowledge
        WHERE chunks.organization_id = :organization
          AND chunks.seq = candidate.value
          AND knowledge.organization_id = :organization
          AND knowledge.seq = chunks.document
          {tests}
        """,
        **selection.parameters,
        candidates=jsons.dumps(candidates),
    )
    return {row["chunk"] for row in rows}


def _set(ids: str, test: str) -> Members:
    return Members(
        ids, test, count=f"SELECT count(*) FROM ({ids} {dialect.most('bound')}) AS counted"
    )


def _linked(ids: str, joined: str, condition: str) -> Members:
    """Choose documents by the entities that they are linked to."""
    return _set(
        f"SELECT knowledge_links.knowledge_id AS id FROM {ids} CROSS JOIN knowledge_links"
        f" WHERE knowledge_links.organization_id = :organization AND {joined} AND {condition}",
        f"EXISTS (SELECT 1 FROM knowledge_links CROSS JOIN {ids}"
        " WHERE knowledge_links.organization_id = :organization"
        f" AND knowledge_links.knowledge_id = knowledge.id AND {joined} AND {condition})",
    )


def _of_types(work: Work, selection: Selection, types: tuple[str, ...]) -> Members:
    names = [check.entity_type(work.ontology, type).name for type in types]
    placeholders = ", ".join(selection.bind(name) for name in names)
    return _linked(
        "entities",
        "knowledge_links.entity_id = entities.id",
        "entities.organization_id = :organization AND entities.deleted_at IS NULL"
        f" AND entities.type IN ({placeholders})",
    )


def _same(selection: Selection, tag: str, table: str = "") -> str:
    """Write what a tag or a label must be: `key:value`, or `key:` with any value."""
    any_value = tag.strip().endswith(":") and tag.count(":") == 1
    key, value = check.tag(f"{tag}any" if any_value else tag)
    same = f"{table}key = {selection.bind(key)}"
    return same if any_value else f"{same} AND {table}value = {selection.bind(value)}"


def _tagged(selection: Selection, tag: str) -> Members:
    same = f"tags.organization_id = :organization AND {_same(selection, tag, 'tags.')}"
    return _linked(
        "tags CROSS JOIN entities",
        "knowledge_links.entity_id = tags.entity_id",
        f"{same} AND entities.organization_id = :organization AND entities.id = tags.entity_id"
        " AND entities.deleted_at IS NULL",
    )


def _labelled(selection: Selection, label: str) -> Members:
    same = _same(selection, label)
    return _set(
        "SELECT knowledge_id AS id FROM knowledge_labels"
        f" WHERE organization_id = :organization AND {same}",
        "EXISTS (SELECT 1 FROM knowledge_labels WHERE organization_id = :organization"
        f" AND knowledge_id = knowledge.id AND {same})",
    )


def _about(selection: Selection, entity: str, *, around: bool) -> Members:
    ids = _ids(selection.bind(entity), around=around)
    return _linked(f"({ids}) AS wanted", "knowledge_links.entity_id = wanted.id", "TRUE")


def _ids(id: str, *, around: bool) -> str:
    """Write SQL for an entity and, with `around`, its neighbours."""
    ids = f"SELECT {id} AS id"
    if around:
        ids += "".join(
            f" UNION SELECT {far} FROM connections WHERE organization_id = :organization"
            f" AND {near} = {id} AND {sight.visible('connections')}"
            for near, far in (("from_id", "to_id"), ("to_id", "from_id"))
        )
    return ids


def _in_time(selection: Selection, since: int | None, until: int | None) -> Members:
    conditions: list[str] = []
    if since is not None:
        conditions.append(f"knowledge.updated_at >= {selection.bind(since)}")
    if until is not None:
        conditions.append(f"knowledge.updated_at < {selection.bind(until)}")
    within = " AND ".join(conditions)
    ids = f"SELECT id FROM knowledge WHERE organization_id = :organization AND {within}"
    return _set(ids, within)
