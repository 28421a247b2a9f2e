"""Mermaid: a subgraph as a flowchart that Markdown viewers draw."""

from collections.abc import Sequence

from one_mcp.dimensions.graph.subgraph import GraphEdge, Node

LONGEST_NAME = 60
PLAIN = frozenset(" ,'!?/()")


def flowchart(nodes: Sequence[Node], edges: Sequence[GraphEdge]) -> str:
    """Draw entities as boxes and connections as labelled arrows, the first entity highlighted.

    No name, whatever is in it, becomes anything but text.
    """
    places = {node.id: f"n{place}" for place, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    lines += [
        f'    {places[node.id]}["{_text(node.name)}<br/>{_text(node.type)}"]' for node in nodes
    ]
    lines += [
        f'    {places[edge.from_]} -->|"{_text(edge.type)}"| {places[edge.to]}'
        for edge in edges
        if edge.from_ in places and edge.to in places
    ]
    if nodes:
        lines.append("    style n0 stroke-width:3px")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Write text so that it is neither syntax, nor Markdown, nor HTML, as in `1. <b>"A"</b>`.

    https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters"
    """
    short = text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
    return "".join(map(_character, short))


def _character(character: str) -> str:
    if not character.isprintable():
        return " "
    if character.isalnum() or character in PLAIN or not character.isascii():
        return character
    return f"#{ord(character)};"
