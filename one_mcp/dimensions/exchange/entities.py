"""Load a batch of entities: create what is new, merge what is there, refuse what cannot be."""

from functools import partial

from one_mcp.dimensions.entities import identity, rows, tags
from one_mcp.dimensions.exchange import amends, doubles, entity_lines, entity_rows, records
from one_mcp.dimensions.exchange.context import Keys, Lines, Loading
from one_mcp.dimensions.exchange.entity_lines import EntityLine
from one_mcp.store.work import Row

KIND = "entities"


def load(loading: Loading, lines: Lines[records.EntityRecord]) -> None:
    """Load entities; those with an id or external id that is there are merged (D-11)."""
    keys = Keys()
    drafted = loading.sift(lines, partial(entity_lines.drafted, loading))
    present = entity_rows.PresentEntities(loading, [draft for _, draft in drafted])
    matched = loading.sift(drafted, partial(entity_rows.matched, loading, present, keys))
    settled = amends.settle(loading, matched)
    taken = identity.taken(
        loading.work, [(draft.row.kind, draft.row.identity) for _, draft in settled]
    )
    unique = loading.sift(settled, partial(_unique, taken, keys))
    doubles.tell(loading, [(line, draft.row) for line, draft in unique if draft.before is None])
    kept = [draft for _, draft in unique]
    new = [draft.row for draft in kept if draft.before is None]
    changed = [draft.row for draft in kept if draft.differs]
    rows.insert(loading.work, new)
    rows.update(loading.work, changed)
    given = ((draft.row.id, key, value) for draft in kept for key, value in draft.tags)
    tagged = tags.put(loading.work, given)
    updated = tagged.union(row.id for row in changed).difference(row.id for row in new)
    loading.report.created[KIND] += len(new)
    loading.report.updated[KIND] += len(updated)
    loading.report.unchanged[KIND] += len(kept) - len(new) - len(updated)


def _unique(
    taken: dict[tuple[str, str], Row], keys: Keys, line: int, draft: EntityLine
) -> EntityLine:
    """Refuse an identity that another entity has (D-14)."""
    if draft.row.identity is not None:
        kind = draft.row.kind
        keys.claim(line, kind.identity or "", kind.name, draft.row.identity)
        other = taken.get((kind.name, draft.row.identity))
        if other is not None and other["id"] != draft.row.id:
            raise identity.refusal(kind, other)
    return draft
