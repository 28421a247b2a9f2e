"""Tools as data: what each is, which of them a caller is offered, and how a call runs."""

import inspect
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, InputRequiredResult, Tool, ToolAnnotations
from pydantic import BaseModel

from one_mcp.access import Permission, Principal
from one_mcp.dimensions.batch import operations
from one_mcp.errors import NotEnabledError, OneError, ReadOnlyError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.server import results
from one_mcp.server.arguments import schema
from one_mcp.server.arguments.arguments import Arguments, Run
from one_mcp.server.caller import Caller, refused
from one_mcp.session import Call
from one_mcp.settings import DEFAULT

MAX_NAME_CHARS = 30
MAX_DESCRIPTION_CHARS = 600


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool: an async function whose docstring and signature a model reads, and what it may do.

    The function's first parameter is the caller's session. Its docstring is the description, its
    return annotation the output schema.
    """

    run: Run
    title: str
    permission: Permission = Permission.READ
    destructive: bool = False
    repeatable: bool = False  # a write whose repetition changes nothing more
    makes_files: bool = False
    by_default: bool = True  # offered although its toolset is not named
    toolset: str = ""  # the list it stands in

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def writes(self) -> bool:
        """Whether the tool makes changes, and so takes a reason and an idempotency key."""
        return self.permission is not Permission.READ

    @property
    def annotations(self) -> ToolAnnotations:
        """Tell clients what a call may do."""
        if not (self.writes or self.makes_files):
            return ToolAnnotations(read_only_hint=True, open_world_hint=False)
        return ToolAnnotations(
            read_only_hint=False,
            destructive_hint=self.destructive,
            idempotent_hint=self.repeatable or not self.writes,
            open_world_hint=False,
        )


def toolset(name: str, *specs: ToolSpec) -> tuple[ToolSpec, ...]:
    """Make a list of tools that are switched on together."""
    return tuple(replace(spec, toolset=name) for spec in specs)


def offered(
    specs: Iterable[ToolSpec],
    toolsets: Collection[str],
    principal: Principal,
    *,
    read_only: bool = False,
) -> tuple[ToolSpec, ...]:
    """Pick the tools that this caller can use here, in their order."""
    return tuple(spec for spec in specs if _obstacle(spec, toolsets, principal, read_only) is None)


def _obstacle(
    spec: ToolSpec, toolsets: Collection[str], principal: Principal, read_only: bool
) -> OneError | None:
    is_default = spec.by_default and DEFAULT in toolsets
    if not is_default and spec.toolset not in toolsets:
        wanted = ",".join([*toolsets, spec.toolset])
        return NotEnabledError(
            f"The tool {spec.name} is in the toolset {spec.toolset}, which is not enabled; "
            f"start the server with ONE_MCP_TOOLSETS={wanted} to have it.",
            toolset=spec.toolset,
        )
    if read_only and spec.writes:
        return ReadOnlyError(
            f"This server only reads, so {spec.name} is not available; "
            "start it without ONE_MCP_READ_ONLY to change anything."
        )
    try:
        principal.require(spec.permission)
    except OneError as error:
        return error
    return None


class Toolbox:
    """The tools of one server: lists them, and runs calls."""

    def __init__(
        self, specs: Iterable[ToolSpec], toolsets: Collection[str], *, read_only: bool = False
    ) -> None:
        self._tools = {spec.name: _Tool(spec) for spec in specs}
        self._toolsets = toolsets
        self._read_only = read_only

    def listed(self, principal: Principal) -> list[Tool]:
        """Describe the tools that a caller is offered; the order never changes."""
        specs = (tool.spec for tool in self._tools.values())
        return [
            self._tools[spec.name].entry
            for spec in offered(specs, self._toolsets, principal, read_only=self._read_only)
        ]

    def arguments_schema(self, name: str) -> JsonObject | None:
        """Describe what one tool takes, if it exists."""
        tool = self._tools.get(name)
        return tool.entry.input_schema if tool else None

    async def call(
        self, name: str, given: Mapping[str, JsonValue] | None, caller: Caller
    ) -> CallToolResult | InputRequiredResult:
        """Check the arguments, run the tool in a session of the caller's, and shape what it says.

        Raises MCPError for a tool that does not exist. Everything else, success or failure, is a
        result that a model can read, or leads a person to where they approve.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise self._unknown(name)
        obstacle = _obstacle(tool.spec, self._toolsets, caller.principal, self._read_only)
        if obstacle is not None:
            return results.failure(obstacle)
        try:
            return results.success(await tool.run(given or {}, caller))
        except ApprovalRequiredError as error:
            unasking = replace(caller, ask=refused)
            return await caller.ask(error, lambda: self.call(name, given, unasking))
        except OneError as error:
            return results.failure(error)
        except Exception as error:  # noqa: BLE001  # what no tool foresaw stays inside, and is logged
            return results.mishap(name, error)

    def _unknown(self, name: str) -> MCPError:
        shown = name if len(name) <= MAX_NAME_CHARS else f"{name[:MAX_NAME_CHARS]}…"
        near = get_close_matches(name, self._tools, 3)
        if name in operations.NAMES:
            hint = f'apply_changes does that: {{"operations": [{{"op": "{name}", …}}]}}.'
        elif near:
            hint = f"did you mean {' or '.join(near)}?"
        else:
            hint = "tools/list shows what there is."
        sentence = f"UNKNOWN_TOOL: There is no tool {shown!r}; {hint}"
        return MCPError(INVALID_PARAMS, sentence, {"code": "UNKNOWN_TOOL"})


@dataclass(frozen=True)
class _Tool:
    """A tool with what is worked out from its function, on first use: start-up waits for none."""

    spec: ToolSpec

    @cached_property
    def answer(self) -> type[BaseModel]:
        return _answer_type(self.spec)

    @cached_property
    def arguments(self) -> Arguments:
        return Arguments(self.spec.name, self.spec.run, writes=self.spec.writes)

    async def run(self, given: Mapping[str, JsonValue], caller: Caller) -> BaseModel:
        checked = self.arguments.check(given)
        call = Call(
            self.spec.name,
            checked.reason,
            checked.key,
            checked.digest,
            caller.report,
            caller.client,
            caller.begun,
            caller.traceparent,
        )
        one = caller.open(call)
        return await one.once(self.answer, lambda: self.spec.run(one, **checked.values))

    @cached_property
    def entry(self) -> Tool:
        spec = self.spec
        return Tool(
            name=spec.name,
            title=spec.title,
            description=describe(spec),
            input_schema=self.arguments.schema(),
            output_schema=schema.of_answer(self.answer),
            annotations=spec.annotations,
        )


def describe(spec: ToolSpec) -> str:
    """Make the tool's docstring one line for each of its paragraphs."""
    paragraphs = inspect.cleandoc(spec.run.__doc__ or "").split("\n\n")
    text = "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    if not 0 < len(text) <= MAX_DESCRIPTION_CHARS or len(spec.name) > MAX_NAME_CHARS:
        raise ValueError(
            f"{spec.name}: {len(spec.name)} characters of name (at most {MAX_NAME_CHARS}), "
            f"{len(text)} of description (1 to {MAX_DESCRIPTION_CHARS})"
        )
    return text


def _answer_type(spec: ToolSpec) -> type[BaseModel]:
    answer: object = inspect.signature(spec.run).return_annotation
    if not (isinstance(answer, type) and issubclass(answer, BaseModel)):
        raise TypeError(f"{spec.name}: the return annotation is no pydantic model")
    return answer
