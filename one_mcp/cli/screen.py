"""What a person or a program reads: plain lines, JSON, and progress while they wait."""

import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path

import click
from pydantic import BaseModel

from one_mcp import __version__, jsons
from one_mcp.texts import visible

STEPS = 1000
CLIENT = f"one-mcp {__version__}"  # who made a change, as history tells it


def prepare() -> None:
    """Let no terminal's encoding stop a command: what it cannot show leaves as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
    document = visible.escaped(jsons.dumps(value))
    if sys.stdout.isatty():
        click.echo(document)
    else:
        click.echo(document.encode())  # JSON is UTF-8, whatever terminals here have


def pour(path: Path) -> None:
    """Print a file: byte for byte to a program, and with what is hidden shown to a person."""
    if sys.stdout.isatty():
        with path.open(encoding="utf-8", newline="") as lines:
            for line in lines:
                click.echo(visible.text(line), nl=False)
        return
    sys.stdout.flush()
    with path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.buffer.flush()


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
