"""Founding: the organizations of a file, and the first of them; every row belongs to one."""

from one_mcp.dimensions.changes import log
from one_mcp.store import heads
from one_mcp.store.ports import Raw
from one_mcp.store.work import Work

LOCAL = "org_local"
LOCAL_OWNER = "per_local"


def known(raw: Raw) -> list[str]:
    """List the organizations of a file, for those who look after the file as a whole."""
    query = "SELECT organization_id FROM organizations ORDER BY organization_id"
    return [row[0] for row in raw.execute(query)]


def founded(work: Work) -> bool:
    """Tell whether the caller's organization is there."""
    query = "SELECT 1 FROM organizations WHERE organization_id = :organization"
    return work.one(query) is not None


def found(work: Work) -> None:
    """Create the caller's organization and its owner, so that a first start needs no set-up."""
    heads.take(work)
    work.run(
        """
        INSERT INTO organizations (organization_id, name, created_at, updated_at, version)
        VALUES (:organization, 'My organization', :now, :now, :change)
        """,
        now=work.now,
        change=work.change,
    )
    work.run(
        """
        INSERT INTO people
            (organization_id, id, name, role, created_at, updated_at, version)
        VALUES (:organization, :owner, 'Owner', 'org_owner', :now, :now, :change)
        """,
        owner=work.principal.person,
        now=work.now,
        change=work.change,
    )
    log.close_change(work, "serve", "first start")
