"""What a person or a program reads: plain lines, JSON, and progress while they wait."""

import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import TextIO

import click
from pydantic import BaseModel

from one_mcp import jsons
from one_mcp.texts import visible

STEPS = 1000


def show(line: str = "", *, bold: bool = False) -> None:
    """Print one line; whatever is in it, it stays one, and moves no cursor."""
    seen = visible.line(line)
    click.echo(click.style(seen, bold=True) if bold else seen)


def show_lines(text: str) -> None:
    """Print a text of several lines."""
    click.echo(visible.text(text))


def complain(sentence: str) -> None:
    """Say what is wrong, in one line on stderr."""
    click.echo(f"one-mcp: {visible.line(' '.join(sentence.split()))}", err=True)


def show_json(value: object) -> None:
    """Print one JSON document."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    click.echo(visible.escaped(jsons.dumps(value)))


def pour(file: TextIO) -> None:
    """Print a whole file: as it is for a program, and with what is hidden shown for a person."""
    if sys.stdout.isatty():
        for line in file:
            click.echo(visible.text(line), nl=False)
    else:
        shutil.copyfileobj(file, sys.stdout)


@contextmanager
def progress(label: str) -> Generator[Callable[[float, float | None], None]]:
    """Show how far long work has come, where a person watches stderr.

    The function takes what is done and what there is to do, or None where nobody knows.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with ExitStack() as stack:
        move: Callable[[int], None] | None = None
        shown = 0

        def report(done: float, total: float | None) -> None:
            nonlocal move, shown
            if not total:
                click.echo(f"\r{label}  {done:,.0f} ", nl=False, err=True)
                return
            if move is None:
                bar = click.progressbar(length=STEPS, label=label, file=sys.stderr)
                move = stack.enter_context(bar).update
            step = int(STEPS * done / total) - shown
            if step > 0:
                move(step)
                shown += step

        yield report
        if move is None:
            click.echo(err=True)
