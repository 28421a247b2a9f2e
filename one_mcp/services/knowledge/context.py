"""Context: what an answer to a question can stand on, in one text with numbered sources."""

from collections.abc import Iterable, Sequence

from one_mcp.answers import Answer
from one_mcp.dimensions.knowledge import facts
from one_mcp.dimensions.knowledge.hits import Hit
from one_mcp.dimensions.knowledge.scopes import Scope
from one_mcp.dimensions.knowledge.search import Wish
from one_mcp.services.knowledge import recall
from one_mcp.services.knowledge.recall import Found, Mode
from one_mcp.session import Session
from one_mcp.store.work import Work

CHARACTERS_A_TOKEN = 4
PASSAGES = 0.7  # of the budget; connections and events have the rest
A_PASSAGE = 900  # characters, roughly
MOST_PASSAGES = 40
MOST_ENTITIES = 8


class Source(Answer):
    """What a number in the context stands for: text[start:stop] of a document."""

    ref: int
    id: str
    title: str
    start: int
    stop: int
    entities: list[str] | None = None
    source: str | None = None


class Context(Answer):
    """Passages under numbers, then connections and events of the entities that they tell of.

    `tokens` estimates the size of `context`. Cite a passage by its number, or by its source.
    """

    mode: Mode
    reason: str | None = None
    context: str
    sources: list[Source]
    tokens: int
    waiting: int | None = None
    note: str


async def gather(one: Session, question: str, scope: Scope, tokens: int) -> Context:
    """Gather the best passages for a question, their entities, connections and recent events."""
    room = tokens * CHARACTERS_A_TOKEN
    characters = int(room * PASSAGES)
    limit = max(1, min(characters // A_PASSAGE, MOST_PASSAGES))
    wish = Wish(question, scope, limit=limit, characters=characters)
    found = await recall.find(one, wish)
    passages, sources = _passages(found.hits, characters)
    named = _named(found)

    def around(work: Work) -> tuple[list[str], list[str]]:
        left = room - sum(map(len, passages))
        edges = _fitting(facts.edges(work, named), left * 2 // 3)
        left -= sum(map(len, edges))
        return edges, _fitting(facts.events(work, named), left)

    edges, events = await one.read(around)
    parts = [
        *passages,
        *_section("Entities", _fitting((f"{name} ({id})" for id, name in named), room // 10)),
        *_section("Connections", edges),
        *_section("Events", events),
    ]
    text = "\n".join(parts) or "Nothing is known about this."
    return Context(
        mode=found.mode,
        reason=found.reason,
        context=text,
        sources=sources,
        tokens=-(-len(text) // CHARACTERS_A_TOKEN),
        waiting=found.waiting,
        note=recall.QUOTED,
    )


def _passages(hits: Sequence[Hit], characters: int) -> tuple[list[str], list[Source]]:
    lines: list[str] = []
    sources: list[Source] = []
    for ref, hit in enumerate(hits, 1):
        under = f" > {hit.heading}" if hit.heading else ""
        quote = f"“{hit.quote}”" if hit.quote else "(redacted)"
        lines.append(f"[{ref}] {hit.title}{under}: {quote}")
        sources.append(
            Source(
                ref=ref,
                id=hit.id,
                title=hit.title,
                start=hit.start,
                stop=hit.stop,
                entities=[linked.id for linked in hit.entities or []] or None,
                source=hit.source,
            )
        )
    kept = _fitting(lines, characters)
    return kept, sources[: len(kept)]


def _named(found: Found) -> list[tuple[str, str]]:
    """Name the entities that passages tell of, and those that the question names."""
    told = [(linked.id, linked.name) for hit in found.hits for linked in hit.entities or []]
    asked = [(item.id, item.name) for item in found.entities or []]
    return list(dict.fromkeys([*told, *asked]))[:MOST_ENTITIES]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:", *(f"- {line}" for line in lines)] if lines else []


def _fitting(lines: Iterable[str], characters: int) -> list[str]:
    """Keep lines as long as there is room, and the first one in any case."""
    kept: list[str] = []
    for line in lines:
        characters -= len(line) + 3
        if kept and characters < 0:
            break
        kept.append(line)
    return kept
