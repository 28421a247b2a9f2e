"""What a command reads: text from stdin, JSON from a file."""

import sys
from pathlib import Path

import click

from one_mcp import jsons
from one_mcp.jsons import JsonValue

STDIN = "-"


def stdin() -> str:
    """Read text from stdin: it is UTF-8, whatever terminals here have."""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise click.UsageError("What stdin holds is no UTF-8; save it so.") from error


def document(file: str) -> JsonValue:
    """Read one JSON document from a file, or from stdin for `-`."""
    if file != STDIN and Path(file).is_dir():
        raise click.UsageError(f"{file} is a folder; name the JSON file.")
    try:
        return jsons.loads(stdin() if file == STDIN else Path(file).read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"What {file} holds is no JSON: {error}.") from error
