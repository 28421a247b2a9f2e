"""People: those who belong to an organization; no two of them share an e-mail address."""

from one_mcp.errors import DuplicateError, shown
from one_mcp.store.work import Row, Work


def find(work: Work, id: str) -> Row | None:
    """Return a person's row, without its version."""
    return work.one(
        """
        SELECT id, name, email, role, properties, created_at, updated_at
        FROM people
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )


def refuse_taken(work: Work, id: str, email: str | None) -> None:
    """Raise DuplicateError where somebody else has an e-mail address."""
    other = work.one(
        """
        SELECT id, name
        FROM people
        WHERE organization_id = :organization
          AND lower(email) = lower(:email)
          AND id <> :id
        """,
        email=email,
        id=id,
    )
    if other is not None:
        raise DuplicateError(
            f"{other['id']} ({shown(other['name'])}) has this email.", field="email", id=other["id"]
        )


def write(work: Work, person: dict[str, object]) -> None:
    """Write a person, new or changed, of the columns that `find` returns."""
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
        **person,
        change=work.change,
    )
