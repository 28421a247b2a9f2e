"""Converting: an entity becomes one of another type; its id, history and events stay (D-60)."""

from one_mcp import jsons
from one_mcp.answers import few
from one_mcp.dimensions import lookup
from one_mcp.dimensions.batch import becoming
from one_mcp.dimensions.entities import identity, rows
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.entities.rows import EntityRow
from one_mcp.dimensions.events import event, retracted
from one_mcp.dimensions.organizations import currencies
from one_mcp.errors import DuplicateError, InvalidArgumentError, WrongDirectionError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import automatic, check, names
from one_mcp.ontology.automatic import Occasion
from one_mcp.ontology.model import Moment
from one_mcp.store import sight
from one_mcp.store.work import Row, Work

MOST_WARNINGS = 5


class Converted(Saved):
    """`sentence` says what became of each property."""

    sentence: str


def convert(
    work: Work,
    id: str,
    type: str,
    mapping: JsonObject | None = None,
    properties: JsonObject | None = None,
) -> Converted:
    """Give an entity another type.

    `mapping` says what properties are called there, and null which go; all others keep their names,
    and those that the type does not declare are kept, too. `properties` are merged into that. What
    connections are unusual for the new type is said. Raises InvalidPropertyError, DuplicateError.
    """
    before = lookup.live(work, id, follow=True)
    kind = check.entity_type(work.ontology, type)
    if kind.name == before["type"]:
        raise InvalidArgumentError(
            f"{before['id']} is {names.a(kind.name)} already.", argument="type"
        )
    old, mapping = jsons.load_object(before["properties"]), mapping or {}
    mapped = _mapped(old, mapping)
    given = check.properties(kind, properties or {}, patch=True)
    merged = jsons.merged(mapped, given.values)
    checked = check.properties(kind, merged, stored=True)
    values = automatic.begun(kind, before["name"], merged | given.values, checked.values)
    after = EntityRow(kind, before["id"], before["name"], before["status"], values)
    for other in identity.taken(work, [(kind, after.identity)]).values():
        raise identity.refusal(kind, other)
    _refuse_taken(work, before, kind.name)
    rows.retype(work, after)
    currencies.warn(work, given)
    event.expect(work, _occasion(work, after, before["type"]))
    work.touch(before["type"], kind.name)
    _advise(work, before["id"], kind.name)
    became = becoming.told(kind, old, mapping, given.values, values)
    return Converted(
        id=before["id"],
        type=kind.name,
        name=before["name"],
        status=before["status"],
        version=work.change,
        extra=few(checked.extra),
        sentence=f"converted {before['name']} to {kind.name}: {became}",
    )


def _occasion(work: Work, after: EntityRow, was: str) -> Occasion:
    """Tell what happened: the first event of the new type, if that has one of its own, or a change.

    A lead that becomes an audience_member has joined; a company that was a contact is no new one.
    """
    kind = after.kind
    first = automatic.is_own(work.ontology, kind) and not _has_event(work, after)
    moment: Moment = "created" if first else "updated"
    return Occasion(kind, moment, after.id, after.properties, ["type"], was)


def _has_event(work: Work, after: EntityRow) -> bool:
    return bool(
        work.value(
            f"""
            SELECT EXISTS (
                SELECT 1
                FROM events
                WHERE organization_id = :organization
                  AND target_id = :id
                  AND type = :type
                  AND {retracted.LIVE}
            )
            """,
            id=after.id,
            type=after.kind.on_create,
        )
    )


def _mapped(old: JsonObject, mapping: JsonObject) -> JsonObject:
    if strange := [name for name in mapping if name not in old]:
        raise InvalidArgumentError(
            f"mapping names properties that are not there: {', '.join(strange[:5])}; there are "
            f"{', '.join(old) or 'none'}.",
            argument="mapping",
        )
    new: dict[str, JsonValue] = {}
    for name, value in old.items():
        target = mapping.get(name, name)
        if target is None:
            continue
        if not isinstance(target, str) or target in new:
            raise InvalidArgumentError(
                f"mapping gives {name} the name of one other property, or null.", argument="mapping"
            )
        new[target] = value
    return new


def _refuse_taken(work: Work, before: Row, type: str) -> None:
    other = before["external_id"] and work.value(
        """
        SELECT id
        FROM entities
        WHERE organization_id = :organization
          AND external_id = :external_id
          AND type = :type
        """,
        external_id=before["external_id"],
        type=type,
    )
    if other:
        raise DuplicateError(
            f"{other} is {names.a(type)} with the same external_id already.",
            field="external_id",
            id=other,
        )


def _advise(work: Work, id: str, type: str) -> None:
    """Warn of connections that are unusual for the new type."""
    said: dict[str, None] = {}
    for near, far in (("from_id", "to_id"), ("to_id", "from_id")):
        for row in work.all(
            f"""
            SELECT DISTINCT connections.type, entities.type AS other
            FROM connections
            JOIN entities
              ON entities.organization_id = :organization
             AND entities.id = connections.{far}
            WHERE connections.organization_id = :organization
              AND connections.{near} = :id
              AND {sight.visible("connections")}
            ORDER BY 1, 2
            """,
            id=id,
        ):
            ends = (type, row["other"]) if near == "from_id" else (row["other"], type)
            said |= dict.fromkeys(_advice(work, ends[0], row["type"], ends[1]))
    for advice in list(said)[:MOST_WARNINGS]:
        work.warn(advice)


def _advice(work: Work, from_type: str, relationship: str, to_type: str) -> list[str]:
    if relationship not in work.ontology.relationship_types:
        return []
    try:
        advice = check.endpoints(work.ontology, from_type, relationship, to_type)
    except WrongDirectionError as turned:
        advice = str(turned)
    return [advice] if advice else []
