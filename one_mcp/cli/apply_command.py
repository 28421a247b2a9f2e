"""`one-mcp apply`: carry out the operations of apply_changes from a file."""

import anyio
import click
from pydantic import BaseModel, ValidationError

from one_mcp import refusals
from one_mcp.app import open_app
from one_mcp.cli import inputs, options, screen
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.batch.operations import Operation
from one_mcp.jsons import JsonValue
from one_mcp.server.arguments import fields
from one_mcp.session import Call
from one_mcp.settings import Settings

EPILOG = """\b
Examples:
  one-mcp apply corrections.json --dry-run
  one-mcp apply corrections.json --reason "the same customer twice"
  echo '[{"op": "rename_tag", "tag": "topic:yoga", "to": "skill:yoga"}]' | one-mcp apply -

Exit codes: 0 all of it was written, or would be; 1 something is refused, and nothing was written;
2 usage."""


class OperationsFile(BaseModel):
    """What a file may say, of what the tool takes."""

    model_config = refusals.GIVEN

    operations: list[JsonValue]
    reason: fields.Reason | None = None
    dry_run: bool = False


FORM = refusals.Form(OperationsFile, whole="The file", noun="field")


@click.command("apply", epilog=EPILOG)
@click.argument("file", type=click.Path(allow_dash=True), metavar="FILE")
@click.option("--reason", help="Why, as the history tells it.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
@options.settings("database", "packs", "log_level")
@options.as_json
def command(file: str, *, reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Carry out the operations of apply_changes from a file, as one change.

    All are carried out, or none. FILE is a JSON list of operations, such as merge_entities,
    convert_entity, change_found or rename_tag, or an object that has it as "operations", beside
    "reason" and "dry_run", as the tool takes it; - reads stdin.
    """
    settings = options.chosen()
    given = _given(inputs.document(file))
    steps = operations.parse(given.operations)
    applied = anyio.run(_applied, settings, steps, reason or given.reason, dry_run or given.dry_run)
    if as_json:
        screen.show_json(applied)
    else:
        _show(applied)


def _given(document: JsonValue) -> OperationsFile:
    listed = {"operations": document} if isinstance(document, list) else document
    try:
        return OperationsFile.model_validate(listed)
    except ValidationError as error:
        problem = refusals.told(refusals.problems(error, listed, FORM), FORM)
        raise click.UsageError(
            f"{problem}. The file holds a list of operations, "
            '[{"op": "create_entity", ...}, ...], or {"operations": [...], "reason": "..."}.'
        ) from None


async def _applied(
    settings: Settings, steps: list[Operation], reason: str | None, dry_run: bool
) -> Applied:
    async with open_app(settings) as app:
        call = Call("apply_changes", reason or "one-mcp apply", client=screen.CLIENT)
        one = app.session(call, app.owner)
        if dry_run:
            return await one.rehearse(batch.apply, steps, dry_run=True)
        return await one.write(batch.apply, steps)


def _show(applied: Applied) -> None:
    for warning in applied.warnings or []:
        screen.complain(warning)
    for done in applied.done:
        named = " ".join(filter(None, (done.as_, done.id)))
        screen.show(f"{done.did} ({named})" if named else done.did)
    if applied.more:
        screen.show(f"and {applied.more:,} more")
    if applied.dry_run:
        screen.show("This was a dry run: nothing was written.")
    elif applied.change:
        screen.show(f"All of it is the change {applied.change}.")
    else:
        screen.show("There was nothing to write.")
