"""Build what a release is published with: the bundle (.mcpb) and the registry's server.json.

    python -m tests.publishing FOLDER NAMESPACE

NAMESPACE is whose the name is, such as io.github.jane. Both are checked before they are written; a
test builds them, too. The bundle lets its host fetch the package and its dependencies with uv.
"""

import re
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, get_args, get_origin

import jsonschema

from one_mcp import __version__
from one_mcp.cli import clients
from one_mcp.jsons import JsonObject, load_object
from one_mcp.server import build
from one_mcp.settings import PREFIX, SECRETS, Settings

SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
ASKED = ("database", "folder", "toolsets", "read_only", "embedding_model")  # in the host's window
PROJECT = f"""\
[project]
name = "one-mcp-bundle"
version = "{__version__}"
requires-python = ">=3.11"
dependencies = ["{clients.PACKAGE}=={__version__}"]
"""
# what the formats ask of the members that are written here
NAME = {"type": "string", "pattern": r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", "maxLength": 200}
SHORT = {"type": "string", "minLength": 1, "maxLength": 100}
VARIABLE = {
    "type": "object",
    "required": ["name", "description"],
    "properties": {
        "name": {"pattern": "^ONE_MCP_[A-Z_]+$"},
        "format": {"enum": ["string", "number", "boolean", "filepath"]},
        "isSecret": {"type": "boolean"},
        "default": {"type": "string"},
        "choices": {"type": "array", "items": {"type": "string"}},
        "description": {"type": "string"},
    },
    "additionalProperties": False,
}
SERVER_JSON = {
    "type": "object",
    "required": ["$schema", "name", "description", "version", "packages"],
    "properties": {
        "name": NAME,
        "description": SHORT,
        "version": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+"},
        "packages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["registryType", "identifier", "version", "transport"],
                "properties": {
                    "version": {"type": "string", "pattern": "^[0-9]"},
                    "transport": {"required": ["type"]},
                    "environmentVariables": {"type": "array", "items": VARIABLE},
                },
            },
        },
    },
}
QUESTION = {
    "type": "object",
    "required": ["type", "title", "description", "default"],  # without one a host fills in nothing
    "properties": {"type": {"enum": ["string", "number", "boolean", "directory", "file"]}},
}
MANIFEST = {
    "type": "object",
    "required": ["manifest_version", "name", "version", "description", "author", "server"],
    "properties": {
        "manifest_version": {"const": clients.MANIFEST_VERSION},
        "author": {"required": ["name"]},
        "server": {
            "required": ["type", "entry_point", "mcp_config"],
            "properties": {
                "type": {"enum": ["python", "uv", "binary", "node"]},
                "entry_point": {"type": "string"},
                "mcp_config": {
                    "required": ["command"],
                    "properties": {
                        "command": {"type": "string"},
                        "args": {"type": "array", "items": {"type": "string"}},
                        "env": {"additionalProperties": {"type": "string"}},
                    },
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        },
        "user_config": {"additionalProperties": QUESTION},
        "tools": {"items": {"required": ["name"]}},
    },
}


def server_json(namespace: str) -> JsonObject:
    """What the registry of MCP servers is told."""
    return {
        "$schema": SCHEMA,
        "name": f"{namespace}/{clients.PACKAGE}",
        "title": build.TITLE,
        "description": clients.SUMMARY,
        "version": __version__,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": clients.PACKAGE,
                "version": __version__,
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": [_variable(name) for name in Settings.model_fields],
            }
        ],
    }


def _variable(name: str) -> JsonObject:
    field = Settings.model_fields[name]
    found: JsonObject = {"name": PREFIX + name.upper(), "description": field.description or ""}
    found["format"] = _format(field.annotation)
    if name in SECRETS:
        found["isSecret"] = True
    if get_origin(field.annotation) is not None and isinstance(field.default, str):
        found["choices"] = list(get_args(field.annotation))
    if (usual := _text(field.default)) is not None:
        found["default"] = usual
    return found


def _format(annotation: object) -> str:
    if annotation is bool:
        return "boolean"
    return "filepath" if Path in (annotation, *get_args(annotation)) else "string"


def _text(value: object) -> str | None:
    match value:
        case None | ():
            return None
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case _:
            return str(value)


def manifest() -> JsonObject:
    """What the host of the bundle is told: it asks for a few settings, each with a default."""
    entry = clients.Entry(
        ["uv", "run", "--directory", "${__dirname}", clients.ENTRY_POINT],
        {PREFIX + name.upper(): f"${{user_config.{name}}}" for name in ASKED},
    )
    whole = clients.manifest(entry)
    return {
        **whole,
        "server": {**_object(whole["server"]), "type": "uv"},
        "tools": [{"name": spec.name, "description": spec.title} for spec in build.SPECS],
        "user_config": {name: _question(name) for name in ASKED},
        "compatibility": {"platforms": ["darwin", "linux", "win32"]},
    }


def _question(name: str) -> JsonObject:
    field = Settings.model_fields[name]
    is_switch = field.annotation is bool
    return {
        "type": "boolean" if is_switch else "string",
        "title": name.replace("_", " ").capitalize(),
        "description": field.description or "",
        "required": False,
        "default": field.default if is_switch else _text(field.default) or "",
    }


def _object(value: Any) -> JsonObject:
    assert isinstance(value, dict)
    return value


def check_server_json(document: JsonObject) -> None:
    jsonschema.validate(document, SERVER_JSON)


def check_bundle(packed: bytes) -> JsonObject:
    """Open a bundle as a host does: its manifest, its entry point, and all that is filled in."""
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        found = load_object(archive.read("manifest.json"))
    jsonschema.validate(found, MANIFEST)
    server = _object(found["server"])
    assert server["entry_point"] in names
    assert server["type"] != "uv" or "pyproject.toml" in names
    asked = _object(found.get("user_config", {}))
    for name in re.findall(r"\$\{user_config\.(\w+)\}", str(server)):
        assert name in asked
    return found


def bundle() -> bytes:
    return clients.bundle(manifest(), {"pyproject.toml": PROJECT})


def main(folder: str, namespace: str) -> None:
    """Write both, once they are checked."""
    document, packed = server_json(namespace), bundle()
    check_server_json(document)
    check_bundle(packed)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / "server.json").write_text(clients.shown(document) + "\n", encoding="utf-8")
    (target / f"{clients.PACKAGE}-{__version__}.mcpb").write_bytes(packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
