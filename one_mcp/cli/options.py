"""Flags: every setting is one, under the same name; but secrets, since anyone can read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from one_mcp import logs, secret_settings
from one_mcp.settings import FLAGS, Settings, flag, load
from one_mcp.store.sqlite import backup

F = TypeVar("F", bound=Callable[..., Any])
KEY = "one_mcp.flags"

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def settings(*names: str) -> Callable[[F], F]:
    """Give a command flags for the named settings, or for all; `chosen` reads them."""

    def decorate(function: F) -> F:
        for name in reversed(names or FLAGS):
            function = _option(name, Settings.model_fields[name])(function)
        return function

    return decorate


def chosen() -> Settings:
    """Read the settings: flags of this command, of the program, then the environment.

    Raises SettingsError where one does not work. Logging follows them from here on.
    """
    found = load(click.get_current_context().meta.get(KEY))
    logs.set_up(found.log_level, secrets=secret_settings.texts(found))
    return found


def existing() -> Settings:
    """Read the settings as `chosen` does; raises DatabaseError where there is no database yet."""
    found = chosen()
    backup.present(found.database)
    return found


def _option(name: str, field: FieldInfo) -> Callable[[F], F]:
    named = flag(name)
    return click.option(
        f"{named}/--no-{named[2:]}" if field.annotation is bool else named,
        name,
        type=_type(field),
        default=None,
        metavar=_metavar(field),
        help=_help(field),
        expose_value=False,
        callback=_remember,
    )


def _help(field: FieldInfo) -> str:
    usual: object = field.default
    if isinstance(usual, tuple):
        usual = ", ".join(map(str, usual))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # words
    if usual is None:
        return field.description or ""
    words = {True: "yes", False: "no"}
    told = words[usual] if isinstance(usual, bool) else usual or "none"
    return f"{field.description}  [default: {told}]"


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None:
        context.meta.setdefault(KEY, {})[parameter.name] = value


def _type(field: FieldInfo) -> click.ParamType[Any] | type | None:
    if field.annotation is bool:
        return bool
    if get_origin(field.annotation) is Literal:
        return click.Choice(get_args(field.annotation))
    return str


def _metavar(field: FieldInfo) -> str | None:
    if field.annotation is bool or get_origin(field.annotation) is Literal:
        return None
    if get_origin(field.annotation) is tuple:
        return "LIST"
    return "PATH" if Path in (field.annotation, *get_args(field.annotation)) else "TEXT"
