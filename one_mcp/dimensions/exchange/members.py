"""Load the organization and its people; both need the admin permission."""

from one_mcp import jsons
from one_mcp.access import Permission, Role
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.loading import Lines, Loading
from one_mcp.errors import DuplicateError, ForbiddenError, InvalidPropertyError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import limits, shape
from one_mcp.ontology.model import Property, Term
from one_mcp.store.work import Row, Work

COLUMNS = frozenset({"name", "email", "role", "plan"})


def load_organizations(loading: Loading, lines: Lines[records.Organization]) -> None:
    """Give the caller's organization the name, plan and properties that a line says."""
    loading.sift(lines, lambda _line, record: _organization(loading, record))


def load_people(loading: Loading, lines: Lines[records.Person]) -> None:
    """Create or change people by their ids."""
    loading.sift(lines, lambda _line, record: _person(loading, record))


def _organization(loading: Loading, record: records.Organization) -> None:
    work = loading.work
    work.principal.require(Permission.ADMIN)
    _one_of(record.status, work.ontology.organization_statuses, "status")
    _one_of(record.plan, work.ontology.plans, "plan")
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
    work.touch(work.organization)
    loading.report.updated["organization"] += 1


def _person(loading: Loading, record: records.Person) -> None:
    work = loading.work
    work.principal.require(Permission.ADMIN)
    if Role.PLATFORM_OWNER in (record.role, _role(work, record.id)):
        _require_platform_owner(work)
    _unique_email(work, record)
    before = work.one(
        """
        SELECT id, name, email, role, properties, created_at, updated_at
        FROM people
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=record.id,
    )
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
    work.run(
        """
        INSERT INTO people
            (organization_id, id, name, email, role, properties, created_at, updated_at, version)
        VALUES
            (:organization, :id, :name, :email, :role, :properties, :created_at, :updated_at,
             :change)
        ON CONFLICT (organization_id, id) DO UPDATE
        SET name = excluded.name, email = excluded.email, role = excluded.role,
            properties = excluded.properties, created_at = excluded.created_at,
            updated_at = excluded.updated_at, version = excluded.version
        """,
        **after,
        change=work.change,
    )
    work.touch(record.id, work.organization)
    counts = loading.report.created if before is None else loading.report.updated
    counts["people"] += 1


def _role(work: Work, id: str) -> str | None:
    return work.value(
        """
        SELECT role
        FROM people
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )


def _require_platform_owner(work: Work) -> None:
    if work.principal.role is not Role.PLATFORM_OWNER:
        raise ForbiddenError(
            "Only a platform owner may write about a platform owner.", role=work.principal.role
        )


def _unique_email(work: Work, record: records.Person) -> None:
    other = work.one(
        """
        SELECT id, name
        FROM people
        WHERE organization_id = :organization
          AND email = :email
          AND id <> :id
        """,
        email=record.email,
        id=record.id,
    )
    if other is not None:
        raise DuplicateError(
            f"{other['id']} ({other['name']}) has this email.", field="email", id=other["id"]
        )


def _properties(declared: dict[str, Property], given: JsonObject) -> str:
    limits.storable(given, "properties")
    beside = {name: known for name, known in declared.items() if name not in COLUMNS}
    return jsons.dumps(shape.fields(beside, given, "properties", patch=True).values)


def _times(
    record: records.Organization | records.Person, before: Row | None, now: int
) -> dict[str, object]:
    """Take the line's times, or keep those that are there: they are part of what is compared."""
    return {
        name: given if given is not None else now if before is None else before[name]
        for name, given in (("created_at", record.created_at), ("updated_at", record.updated_at))
    }


def _same(before: Row | None, after: dict[str, object]) -> bool:
    return before is not None and all(before[name] == value for name, value in after.items())


def _one_of(given: str, known: dict[str, Term], field: str) -> None:
    if given not in known:
        raise InvalidPropertyError(
            f"{field}: expected one of {', '.join(known)}", field=field, expected=", ".join(known)
        )
