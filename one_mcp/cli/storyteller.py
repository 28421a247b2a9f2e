"""Tells a story by living it: every call goes to a real server, and on request is shown."""

import json
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from mcp import Client
from mcp_types import CallToolResult, TextContent, TextResourceContents

from one_mcp.cli import screen
from one_mcp.errors import OneError
from one_mcp.jsons import JsonValue

SHOWN_CHARACTERS = 560
NARROWEST, WIDEST = 72, 108
INDENT = "    "
Answer = dict[str, Any]  # JSON, as the client hands it out


class StoryError(OneError):
    """Something in the story was not as it should be."""

    code = "STORY"


class Storyteller:
    """One client, and whoever reads along: the sentences, and with `wire` what is sent."""

    def __init__(self, client: Client, *, called: str = "", wire: bool = False) -> None:
        self.client = client
        self._called = f"{called} " if called else ""
        self._wire = wire
        self._width = min(WIDEST, max(NARROWEST, shutil.get_terminal_size((96, 24)).columns))
        self._count = count(1)
        self._last: tuple[str, dict[str, JsonValue]] = ("", {})

    def beside(self, client: Client, called: str) -> "Storyteller":
        """Tell on by another client; its chapters are those of the same story."""
        other = Storyteller(client, called=called, wire=self._wire)
        other._count = self._count
        return other

    def chapter(self, sentence: str) -> None:
        """Say what comes next."""
        if self._wire:
            screen.show()
        number = f"{next(self._count):>2}. "
        screen.show_lines(
            textwrap.fill(sentence, self._width, initial_indent=number, subsequent_indent=INDENT)
        )

    def say(self, sentence: str) -> None:
        """Say what came of it, in words."""
        screen.show_lines(
            textwrap.fill(sentence, self._width, initial_indent=INDENT, subsequent_indent=INDENT)
        )

    def hear(self, uri: str) -> None:
        """Note that the server told of a change by itself."""
        self._line(f"< updated: {uri}")

    async def call(self, tool: str, /, **arguments: JsonValue) -> Answer:
        """Call a tool and return its structured answer, which is what a model reads.

        Raises StoryError where the call fails.
        """
        if (tool, arguments) == self._last:
            self._line(f"> {tool} with the same arguments")
        else:
            self._show(f"{self._called}> {tool}", arguments)
        self._last = (tool, arguments)
        result = await self.client.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            raise StoryError(f"{tool} failed: {_text(result)}")
        self._show("<", result.structured_content)
        return result.structured_content

    async def look(self, tool: str, /, **arguments: JsonValue) -> Answer:
        """Call a tool that nobody has to see called; raises StoryError where it fails."""
        result = await self.client.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            raise StoryError(f"{tool} failed: {_text(result)}")
        return result.structured_content

    async def refused(self, tool: str, /, **arguments: JsonValue) -> Answer:
        """Call a tool that has to refuse, and return its error."""
        self._show(f"{self._called}> {tool}", arguments)
        result = await self.client.call_tool(tool, arguments)
        if not result.is_error or result.structured_content is None:
            raise StoryError(f"{tool} was not refused.")
        self._show("<", result.structured_content)
        return result.structured_content["error"]

    async def read(self, uri: str) -> str:
        """Read a resource and return its text."""
        self._line(f"> read {uri}")
        result = await self.client.read_resource(uri, cache_mode="bypass")
        first = result.contents[0]
        if not isinstance(first, TextResourceContents):
            raise StoryError(f"{uri} is no text")
        if self._wire:
            screen.show_lines(textwrap.indent(first.text.rstrip(), f"{INDENT}< "))
        return first.text

    def check(self, so: bool, what: str) -> None:
        """Go on only where things are as they should be."""
        if not so:
            raise StoryError(f"The demo expects that {what}; this is not so.")

    def _show(self, mark: str, value: Mapping[str, JsonValue]) -> None:
        text = json.dumps(value, ensure_ascii=False)
        if len(text) > SHOWN_CHARACTERS:
            text = f"{text[:SHOWN_CHARACTERS].rpartition(' ')[0]} … ({len(text):,} characters)"
        self._line(f"{mark} {text}")

    def _line(self, text: str) -> None:
        if not self._wire:
            return
        screen.show_lines(
            textwrap.fill(
                text,
                self._width,
                initial_indent=INDENT,
                subsequent_indent=f"{INDENT}  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )


def listed(words: Sequence[str]) -> str:
    """Write words as a sentence lists them: one, another and a third."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _text(result: CallToolResult) -> str:
    return " ".join(block.text for block in result.content if isinstance(block, TextContent))
