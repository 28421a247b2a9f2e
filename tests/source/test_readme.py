"""The README's tables say what the code says, and its links lead somewhere."""

import re

from one_mcp.services.picture import svg
from tests.snapshots import README, ROOT, STALE, readme


def test_the_tables_say_what_the_code_says() -> None:
    assert README.read_text("utf-8") == readme(), STALE


def test_every_link_into_the_project_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8"))

    inside = [link for link in links if "://" not in link]
    assert inside
    assert [link for link in inside if not (ROOT / link).exists()] == []


def test_the_picture_is_one_that_the_program_draws_today() -> None:
    """If not: one-mcp demo, then one-mcp graph "Breathe, then run" -o docs/graph.svg."""
    drawn = (ROOT / "docs" / "graph.svg").read_text("utf-8")

    assert svg.STYLE in drawn
    assert "Maya Lindholm" in drawn
