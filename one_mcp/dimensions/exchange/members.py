"""Load the organization and its people; both need the admin permission."""

from one_mcp import jsons
from one_mcp.access import Permission, Role
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.context import Lines, Loading
from one_mcp.dimensions.organizations import people, settings
from one_mcp.errors import ForbiddenError, InvalidPropertyError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import limits, shape
from one_mcp.ontology.model import Property, Term
from one_mcp.store.work import Row, Work

COLUMNS = frozenset({"name", "email", "role", "plan"})


def load_organizations(loading: Loading, lines: Lines[records.OrganizationRecord]) -> None:
    """Give the caller's organization the name, plan and properties that a line says."""
    loading.sift(lines, lambda _line, record: _organization(loading, record))


def load_people(loading: Loading, lines: Lines[records.PersonRecord]) -> None:
    """Create or change people by their ids."""
    loading.sift(lines, lambda _line, record: _person(loading, record))


def _organization(loading: Loading, record: records.OrganizationRecord) -> None:
    work = loading.work
    work.principal.require(Permission.ADMIN)
    _one_of(record.status, work.ontology.organization_statuses, "status")
    _one_of(record.plan, work.ontology.plans, "plan")
    settings.check(record.properties)
    before = work.one(
        """
        SELECT name, status, plan, properties, created_at, updated_at
        FROM organizations
        WHERE organization_id = :organization
        """
    )
    after: dict[str, object] = {
        "name": record.name,
        "status": record.status,
        "plan": record.plan,
        "properties": _properties(work.ontology.organization, record.properties),
        **_times(record, before, work.now),
    }
    if _same(before, after):
        loading.report.unchanged["organization"] += 1
        return
    after["updated_at"] = work.now if record.updated_at is None else record.updated_at
    work.run(
        """
        UPDATE organizations
        SET name = :name, status = :status, plan = :plan, properties = :properties,
            created_at = :created_at, updated_at = :updated_at, version = :change
        WHERE organization_id = :organization
        """,
        **after,
        change=work.change,
    )
    loading.report.updated["organization"] += 1


def _person(loading: Loading, record: records.PersonRecord) -> None:
    work = loading.work
    work.principal.require(Permission.ADMIN)
    before = people.find(work, record.id)
    if Role.PLATFORM_OWNER in (record.role, before and before["role"]):
        _require_platform_owner(work)
    people.refuse_taken(work, record.id, record.email)
    after: dict[str, object] = {
        "id": record.id,
        "name": record.name,
        "email": record.email,
        "role": record.role.value,
        "properties": _properties(work.ontology.person, record.properties),
        **_times(record, before, work.now),
    }
    if _same(before, after):
        loading.report.unchanged["people"] += 1
        return
    after["updated_at"] = work.now if record.updated_at is None else record.updated_at
    people.write(work, after)
    counts = loading.report.created if before is None else loading.report.updated
    counts["people"] += 1


def _require_platform_owner(work: Work) -> None:
    if work.principal.role is not Role.PLATFORM_OWNER:
        raise ForbiddenError(
            "Only a platform owner may write about a platform owner.", role=work.principal.role
        )


def _properties(declared: dict[str, Property], given: JsonObject) -> str:
    limits.storable(given, "properties")
    beside = {name: known for name, known in declared.items() if name not in COLUMNS}
    return jsons.dumps(shape.fields(beside, given, "properties", patch=True).values)


def _times(
    record: records.OrganizationRecord | records.PersonRecord, before: Row | None, now: int
) -> dict[str, object]:
    """Take the line's times, or keep those that are there: they are part of what is compared."""
    return {
        name: given if given is not None else now if before is None else before[name]
        for name, given in (("created_at", record.created_at), ("updated_at", record.updated_at))
    }


def _same(before: Row | None, after: dict[str, object]) -> bool:
    """Whether a line says what is there; the order in which properties stand says nothing."""
    if before is None or any(
        before[name] != value for name, value in after.items() if name != "properties"
    ):
        return False
    given = jsons.load_object(str(after["properties"]))
    return jsons.same(given, jsons.load_object(before["properties"]))


def _one_of(given: str, known: dict[str, Term], field: str) -> None:
    if given not in known:
        raise InvalidPropertyError(
            f"{field}: expected one of {', '.join(known)}", field=field, expected=", ".join(known)
        )
