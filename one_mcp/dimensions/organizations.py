"""Organizations: every row belongs to exactly one."""

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts
from one_mcp.errors import NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store.sqlite.connection import Raw, begin, rollback
from one_mcp.store.work import Work

LOCAL = "org_local"
LOCAL_OWNER = "per_local"
PEOPLE_SHOWN = 100
PROPERTIES_CHARACTERS = 20_000


def known(raw: Raw) -> list[str]:
    """List the organizations of a file, for those who look after the file as a whole."""
    query = "SELECT organization_id FROM organizations ORDER BY organization_id"
    return [row[0] for row in raw.execute(query)]


def founded(raw: Raw) -> bool:
    """Tell whether the file has its first organization."""
    query = "SELECT 1 FROM organizations WHERE organization_id = :organization"
    return raw.execute(query, {"organization": LOCAL}).fetchone() is not None


def found(raw: Raw, now: int) -> None:
    """Create the local organization and its owner, so that a first start needs no set-up."""
    if founded(raw):
        return
    begin(raw)
    try:
        if not founded(raw):
            _insert(raw, now)
        raw.execute("COMMIT")
    except BaseException:
        rollback(raw)
        raise


def _insert(raw: Raw, now: int) -> None:
    row = {"organization": LOCAL, "owner": LOCAL_OWNER, "now": now}
    number = raw.execute(
        """
        INSERT INTO changes (organization_id, person_id, tool, reason, at)
        VALUES (:organization, :owner, 'serve', 'first start', :now)
        RETURNING number
        """,
        row,
    ).fetchone()[0]
    raw.execute(
        """
        INSERT INTO organizations (organization_id, name, created_at, updated_at, version)
        VALUES (:organization, 'My organization', :now, :now, :number)
        """,
        {**row, "number": number},
    )
    raw.execute(
        """
        INSERT INTO people
            (organization_id, id, name, role, created_at, updated_at, version)
        VALUES (:organization, :owner, 'Owner', 'org_owner', :now, :now, :number)
        """,
        {**row, "number": number},
    )


class Person(Answer):
    id: str
    name: str
    role: str


class Profile(Answer):
    """An organization and its people; `more_people` counts those beyond the first hundred.

    `shortened` names properties that are cut.
    """

    id: str
    name: str
    status: str
    plan: str
    properties: JsonObject | None = None
    shortened: list[str] | None = None
    created: str
    people: list[Person]
    more_people: int | None = None


def profile(work: Work) -> Profile:
    """Show the caller's organization."""
    row = work.one(
        """
        SELECT organization_id AS id, name, status, plan, properties, created_at
        FROM organizations
        WHERE organization_id = :organization
        """
    )
    if row is None:
        raise NotFoundError("Your organization is gone from this file.")
    people = work.all(
        """
        SELECT id, name, role
        FROM people
        WHERE organization_id = :organization
        ORDER BY created_at, id
        LIMIT :limit
        """,
        limit=PEOPLE_SHOWN,
    )
    properties, shortened = excerpts.properties(row["properties"], PROPERTIES_CHARACTERS)
    count = work.value("SELECT count(*) FROM people WHERE organization_id = :organization")
    return Profile(
        id=row["id"],
        name=row["name"],
        status=row["status"],
        plan=row["plan"],
        properties=properties or None,
        shortened=shortened,
        created=clock.to_text(row["created_at"]),
        people=[Person(id=one["id"], name=one["name"], role=one["role"]) for one in people],
        more_people=count - len(people) or None,
    )
