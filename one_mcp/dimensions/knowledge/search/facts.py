"""Facts: what the graph says around some entities, read aloud in short sentences."""

from collections.abc import Iterator, Sequence

from one_mcp.dimensions.entities import neighbours
from one_mcp.dimensions.entities.neighbours import Happened, Neighbour, Tie
from one_mcp.store.work import Work

NEIGHBOURS = 3  # of each entity, type and direction
TIES = 6  # of each entity
EVENTS = 3  # of each entity


def edges(work: Work, named: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Read the connections of entities (id and name) aloud, each once, round after round.

    So where room is short, every entity has its first ones before any has all.
    """
    rounds = [_of(work, id, name) for id, name in named]
    said: set[str] = set()
    while rounds:
        for sentences in list(rounds):
            sentence = next(sentences, None)
            if sentence is None:
                rounds.remove(sentences)
            elif sentence not in said:
                said.add(sentence)
                yield sentence


def events(work: Work, named: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Tell the newest events of entities, each once, the newest first."""
    found: dict[str, tuple[str, Happened]] = {}
    for id, name in named:
        for event in neighbours.events(work, id, EVENTS):
            found.setdefault(event.id, (name, event))
    for name, event in sorted(found.values(), key=lambda pair: pair[1].at, reverse=True):
        by = event.actor_name or event.actor
        yield f"{event.at} {event.type}: {name}{'' if by == name else f', by {by}'}"


def _of(work: Work, id: str, name: str) -> Iterator[str]:
    ties = sorted(neighbours.ties(work, id), key=lambda tie: tie.count)[:TIES]
    for tie in ties:
        for neighbour in neighbours.neighbours(work, id, tie, NEIGHBOURS):
            far = f"{neighbour.name} ({neighbour.id})"
            near = f"{name} ({id})"
            start, end = (near, far) if tie.direction == "out" else (far, near)
            yield f"{start} {_reading(work, tie)} {end}{_limits(neighbour)}"
        if tie.count > NEIGHBOURS:
            more = tie.count - NEIGHBOURS
            yield f"{name} ({id}) has {more:,} more of {tie.label}"


def _limits(it: Neighbour) -> str:
    """Say of a connection that holds for a time until when, and whether it does now."""
    said = [f"until {it.valid_until}"] if it.valid_until else []
    said += [it.validity] if it.validity else []
    return f" ({', '.join(said)})" if said else ""


def _reading(work: Work, tie: Tie) -> str:
    kind = work.ontology.relationship_types.get(tie.type)
    return kind.reading if kind else tie.type
