"""The texts for those who work on the project name what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 200
NAMED = re.compile(r"`((?:one_mcp|resources|prompts|tests|benchmarks)/[\w./-]*)`|\]\(([\w./-]+)\)")


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_files_that_are_named_are_there(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")

    named = [path or link for path, link in NAMED.findall(text)]

    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert len(text.splitlines()) <= LONGEST
