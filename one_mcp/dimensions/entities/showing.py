"""Showing: one thing by its id, whichever dimension it belongs to."""

from collections.abc import Collection

from one_mcp import clock, ids
from one_mcp.dimensions.connections import validity
from one_mcp.dimensions.entities import details, non_entities
from one_mcp.dimensions.entities.details import Include, Portrait
from one_mcp.dimensions.entities.non_entities import Shown
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.store.pages import Detail
from one_mcp.store.work import Work


def show(
    work: Work,
    id: str,
    include: Collection[Include] | None = None,
    *,
    relationships: Collection[str] | None = None,
    as_of: int | str | None = None,
    detail: Detail = "concise",
) -> Portrait:
    """Show an entity as `portrait` does, a connection or an event.

    Raises NotFoundError, ArchivedError, InvalidArgumentError for what cannot be asked of it.
    """
    kind = id[:3]
    if kind not in (ids.CONNECTION, ids.EVENT):
        return details.portrait(
            work, id, include, relationships=relationships, as_of=as_of, detail=detail
        )
    if relationships is not None or {*(include or ())} - {"archived"}:
        raise InvalidArgumentError(
            "Only an entity has tags, neighbours, events and numbers to include; leave include and "
            "relationships out.",
            argument="include",
        )
    at = moments.read(work, as_of, "as_of")
    hidden = "archived" in (include or ())
    shown = (
        non_entities.event(work, id, at)
        if kind == ids.EVENT
        else non_entities.connection(work, id, at, hidden=hidden)
    )
    return _portrait(shown, at, work.now if at is None else at)


def _portrait(it: Shown, at: int | None, now: int) -> Portrait:
    return Portrait(
        id=it.id,
        type=it.type,
        name=it.name,
        status=it.status,
        from_=it.ends.get("from"),
        to=it.ends.get("to"),
        actor=it.ends.get("actor"),
        target=it.ends.get("target"),
        metadata=it.metadata,
        **validity.told(it.span, now),
        shortened=it.shortened and [f"metadata.{name}" for name in it.shortened],
        at=it.at,
        retracted=it.retracted,
        reason=it.reason,
        replaced_by=it.replaced_by,
        external_id=it.external_id,
        created=clock.to_text(it.created),
        updated=clock.to_text(it.updated),
        version=it.version,
        as_of=None if at is None else clock.to_text(at),
    )
