"""Context: what an answer to a question can stand on, in one text with numbered sources."""

from collections.abc import Iterable, Sequence

from one_mcp.answers import Answer
from one_mcp.dimensions.knowledge.search import facts
from one_mcp.dimensions.knowledge.search.hits import Hit
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.services.knowledge import recall
from one_mcp.services.knowledge.recall import Found, Mode
from one_mcp.session import Session
from one_mcp.store.work import Work

CHARACTERS_A_TOKEN = 4
PASSAGES = 0.7  # of the budget; connections and events have the rest
A_PASSAGE = 900  # characters, roughly
MOST_PASSAGES = 40
MOST_ENTITIES = 8
LONGEST_NAME = 160  # of a title with a heading
INDENT = 2
MOST_TOKENS = 7_000  # the answer has the sources, too


class CitedSource(Answer):
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
    sources: list[CitedSource]
    tokens: int
    waiting: int | None = None
    incomplete: str | None = None


async def gather(one: Session, question: str, scope: Scope, tokens: int) -> Context:
    """Gather the best passages for a question, their entities, connections and recent events."""
    room = tokens * CHARACTERS_A_TOKEN
    characters = int(room * PASSAGES)
    limit = max(1, min(characters // A_PASSAGE, MOST_PASSAGES))
    wish = Wish(question, scope, limit=limit, characters=characters)
    found = await recall.find(one, wish)
    passages, sources = _passages(found.hits, characters)
    named = _named(found)

    def around(work: Work) -> list[str]:
        names = _section("Entities", (f"{name} ({id})" for id, name in named), room // 10)
        left = room - _length(passages) - _length(names)
        edges = _section("Connections", facts.edges(work, named), left * 2 // 3)
        events = _section("Events", facts.events(work, named), left - _length(edges))
        return [*names, *edges, *events]

    text = "\n".join([*passages, *await one.read(around)]) or "Nothing is known about this."
    return Context(
        mode=found.mode,
        reason=found.reason,
        context=text,
        sources=sources,
        tokens=-(-len(text) // CHARACTERS_A_TOKEN),
        waiting=found.waiting,
        incomplete=found.incomplete,
    )


def _passages(hits: Sequence[Hit], characters: int) -> tuple[list[str], list[CitedSource]]:
    """Write passages as long as there is room; the first one is shortened to fit."""
    lines: list[str] = []
    sources: list[CitedSource] = []
    for ref, hit in enumerate(hits, 1):
        whole = f"{hit.title} > {hit.heading}" if hit.heading else hit.title
        head = f"[{ref}] {_shortened(whole, characters // 2)}: "
        quote, stop = hit.quote, hit.stop
        left = characters - _length(lines) - len(head) - len("“”\n")
        if quote and len(_indented(quote)) > left:
            if lines:
                break
            quote = quote[: left - INDENT * quote.count("\n")]
            stop = hit.start + len(quote)
        lines.append(head + (f"“{_indented(quote)}”" if quote else "(redacted)"))
        sources.append(
            CitedSource(
                ref=ref,
                id=hit.id,
                title=_shortened(hit.title, LONGEST_NAME // 2),
                start=hit.start,
                stop=stop,
                entities=[linked.id for linked in hit.entities or []] or None,
                source=hit.source,
            )
        )
    return lines, sources


def _indented(quote: str) -> str:
    """Keep all lines of a quote to the right, so that none can pass for one of ours."""
    return ("\n" + INDENT * " ").join(quote.splitlines())


def _shortened(name: str, characters: int) -> str:
    most = min(characters, LONGEST_NAME)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _named(found: Found) -> list[tuple[str, str]]:
    """Name the entities that passages tell of, and those that the question names."""
    told = [(linked.id, linked.name) for hit in found.hits for linked in hit.entities or []]
    asked = [(item.id, item.name) for item in found.entities or []]
    return list(dict.fromkeys([*told, *asked]))[:MOST_ENTITIES]


def _section(title: str, lines: Iterable[str], characters: int) -> list[str]:
    """Put a title over as many lines as there is room for; nothing over none."""
    section = [f"{title}:"]
    for line in lines:
        item = f"- {line}"
        if _length([*section, item]) > characters:
            break
        section.append(item)
    return section if len(section) > 1 else []


def _length(lines: Sequence[str]) -> int:
    """Count the characters of lines with their ends."""
    return sum(len(line) + 1 for line in lines)
