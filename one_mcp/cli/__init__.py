"""The command line: it reads arguments, calls a rule or a service, and prints what comes back."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from one_mcp import __version__
from one_mcp.cli import options, screen
from one_mcp.errors import OneError, SettingsError

DEFAULT = "serve"
OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
COMMANDS = {  # by section: each command's module has its name
    "Agents": {
        "serve": "Serve one client over stdin and stdout; the default command.",
        "config": "Print what makes Claude Code, Cursor, VS Code or others use this server.",
        "demo": "Walk through a story with a real server and a real client.",
    },
    "Knowledge": {
        "ask": "Answer a question from what is known, and say where it stands.",
        "search": "Search what is known, by meaning and by words.",
        "reindex": "Wait until all texts are found by meaning, or index all anew.",
        "models": "List the embedding models whose vectors the file holds, or let one go.",
    },
    "Data": {
        "import": "Import JSONL, CSV or a folder of Markdown; repeating an import changes nothing.",
        "apply": "Carry out the operations of apply_changes from a file, as one change.",
        "export": "Export the whole organization, or tables of it.",
        "operations": "See what is under way, and decide what can go neither on nor back.",
        "reconcile": "Compare journal, ledger, payments vendor and chain.",
        "graph": "Draw an entity's neighbourhood as a picture to open.",
        "organization": "Show or set the organization's name, owner, currency and time zone.",
        "stats": "Count what the database holds.",
    },
    "Money": {
        "approve": "Approve what an agent wants to do, after seeing all of it.",
        "allow": "Let agents spend within limits without asking; list and end what they may.",
        "mails": "See what the outbox holds, and read a mail as its recipient would.",
        "passphrase": "Set the passphrase by which you approve.",
    },
    "Care": {
        "doctor": "Examine the database and the settings, and repair on request.",
        "backup": "Copy the database while servers use it.",
        "compact": "Let go of old history, and write the file anew, smaller.",
        "restore": "Put a backup in the place of the database.",
    },
}
HELP = """A business backend for AI agents: the ONE ontology as an MCP server on one SQLite file.

Every setting is an environment variable too (--read-only is ONE_MCP_READ_ONLY); a flag wins.
"""
EPILOG = (
    "Exit codes: 0 it worked; 1 it failed, or problems were found; 2 the command was not "
    "understood, or a setting does not work."
)


class Program(click.Group):
    """Loads a command's module when that command is called, so that none waits for the others.

    Every failure ends as one line on stderr and an exit code.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        return import_module(f"one_mcp.cli.{cmd_name}_command").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.list_commands(ctx)))
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), help) for name, help in commands.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = "one-mcp",
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002  # it always ends the process
        **extra: Any,  # noqa: ANN401  # click's
    ) -> NoReturn:
        """Run a command and end the process with its exit code."""
        screen.prepare()
        try:
            done = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            code = done if isinstance(done, int) else OK
        except (OneError, click.ClickException, click.Abort, OSError) as error:
            code = _failed(error)
        sys.exit(code)


def _failed(error: Exception) -> int:
    """Say in one line why a command failed, and return the exit code for it."""
    match error:
        case click.UsageError():
            asked = f"{error.ctx.command_path if error.ctx else 'one-mcp'} --help"
            screen.complain(f"{error.format_message()} ({asked} shows what there is)")
            return USAGE
        case click.ClickException():
            screen.complain(error.format_message())
        case click.Abort():  # Ctrl-C
            screen.complain("interrupted")
            return INTERRUPTED
        case BrokenPipeError():  # whoever read the output has left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case _:
            screen.complain(str(error))
    return USAGE if isinstance(error, SettingsError) else FAILED


@click.group(
    cls=Program,
    invoke_without_command=True,
    help=HELP,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@options.settings()
@click.version_option(__version__, message="one-mcp %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        context.invoke(import_module(f"one_mcp.cli.{DEFAULT}_command").command)
