"""Found: whatever a query finds is edited, tagged or archived, as one change."""

from one_mcp.dimensions.batch.corrections import ChangeFound
from one_mcp.dimensions.entities import archive, entity, finding, tags
from one_mcp.errors import ConfirmationError, InvalidArgumentError
from one_mcp.store import pages
from one_mcp.store.work import Work

MOST = 10_000


def change(work: Work, asked: ChangeFound) -> str:
    """Change all entities that meet the conditions, and say what was done to how many.

    Raises ConfirmationError where there are not as many as `count` says, with the right number.
    """
    edits = asked.properties is not None or asked.set_status is not None
    tagging = bool(asked.add_tags or asked.remove_tags)
    if not (edits or tagging or asked.archive):
        raise InvalidArgumentError(
            "change_found takes properties, set_status, add_tags, remove_tags or archive.",
            argument="properties",
        )
    ids = _found(work, asked)
    if len(ids) != asked.count:
        number = f"more than {MOST:,}" if len(ids) > MOST else f"{len(ids):,}"
        raise ConfirmationError(
            f"{number} entities meet the conditions, not {asked.count:,}; "
            + (
                "narrow them: one operation changes no more than that."
                if len(ids) > MOST
                else f"look at them with find_entities, then send count: {len(ids)}."
            ),
            count=len(ids),
        )
    told = len(work.warnings)
    changed = sum(_changed(work, id, asked, edits=edits, tagging=tagging) for id in ids)
    work.warnings[told:] = dict.fromkeys(work.warnings[told:])
    did = [
        word
        for word, done in (("updated", edits), ("tagged", tagging), ("archived", asked.archive))
        if done
    ]
    return _told(" and ".join(did), changed, len(ids))


def _changed(work: Work, id: str, asked: ChangeFound, *, edits: bool, tagging: bool) -> bool:
    """Change one entity, and tell whether that made a difference."""
    made = False
    if edits:
        made = bool(entity.update(work, id, asked.properties, status=asked.set_status).changed)
    if tagging:
        made = tags.edit(work, id, asked.add_tags or [], asked.remove_tags or []) or made
    if asked.archive:
        made = archive.archive(work, id).version == work.change or made
    return made


def _told(did: str, changed: int, found: int) -> str:
    if not found:
        return "changed nothing: no entity meets the conditions"
    if not changed:
        return f"changed nothing: {found:,} entities meet the conditions, and are so already"
    if changed < found:
        return f"{did} {changed:,} of {found:,} entities; the others were so already"
    return f"{did} {found:,} entities"


def _found(work: Work, asked: ChangeFound) -> list[str]:
    """List the ids of what meets the conditions, and one more than are changed at most."""
    ids: dict[str, None] = {}
    cursor: str | None = None
    while len(ids) <= MOST:
        page = finding.find(
            work,
            asked.type,
            name=asked.name,
            text=asked.text,
            where=asked.where,
            tags=asked.tags,
            status=asked.status,
            limit=pages.MOST_ITEMS,
            cursor=cursor,
        )
        ids |= dict.fromkeys(item.id for item in page.items)
        cursor = page.cursor
        if cursor is None:
            break
    return list(ids)[: MOST + 1]
