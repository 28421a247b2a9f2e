"""Bring a file to the schema of this version: numbered files, forward only."""

from importlib import resources

from one_mcp.errors import NewerDatabaseError, NotADatabaseError
from one_mcp.store.sqlite import triggers, values, words
from one_mcp.store.sqlite.connection import Raw, begin, rollback
from one_mcp.store.sqlite.driver import driver

APPLICATION_ID = 0x4F4E4531  # "ONE1", in the file's header: https://sqlite.org/fileformat.html
FOLDER = "migrations"


def files() -> list[tuple[int, str]]:
    """List all migrations as (number, SQL), in their order."""
    folder = resources.files("one_mcp.store.sqlite") / FOLDER
    named = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text("utf-8")) for name in named]


def newest() -> int:
    """Return the schema version that this program writes."""
    return files()[-1][0]


def statements(script: str) -> list[str]:
    """Cut a script where statements end; a trigger's inner semicolons do not count."""
    found: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if pending.strip() and driver.complete_statement(pending):
            found.append(pending.strip())
            pending = ""
    return found


def version(raw: Raw) -> int:
    """Read the schema version that the file says it has; 0 for an empty file."""
    return raw.execute("PRAGMA user_version").fetchone()[0]


def migrate(raw: Raw, path: str) -> int:
    """Run the migrations that the file does not have yet, in one transaction.

    A second process that starts meanwhile waits for the lock, then finds nothing left to do.
    Raises NotADatabaseError for another program's file, NewerDatabaseError for a newer version's.
    """
    check(raw, path)
    known = files()
    if version(raw) == known[-1][0]:
        return known[-1][0]
    begin(raw)
    try:
        have = version(raw)
        for number, script in known:
            if number > have:
                triggers.drop(raw)  # no migration is a change
                for statement in statements(script):
                    raw.execute(statement)
        triggers.write(raw)
        words.write(raw)
        values.write(raw)
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version = {known[-1][0]}")
        raw.execute("COMMIT")
    except BaseException:
        rollback(raw)
        raise
    return known[-1][0]


def check(raw: Raw, path: str) -> None:
    """Refuse a file of another program or of a newer version before anything is written to it."""
    application = raw.execute("PRAGMA application_id").fetchone()[0]
    empty = raw.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if application != APPLICATION_ID and not empty:
        raise NotADatabaseError(
            f"{path} is a SQLite database of another program; "
            "set ONE_MCP_DATABASE to a path of its own.",
        )
    if version(raw) > newest():
        raise NewerDatabaseError(
            f"{path} was written by a newer one_mcp (schema {version(raw)}, this one knows "
            f"{newest()}); upgrade one-mcp, or open another file.",
            schema=version(raw),
            known=newest(),
        )
