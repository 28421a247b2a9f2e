"""Names: the entities that bear one, whatever its case and whether ß is written as ss."""

from unicodedata import normalize

from one_mcp import jsons
from one_mcp.dimensions.entities.selection import FEW, Members, Selection
from one_mcp.store import dialect, fulltext
from one_mcp.store.work import Work


def choose(work: Work, selection: Selection, name: str | None) -> None:
    """Narrow a selection to those who bear a name, if one is given."""
    if name is not None:
        selection.sets.append(_members(work, selection, name))


def _members(work: Work, selection: Selection, name: str) -> Members:
    """Choose by the whole name.

    The index of names knows the case of ASCII only; other spellings are looked for among the
    newest entities with the same words in their name.
    """
    bound = selection.bind(name.strip())
    others = selection.bind(jsons.dumps(_spelled_otherwise(work, name)))
    alike = f"lower(entities.name) = lower({bound})"
    other = f"entities.seq {dialect.any_of(others.removeprefix(':'))}"
    hidden = "NOT NULL" if selection.archived else "NULL"
    ids = (
        f"SELECT id FROM entities WHERE organization_id = :organization"
        f" AND deleted_at IS {hidden} AND {alike} UNION"
        f" SELECT id FROM entities WHERE {dialect.unindexed('organization_id')} = :organization"
        f" AND deleted_at IS {hidden} AND {other}"
    )
    return Members(
        ids=ids,
        test=f"({alike} OR {other})",
        count=(
            "SELECT count(*)"
            f" FROM (SELECT id FROM ({ids}) AS same{dialect.most('bound')}) AS counted"
        ),
    )


def _spelled_otherwise(work: Work, name: str) -> list[int]:
    words = fulltext.words(work, name)
    if words is None:
        return []
    rows = work.all(
        f"""
        SELECT seq, name
        FROM entities
        WHERE {dialect.unindexed("organization_id")} = :organization
          AND seq {dialect.any_of("seqs")}
        """,
        seqs=fulltext.newest(work, fulltext.ENTITIES, words.tiers[0], FEW),
    )
    wanted = folded(name)
    return [row["seq"] for row in rows if folded(row["name"]) == wanted]


def bearers(work: Work, name: str) -> list[int]:
    """List the newest live entities of a name, whatever the case of its ASCII letters."""
    rows = work.all(
        f"""
        SELECT seq
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          AND lower(name) = lower(:name)
        ORDER BY seq DESC
        {dialect.most("most")}
        """,
        name=name.strip(),
        most=FEW,
    )
    return [row["seq"] for row in rows]


def folded(name: str) -> str:
    """Write a name as it is compared: without regard to case, ß as ss."""
    return normalize("NFC", normalize("NFC", name).casefold()).strip()
