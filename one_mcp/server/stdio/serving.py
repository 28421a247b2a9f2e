"""Serve one client over stdin and stdout, without a thread hand-off per message.

Three things end it: the end of stdin, nobody left to read stdout, SIGINT or SIGTERM. A client that
dies closes its ends of both pipes, so it is noticed at once. The parent's process id is not
watched: a launcher such as a shell may end while the client lives on. The one case that stays
unnoticed is a dead client whose ends of both pipes live on in a child of its own.
"""

import logging
import os
import select
import signal
import stat
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Never

import anyio
from mcp.server import Server
from mcp.server.models import InitializationOptions
from mcp.server.stdio import stdio_server

from one_mcp.opening.playing import Opening
from one_mcp.server.stdio.inlet import Inlet
from one_mcp.server.stdio.outlet import Outlet

if sys.platform != "win32":
    import fcntl

_HUNG_S = 5.0  # whatever still runs after the client has left gets this long
_FLUSH_S = 1.0  # and a client that left but may still read, this long


_NOTHING = Opening()


async def serve(
    server: Server[Any], options: InitializationOptions, opening: Opening = _NOTHING
) -> None:
    """Serve until the client leaves; what it asked just before is still answered.

    `opening` is what was exchanged before.
    """
    if sys.platform == "win32":  # pipes cannot be waited for there
        async with stdio_server() as (read, write):
            await server.run(read, write, options)
    else:
        async with _pipes(opening) as (inlet, outlet):
            await server.run(inlet, outlet, options)


def leave(code: int = 0) -> Never:
    """End the process at once: to take the interpreter down politely costs 0.3 s of CPU."""
    logging.shutdown()
    os._exit(code)


@asynccontextmanager
async def _pipes(opening: Opening) -> AsyncGenerator[tuple[Inlet, Outlet]]:
    with _wire(0, os.devnull) as stdin, _wire(1, 2) as stdout:
        outlet = Outlet(stdout.descriptor, pollable=stdout.pollable, opening=opening)
        inlet = Inlet(stdin.descriptor, outlet, pollable=stdin.pollable, received=opening.received)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outlet.drain)
            tasks.start_soon(_end_when_broken, inlet, outlet)
            tasks.start_soon(_end_when_hung, inlet)
            if stdout.pollable:
                tasks.start_soon(_watch_reader, stdout.descriptor, outlet)
            if threading.current_thread() is threading.main_thread():
                tasks.start_soon(_end_on_signal, inlet)
            yield inlet, outlet
            with anyio.move_on_after(_FLUSH_S):
                await outlet.flush()
            tasks.cancel_scope.cancel()


async def _end_when_broken(inlet: Inlet, outlet: Outlet) -> None:
    await outlet.broken.wait()
    inlet.end()


async def _end_on_signal(inlet: Inlet) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            inlet.end()
            return  # a second signal finds Python's own handlers again


async def _end_when_hung(inlet: Inlet) -> None:
    await inlet.left.wait()
    timer = threading.Timer(_HUNG_S, os._exit, (1,))  # a thread: the event loop may be what hangs
    timer.daemon = True
    timer.start()
    try:
        await anyio.sleep_forever()
    finally:
        timer.cancel()


async def _watch_reader(descriptor: int, outlet: Outlet) -> None:
    """Notice when nobody can read stdout any more; only an error or a hang-up wakes a write end."""
    await anyio.wait_readable(descriptor)
    poll = select.poll()
    poll.register(descriptor, 0)
    if poll.poll(0):
        outlet.break_off()


@dataclass(frozen=True, slots=True)
class _Wire:
    descriptor: int
    pollable: bool


@contextmanager
def _wire(standard: int, diversion: int | str) -> Generator[_Wire]:
    """Take a standard stream for the protocol alone: prints and children get the diversion."""
    pollable = _pollable(standard)
    blocking = os.get_blocking(standard)
    private = fcntl.fcntl(standard, fcntl.F_DUPFD_CLOEXEC, 3)
    _divert(standard, diversion)
    if pollable:
        os.set_blocking(private, False)
    try:
        yield _Wire(private, pollable)
    finally:
        os.set_blocking(private, blocking)  # others may hold the same pipe
        os.dup2(private, standard)
        if pollable:  # else a thread may still be reading it
            os.close(private)


def _pollable(standard: int) -> bool:
    """Say whether a stream can be waited for; stdout only while stderr is not the same stream."""
    mode = os.fstat(standard).st_mode
    shared = standard == 1 and os.path.sameopenfile(1, 2)  # non-blocking, stderr would lose lines
    return (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) and not shared


def _divert(standard: int, diversion: int | str) -> None:
    target = os.open(diversion, os.O_RDWR) if isinstance(diversion, str) else os.dup(diversion)
    os.dup2(target, standard)
    os.close(target)
