"""The demo's accident: a server is killed in the midst of a sale, and another one ends it."""

import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, MCPError

from one_mcp.cli.storyteller import Answer, Storyteller

AMOUNT = "10"
BRIEFLY_S = 0.002
LONGEST_S = 60.0  # a lease of the dead, and what then has to be done
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has no other than the latter
RECORDED = "import os, pathlib; pathlib.Path({path!r}).write_text(str(os.getpid())); "
PROGRAM = "from one_mcp.__main__ import main; main()"


def program(path: Path) -> list[str]:
    """Start a server that leaves its number in a file, for whoever will kill it."""
    return ["-c", RECORDED.format(path=str(path)) + PROGRAM]


async def tell(agent: Storyteller, start: Callable[[], Client], pid: Path, token: str) -> None:
    """Have a server killed as it sells, and see the sale end as if nothing had been."""
    agent.chapter("A server is killed in the midst of a sale.")
    quote = await agent.call("quote_tokens", item=token, amount=AMOUNT)
    before, newest = await _sold(agent, token), await _newest(agent)
    state = await _cut_off(agent, partial(_buy, start, str(quote["quote"])), pid, newest)
    with anyio.fail_after(LONGEST_S):
        told = await _ended(agent, str(state["operation"]))
    await agent.call("purchase_tokens", quote=quote["quote"])
    after = await _sold(agent, token)
    agent.check(told["state"] == "done", "the sale has ended")
    agent.check(after - before == int(AMOUNT), "it was delivered once")
    agent.say(
        f"Done until then: {_done(state)}. Once the dead server's lease was over, another "
        f"one ended it: charged once, {AMOUNT} tokens more, and the same quote sent again sells "
        "nothing."
    )


async def _cut_off(
    agent: Storyteller, buy: Callable[[], Coroutine[Any, Any, None]], pid: Path, before: str
) -> Answer:
    """Kill a server once it has done something of a sale, and say how far it was."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(buy)
        state = await _begun(agent, before)
        os.kill(int(await anyio.Path(pid).read_text()), KILL)
        return state
    raise AssertionError  # the group suppresses nothing


async def _buy(start: Callable[[], Client], quote: str) -> None:
    """Buy at a server that will not live to answer."""
    async with start() as client:
        with suppress(MCPError):  # the connection is closed
            await client.call_tool("purchase_tokens", {"quote": quote})


async def _begun(agent: Storyteller, before: str) -> Answer:
    """Wait until something of the sale has happened, and say how far it is."""
    operation = before
    while operation == before:
        operation = await _newest(agent)
        await anyio.sleep(BRIEFLY_S)
    told = await agent.look("get_operation", id=operation)
    while told["state"] == "running" and not _done(told):
        await anyio.sleep(BRIEFLY_S)
        told = await agent.look("get_operation", id=operation)
    return told


async def _newest(agent: Storyteller) -> str:
    return str((await agent.look("list_operations", limit=1))["items"][0]["operation"])


def _done(told: Answer) -> str:
    return ", ".join(str(step["name"]) for step in told["steps"] if step["state"] == "done")


async def _ended(agent: Storyteller, operation: str) -> Answer:
    told = await agent.look("get_operation", id=operation)
    while told["state"] in {"running", "undoing"}:
        await anyio.sleep(1)
        told = await agent.look("get_operation", id=operation)
    return told


async def _sold(agent: Storyteller, token: str) -> int:
    held = await agent.look("get_holdings", id=token)
    return sum(int(Decimal(it.get("kept") or 0)) for it in held["holdings"])
