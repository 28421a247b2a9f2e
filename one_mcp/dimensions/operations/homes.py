"""Homes: where the file lives, so that a copy of it does not go on with the money of the original.

A file that was restored or copied knows operations as they were, while the vendors have gone on. So
live operations of a file that has another place than it had are held until a person releases them.
Those that are simulated need not be: their vendors are in the file, and went back with it.
"""

from dataclasses import dataclass
from pathlib import Path

from one_mcp import jsons
from one_mcp.money_errors import HeldError
from one_mcp.store.ports import Raw, Row
from one_mcp.store.work import Work


@dataclass(frozen=True, slots=True)
class Home:
    """The place of a file.

    A file that is moved keeps its number, one that is mounted elsewhere its number and its path;
    a copy has another number.
    """

    path: str
    device: str
    number: str

    def is_same(self, other: "Home") -> bool:
        return self.number == other.number and (
            self.path == other.path or self.device == other.device
        )


def of(path: Path) -> Home:
    """Look where a file is."""
    found = path.stat()
    return Home(str(path.resolve()), str(found.st_dev), str(found.st_ino))


def is_settled(raw: Raw, here: Home) -> bool:
    """Tell whether the file knows its place."""
    known = _known(raw)
    return known is not None and _home(known) == here


def settle(raw: Raw, here: Home, now: int) -> None:
    """Let the file know its place; where that is another one than before, its money is held."""
    known = _known(raw)
    has_moved = known is not None and not _home(known).is_same(here)
    held = now if has_moved and _has_live(raw) else None
    if held is not None:
        raw.execute(
            """
            UPDATE operations
            SET was = state, state = 'held', fence = fence + 1, leased_until = 0
            WHERE state IN ('running', 'undoing')
              AND simulated = 0
            """
        )
        # the original may have sent them meanwhile
        raw.execute(
            """
            UPDATE mails
            SET doubted_at = coalesce(doubted_at, created_at)
            WHERE state = 'queued'
              AND simulated = 0
            """
        )
    raw.execute(
        """
        INSERT INTO homes (name, place, held_since)
        VALUES ('file', :place, :held)
        ON CONFLICT (name) DO UPDATE
        SET place = excluded.place, held_since = coalesce(homes.held_since, excluded.held_since)
        """,
        {"place": jsons.dumps([here.path, here.device, here.number]), "held": held},
    )


def held_since(work: Work) -> int | None:
    """Say since when money is held here, if it is."""
    known = _known(work.raw)
    return None if known is None else known["held_since"]


def require_free(work: Work) -> None:
    """Raise HeldError where money is held."""
    if held_since(work) is not None:
        raise HeldError(
            "This database was restored or copied, so no money moves from it until a person has "
            "compared it with the vendors and released it: `one-mcp reconcile`, then "
            "`one-mcp operations release`."
        )


def release(work: Work) -> list[str]:
    """Let money move again, and send what was held on its way; return what that is."""
    work.run("UPDATE homes SET held_since = NULL WHERE name = 'file'")
    rows = work.all(
        """
        UPDATE operations
        SET state = coalesce(was, 'running'), was = NULL, due_at = :clock, updated_at = :now
        WHERE organization_id = :organization
          AND state = 'held'
        RETURNING id
        """,
        clock=work.clock,
        now=work.now,
    )
    released = sorted(row["id"] for row in rows)
    work.touch(*released)
    return released


def _known(raw: Raw) -> Row | None:
    return raw.execute("SELECT place, held_since FROM homes WHERE name = 'file'").fetchone()


def _home(known: Row) -> Home:
    found = jsons.loads(known["place"])
    return Home(*(str(it) for it in found)) if isinstance(found, list) else Home("", "", "")


def _has_live(raw: Raw) -> bool:
    found = raw.execute("SELECT EXISTS (SELECT 1 FROM operations WHERE simulated = 0)").fetchone()
    return bool(found[0])
