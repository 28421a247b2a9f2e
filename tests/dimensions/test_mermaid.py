"""Mermaid text: what it says, and that no name breaks out of its label."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from one_mcp.dimensions.graph import mermaid
from one_mcp.dimensions.graph.subgraph import GraphEdge, Node


def node(id: str, name: str) -> Node:
    return Node(id=id, type="ai_clone", name=name, depth=0)


def test_boxes_and_arrows_are_drawn() -> None:
    drawn = mermaid.flowchart(
        [node("a", "Jane"), node("b", "Yoga, part (1)")],
        [
            GraphEdge(from_="a", type="owns", to="b"),
            GraphEdge(from_="a", type="owns", to="elsewhere"),
        ],
    )

    assert drawn.splitlines() == [
        "flowchart LR",
        '    n0["Jane<br/>ai#95;clone"]',
        '    n1["Yoga, part (1)<br/>ai#95;clone"]',
        '    n0 -->|"owns"| n1',
        "    style n0 stroke-width:3px",
    ]


def test_nothing_draws_nothing() -> None:
    assert mermaid.flowchart([], []) == "flowchart LR\n"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ('A "B" C', "A #34;B#34; C"),
        ("a]b[c{d}|e", "a#93;b#91;c#123;d#125;#124;e"),
        ("<script>&amp;", "#60;script#62;#38;amp#59;"),
        ("one\ntwo\r\n\tthree", "one two   three"),
        ("1. First", "1#46; First"),
        ("- item", "#45; item"),
        ("`code` #9829; %%{init}%%", "#96;code#96; #35;9829#59; #37;#37;#123;init#125;#37;#37;"),
        ("ünïcode 東京 🙂", "ünïcode 東京 🙂"),
        ("right\u202eto left", "right to left"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_name_is_only_text(name: str, label: str) -> None:
    assert f'n0["{label}<br/>' in mermaid.flowchart([node("a", name)], [])


@given(st.text(max_size=80))
def test_any_name_stays_in_its_label(name: str) -> None:
    lines = mermaid.flowchart([node("a", name)], []).split("\n")

    assert len(lines) == 4
    label = re.fullmatch(r'    n0\["(.*)<br/>ai#95;clone"\]', lines[1])
    assert label is not None
    assert not re.search(r'["<>&`\[\]{}|\\]', re.sub(r"#\d+;", "", label[1]))
