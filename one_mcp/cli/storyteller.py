"""Tells a story by living it: every call goes to a real server, and both sides are shown."""

import json
import shutil
import textwrap
from collections.abc import Mapping
from typing import Any

from mcp import Client
from mcp_types import CallToolResult, TextContent, TextResourceContents

from one_mcp.cli import screen
from one_mcp.errors import OneError
from one_mcp.jsons import JsonValue

SHOWN_CHARACTERS = 560
NARROWEST, WIDEST = 72, 108
Answer = dict[str, Any]  # JSON, as the client hands it out


class StoryError(OneError):
    """Something in the story was not as it should be."""

    code = "STORY"


class Storyteller:
    """One client, and whoever reads along."""

    def __init__(self, client: Client, *, called: str = "") -> None:
        self.client = client
        self._called = f"{called} " if called else ""
        self._width = min(WIDEST, max(NARROWEST, shutil.get_terminal_size((96, 24)).columns))
        self._chapters = 0
        self._last: tuple[str, dict[str, JsonValue]] = ("", {})

    def chapter(self, sentence: str) -> None:
        """Say what comes next."""
        self._chapters += 1
        screen.show()
        screen.show_lines(textwrap.fill(f"{self._chapters}. {sentence}", self._width))

    def say(self, sentence: str) -> None:
        """Say something between two calls."""
        screen.show_lines(self._wrapped(sentence))

    async def call(self, tool: str, /, **arguments: JsonValue) -> Answer:
        """Call a tool and return its structured answer, which is what a model reads.

        Raises StoryError where the call fails.
        """
        if (tool, arguments) == self._last:
            self.say(f"> {tool} with the same arguments")
        else:
            self._show(f"{self._called}> {tool}", arguments)
        self._last = (tool, arguments)
        result = await self.client.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            raise StoryError(f"{tool} failed: {_text(result)}")
        self._show("<", result.structured_content)
        return result.structured_content

    async def read(self, uri: str) -> str:
        """Read a resource and return its text."""
        screen.show_lines(self._wrapped(f"> read {uri}"))
        result = await self.client.read_resource(uri, cache_mode="bypass")
        first = result.contents[0]
        if not isinstance(first, TextResourceContents):
            raise StoryError(f"{uri} is no text")
        screen.show_lines(textwrap.indent(first.text.rstrip(), "   < "))
        return first.text

    def check(self, so: bool, what: str) -> None:
        """Go on only where things are as they should be."""
        if not so:
            raise StoryError(f"The demo expects that {what}; this is not so.")

    def _show(self, mark: str, value: Mapping[str, JsonValue]) -> None:
        text = json.dumps(value, ensure_ascii=False)
        if len(text) > SHOWN_CHARACTERS:
            text = f"{text[:SHOWN_CHARACTERS].rpartition(' ')[0]} … ({len(text):,} characters)"
        screen.show_lines(self._wrapped(f"{mark} {text}"))

    def _wrapped(self, text: str) -> str:
        return textwrap.fill(
            text,
            self._width,
            initial_indent="   ",
            subsequent_indent="     ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _text(result: CallToolResult) -> str:
    return " ".join(block.text for block in result.content if isinstance(block, TextContent))
