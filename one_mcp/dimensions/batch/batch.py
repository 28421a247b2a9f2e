"""Batch: a list of operations as one change, with local names for what is made on the way."""

from dataclasses import dataclass, field

from pydantic import Field

from one_mcp import jsons
from one_mcp.answers import Answer, Written
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
from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.events import event
from one_mcp.dimensions.organizations import settings as organization
from one_mcp.errors import InvalidArgumentError, OneError, shown
from one_mcp.jsons import Json, JsonObject
from one_mcp.ontology import names
from one_mcp.store import pages
from one_mcp.store.work import Work


class Done(Answer):
    """What one operation did."""

    id: str
    did: str
    as_: str | None = Field(default=None, alias="as")


class Applied(Written):
    """`ids` says which id each local name got; `more` counts the results that are not shown.

    In a dry run nothing was written, and the ids of new rows are not real.
    """

    dry_run: bool | None = None
    ids: dict[str, str] | None = None
    done: list[Done]
    more: int | None = None


@dataclass(slots=True)
class Names:
    """Local names, defined by the operations so far. `later` says where the others come from."""

    later: dict[str, int]
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def id(self, text: str, argument: str) -> str:
        """Return the id that a local name stands for; ids are what they are.

        Raises InvalidArgumentError for a name that no earlier operation defines.
        """
        if not text.startswith("$"):
            return text
        if text not in self.ids:
            raise InvalidArgumentError(
                f"{argument}: no operation before this one defines {shown(text)}{self._hint(text)}",
                argument=argument,
            )
        return self.ids[text]

    def maybe(self, text: str | None, argument: str) -> str | None:
        return None if text is None else self.id(text, argument)

    def inside(self, work: Work, value: JsonObject | None) -> JsonObject | None:
        """Put ids where properties or metadata hold a local name and nothing else.

        A text that only looks like a local name is kept, and warned of.
        """
        if value is None or "$" not in jsons.dumps(value):
            return value
        return {key: self._replaced(work, inner) for key, inner in value.items()}

    def _replaced(self, work: Work, value: Json) -> Json:
        if isinstance(value, dict):
            return {key: self._replaced(work, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._replaced(work, inner) for inner in value]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        hint = self._hint(value)
        if value not in self.ids and hint:
            work.warn(f"{shown(value)} is kept as text{hint}")
        return self.ids.get(value, value)

    def _hint(self, name: str) -> str:
        if name in self.later:
            return f"; operations[{self.later[name]}] does, so move that one up"
        near = names.near(name, tuple(self.ids))
        return f"; did you mean {near[0]}?" if near else ""


def apply(work: Work, operations: list[Operation], *, dry_run: bool = False) -> Applied:
    """Carry out all operations in their order, or none of them.

    Raises what the operation at fault raises, with its place in front: `operations[3]: …`.
    """
    known = Names(_definitions(operations))
    done: list[Done] = []
    for index, operation in enumerate(operations):
        at = f"operations[{index}]"
        told = len(work.warnings)
        try:
            result = _carried_out(work, operation, known)
        except OneError as error:
            raise error.within(at, at=at) from error
        work.warnings[told:] = [f"{at}: {sentence}" for sentence in work.warnings[told:]]
        if isinstance(operation, CreateEntity) and operation.as_:
            known.ids[operation.as_] = result.id
            result = result.model_copy(update={"as_": operation.as_})
        done.append(result)
    return _answer(done, known.ids, dry_run=dry_run)


def _definitions(operations: list[Operation]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, operation in enumerate(operations):
        if isinstance(operation, CreateEntity) and operation.as_:
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
        case TagEntity():
            id = known.id(operation.id, "id")
            tagged = tags.change(work, id, operation.add, operation.remove)
            return Done(id=id, did=f"tagged {tagged.name}")
        case UpdateOrganization() as it:
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
        return Done(id=saved.id, did=f"created {saved.type} {saved.name}")
    saved = entity.update(
        work,
        known.id(operation.id, "id"),
        properties,
        name=operation.name,
        status=operation.status,
        replace=operation.replace,
        expected_version=operation.expected_version,
    )
    what = ", ".join(saved.changed or ["nothing"])
    return Done(id=saved.id, did=f"updated {saved.name}: {what}")


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
        made = connection.connect(work, start, operation.type, end, metadata)
        return Done(id=made.id, did=made.sentence)
    cut = connection.disconnect(work, start, operation.type, end)
    return Done(id=cut.id, did=f"removed: {cut.sentence}")


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
    return Done(id=recorded.id, did=f"recorded {recorded.type}")


def _answer(done: list[Done], ids: dict[str, str], *, dry_run: bool) -> Applied:
    """Keep the ids of all local names, and as many results as there is room for."""
    room = pages.CHARACTERS["concise"] - len(jsons.dumps(ids))
    shown: list[Done] = []
    for result in done:
        room -= len(result.model_dump_json(by_alias=True, exclude_none=True))
        if room < 0:
            break
        shown.append(result)
    return Applied(
        dry_run=dry_run or None, ids=ids or None, done=shown, more=len(done) - len(shown) or None
    )
