"""Organizations: every row belongs to exactly one."""

from one_mcp.store.sqlite.connection import Raw, begin, rollback

LOCAL = "org_local"
LOCAL_OWNER = "per_local"


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
