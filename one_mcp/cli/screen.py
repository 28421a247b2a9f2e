"""What a person or a program reads: plain lines, JSON, and progress while they wait."""

import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

import click
from pydantic import BaseModel

from one_mcp import jsons

STEPS = 1000


def show(text: str = "") -> None:
    click.echo(text)


def complain(sentence: str) -> None:
    """Say what is wrong, in one line on stderr."""
    click.echo(f"one-mcp: {' '.join(sentence.split())}", err=True)


def show_json(value: object) -> None:
    """Print one JSON document."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    click.echo(jsons.dumps(value))


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
