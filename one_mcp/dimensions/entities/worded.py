"""Worded: who may have a text as a property that is not indexed, by the words of all they say.

Few entities have all words of a title or an address. The condition itself is still asked of them.
"""

from collections.abc import Iterator

from one_mcp import jsons
from one_mcp.dimensions.entities.selection import FEW, Members, Selection
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store import dialect, filters, fulltext, unindexed
from one_mcp.store.work import Work


def choose(work: Work, selection: Selection, where: JsonObject) -> None:
    """Narrow a selection to those with the words of a text that a property has to equal."""
    texts = list(_texts(work, where))
    if not texts or unindexed.waiting(work, fulltext.ENTITIES):
        return
    for text in texts:
        words = fulltext.words(work, text)
        if words is None:
            continue
        found = fulltext.newest(work, fulltext.ENTITIES, words.every, FEW + 1)
        if len(found) <= FEW:
            rows = selection.bind(jsons.dumps(found))[1:]
            ids = (
                f"SELECT seq FROM entities"
                f" WHERE {dialect.unindexed('organization_id')} = :organization"
                f" AND seq {dialect.any_of(rows)}"
            )
            selection.sets.append(Members(ids, "TRUE", f"SELECT {len(found)}", key="seq"))


def _texts(work: Work, where: JsonObject) -> Iterator[str]:
    """List what properties have to equal that is nothing but a text, and no number or time."""
    for name, wanted in where.items():
        text: JsonValue = wanted.get("eq") if isinstance(wanted, dict) else wanted
        plain = isinstance(text, str) and filters.number_of(text) is None
        if plain and name not in work.ontology.indexed:
            yield str(text)
