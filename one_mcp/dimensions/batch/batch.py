"""Batch: a list of operations as one change, with local names for what is made on the way."""

from one_mcp import jsons
from one_mcp.answers import Written
from one_mcp.dimensions import excerpts
from one_mcp.dimensions.batch import correcting
from one_mcp.dimensions.batch.local import Done, Names
from one_mcp.dimensions.batch.operations import (
    ArchiveEntity,
    ConnectEntities,
    CreateEntity,
    DisconnectEntities,
    Operation,
    RecordEvent,
    RestoreEntity,
    TagEntity,
    UpdateEntity,
    UpdateOrganization,
)
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.connections.validity import Bounds
from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.events import event
from one_mcp.dimensions.organizations import settings as organization
from one_mcp.errors import InvalidArgumentError, OneError
from one_mcp.ontology import check
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.store import pages
from one_mcp.store.work import Work


class Applied(Written):
    """`ids` says which id each local name got; `more` counts the results that are not shown.

    In a dry run nothing was written: what is new has no id, and is called by its local name.
    """

    dry_run: bool | None = None
    ids: dict[str, str] | None = None
    done: list[Done]
    more: int | None = None


def apply(work: Work, operations: list[Operation], *, dry_run: bool = False) -> Applied:
    """Carry out all operations in their order, or none of them.

    Raises what the operation at fault raises, with its place in front: `operations[3]: …`. Ids that
    are taken back with the change are not shown: local names stand for them.
    """
    known = Names(_definitions(operations))
    done: list[Done] = []
    for index, operation in enumerate(operations):
        at = f"operations[{index}]"
        told = len(work.warnings)
        try:
            result = _carried_out(work, operation, known)
        except OneError as error:
            raise known.in_local_words(error.within(at, at=at)) from error
        work.warnings[told:] = [f"{at}: {sentence}" for sentence in work.warnings[told:]]
        name = operation.as_ if isinstance(operation, CreateEntity | RecordEvent) else None
        if result.new:
            known.made[result.id or ""] = name or at
        if name and result.id:
            known.ids[name] = result.id
            result = result.model_copy(update={"as_": name})
        done.append(result)
    if not dry_run:
        return _answer(done, known.ids)
    work.warnings[:] = [known.local(sentence) for sentence in work.warnings]
    local = [it.model_copy(update={"id": known.name_of(it), "as_": None}) for it in done]
    return _answer(local, {}).model_copy(update={"dry_run": True})


def _definitions(operations: list[Operation]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, operation in enumerate(operations):
        if isinstance(operation, CreateEntity | RecordEvent) and operation.as_:
            if operation.as_ in found:
                raise InvalidArgumentError(
                    f"operations[{index}].as: operations[{found[operation.as_]}] defines "
                    f"{operation.as_} already; use another name.",
                    argument=f"operations[{index}].as",
                    at=f"operations[{index}]",
                )
            found[operation.as_] = index
    return found


def _carried_out(work: Work, operation: Operation, known: Names) -> Done:
    match operation:
        case CreateEntity() | UpdateEntity():
            return _saved(work, operation, known)
        case ArchiveEntity() | RestoreEntity():
            return _turned(work, operation, known)
        case ConnectEntities() | DisconnectEntities():
            return _joined(work, operation, known)
        case RecordEvent():
            return _recorded(work, operation, known)
        case TagEntity() | UpdateOrganization():
            return _described(work, operation, known)
        case _:
            return correcting.carried_out(work, operation, known)


def _described(work: Work, operation: TagEntity | UpdateOrganization, known: Names) -> Done:
    if isinstance(operation, TagEntity):
        id = known.id(operation.id, "id")
        tagged = tags.change(work, id, operation.add, operation.remove)
        return Done(id=id, did=f"tagged {tagged.name}")
    it = operation
    settled = organization.update(
        work, name=it.name, owner=it.owner, currency=it.currency, time_zone=it.time_zone
    )
    what = ", ".join(settled.changed or ["nothing"])
    return Done(id=settled.id, did=f"updated {settled.name}: {what}")


def _saved(work: Work, operation: CreateEntity | UpdateEntity, known: Names) -> Done:
    properties = known.inside(work, operation.properties)
    if isinstance(operation, CreateEntity):
        saved = entity.create(
            work,
            operation.type,
            operation.name,
            properties,
            status=operation.status,
            with_tags=operation.tags,
        )
        return Done(id=saved.id, did=f"created {saved.type} {saved.name}", new=True)
    saved = entity.update(
        work,
        known.id(operation.id, "id"),
        properties,
        name=operation.name,
        status=operation.status,
        replace=operation.replace,
        expected_version=operation.expected_version,
        adjust=_adjustment(work, operation, known),
    )
    what = ", ".join(saved.changed or ["nothing"])
    return Done(id=saved.id, did=f"updated {saved.name}: {what}", now=saved.now)


def _turned(work: Work, operation: ArchiveEntity | RestoreEntity, known: Names) -> Done:
    id = known.id(operation.id, "id")
    if isinstance(operation, ArchiveEntity):
        name = archive.archive(work, id, operation.expected_version).name
        return Done(id=id, did=f"archived {name}")
    return Done(id=id, did=f"restored {archive.restore(work, id).name}")


def _joined(work: Work, operation: ConnectEntities | DisconnectEntities, known: Names) -> Done:
    start, end = known.id(operation.from_, "from"), known.id(operation.to, "to")
    if isinstance(operation, ConnectEntities):
        metadata = known.inside(work, operation.metadata)
        adjust = _adjustment(work, operation, known)
        made = connection.connect(
            work,
            start,
            operation.type,
            end,
            metadata,
            valid=Bounds(operation.valid_from, operation.valid_until),
            expected_version=operation.expected_version,
            adjust=adjust,
        )
        kind = check.relationship_type(work.ontology, operation.type)
        now = excerpts.adjusted(kind.metadata, made.metadata or {}, adjust)
        return Done(id=made.id, did=made.sentence, now=now, new=made.created)
    cut = connection.disconnect(work, start, operation.type, end)
    return Done(id=cut.id, did=f"removed: {cut.sentence}")


def _adjustment(work: Work, operation: UpdateEntity | ConnectEntities, known: Names) -> Adjustment:
    return Adjustment(
        operation.increment,
        known.inside(work, operation.append),
        known.inside(work, operation.remove),
    )


def _recorded(work: Work, operation: RecordEvent, known: Names) -> Done:
    target = known.maybe(operation.target, "target")
    recorded = event.record(
        work,
        operation.type,
        target,
        actor=known.maybe(operation.actor, "actor"),
        metadata=known.inside(work, operation.metadata),
        at=operation.at,
    )
    return Done(id=recorded.id, did=f"recorded {recorded.type}", new=True)


def _answer(done: list[Done], ids: dict[str, str]) -> Applied:
    """Keep the ids of all local names, and as many results as there is room for."""
    room = pages.CHARACTERS["concise"] - len(jsons.dumps(ids))
    shown: list[Done] = []
    for result in done:
        room -= len(result.model_dump_json(by_alias=True, exclude_none=True))
        if room < 0:
            break
        shown.append(result)
    return Applied(ids=ids or None, done=shown, more=len(done) - len(shown) or None)
