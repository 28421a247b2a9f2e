"""Tools that bring data in and take it out."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from one_mcp import leniency
from one_mcp.access import Permission
from one_mcp.dimensions.exchange.importing import OnError
from one_mcp.dimensions.exchange.report import Loaded
from one_mcp.errors import InvalidArgumentError
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services.exchange import exports, imports
from one_mcp.services.exchange.exports import Exported
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Session

MAPPING = (
    "for CSV: {kind: entities|connections, type, columns: {title: field}, key: [title, …], "
    "from_type, to_type}; "
    "fields: name, status, tags, external_id, from, to, from.external_id, or a property"
)
FilePath = Annotated[str, Field(min_length=1, max_length=4096)]


async def import_data(
    one: Session,
    path: Annotated[FilePath, Field(description="file or folder of Markdown")] | None = None,
    data: Annotated[str, Field(description="instead of path")] | None = None,
    format: imports.Format | None = None,
    *,
    mapping: Annotated[
        TableMapping,
        BeforeValidator(lambda given: leniency.of_json(given) if isinstance(given, str) else given),
        WithJsonSchema({"type": "object", "description": MAPPING}),
    ]
    | None = None,
    on_error: Annotated[OnError, Field(description="abort: one bad row stops all")] = "abort",
    overwrite: Annotated[bool, Field(description="even corrections here")] = False,
    dry_run: bool = False,
) -> Loaded:
    """Import JSON Lines of export_data, CSV or a folder of Markdown; undone as one.

    Rows with an external_id update its entity; a repeat changes nothing. A Markdown file becomes an
    entity (front matter: type, title, tags …), links connections. Every bad row is reported. Try
    dry_run first.
    """
    return await imports.run(
        one,
        path=path,
        data=data,
        format=format,
        mapping=mapping,
        on_error=on_error,
        dry_run=dry_run,
        overwrite=overwrite,
    )


async def export_data(
    one: Session,
    path: Annotated[FilePath, Field(description="without: small exports in the answer")]
    | None = None,
    what: Annotated[
        Literal["everything", "entities", "connections"],
        Field(description="everything as JSON Lines, the others as CSV"),
    ] = "everything",
    type: fields.TypeName | None = None,
    *,
    overwrite: bool = False,
) -> Exported:
    """Export as JSON Lines, which import_data reads back without a loss, or as CSV.

    CSV holds the entities of a type, or the connections.
    """
    match what:
        case "everything":
            return await exports.everything(one, path, overwrite=overwrite)
        case "connections":
            return await exports.connections(one, type, path, overwrite=overwrite)
        case "entities":
            if type is None:
                raise InvalidArgumentError("Entities are exported by type.", argument="type")
            return await exports.entities(one, type, path, overwrite=overwrite)


WRITE = Permission.WRITE
TOOLS = toolset(
    "exchange",
    ToolSpec(import_data, "Import data", WRITE, repeatable=True),
    ToolSpec(export_data, "Export data", makes_files=True, by_default=False),
)
