"""Chronicle: an organization's history, chosen by when, by whom and with which tool."""

from one_mcp.dimensions.changes import history
from one_mcp.dimensions.changes.choice import Choice
from one_mcp.dimensions.changes.history import History
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.store import dialect
from one_mcp.store.work import Work


def tell(
    work: Work,
    id: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
    *,
    since: int | str | None = None,
    until: int | str | None = None,
    by: str | None = None,
    tool: str | None = None,
) -> History:
    """Tell a history; `by` is a person's id, name or e-mail.

    Raises InvalidArgumentError for a person who is not there, else as `history` does.
    """
    return history.history(work, id, limit, cursor, _choice(work, since, until, by, tool))


def _choice(
    work: Work,
    since: int | str | None,
    until: int | str | None,
    by: str | None,
    tool: str | None,
) -> Choice:
    begin, end = moments.span(work, since, until)
    given: dict[str, object] = {
        "since": begin,
        "until": end,
        "people": None if by is None else _people(work, by),
        "tool": tool,
    }
    tests = {
        "since": "change_log.at >= :since",
        "until": "change_log.at < :until",
        "people": f"change_log.person_id {dialect.any_of('people')}",
        "tool": "change_log.tool = :tool",
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    return Choice([tests[name] for name in parameters], parameters)


def _people(work: Work, by: str) -> list[str]:
    """Find a person by id, name or e-mail, whatever their case."""
    rows = work.all(
        """
        SELECT id, name, email
        FROM people
        WHERE organization_id = :organization
        ORDER BY created_at, id
        """
    )
    wanted = by.strip().casefold()
    found = [
        row["id"]
        for row in rows
        if wanted in {str(row[column]).casefold() for column in ("id", "name", "email")}
    ]
    if not found:
        known = ", ".join(row["name"][:80] for row in rows[:5])
        raise InvalidArgumentError(
            f"by takes the id, name or e-mail of a person here, such as {known}.", argument="by"
        )
    return found
