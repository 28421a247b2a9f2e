"""Profile: an organization and its people, as they are shown."""

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts
from one_mcp.errors import NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect
from one_mcp.store.work import Work

PEOPLE_SHOWN = 100
PROPERTIES_CHARACTERS = 20_000


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


def show(work: Work) -> Profile:
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
        f"""
        SELECT id, name, role
        FROM people
        WHERE organization_id = :organization
        ORDER BY created_at, id
        {dialect.most("limit")}
        """,
        limit=PEOPLE_SHOWN,
    )
    properties, shortened = excerpts.properties(
        row["properties"], PROPERTIES_CHARACTERS, work.ontology.organization
    )
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
