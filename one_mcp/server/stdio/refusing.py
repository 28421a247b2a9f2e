"""Refuse a client whose server cannot start: its requests are answered with the reason."""

import os
import select
import sys

from mcp_types import INTERNAL_ERROR, ErrorData, JSONRPCError, JSONRPCRequest

from one_mcp.opening.playing import Opening
from one_mcp.server.stdio import frames
from one_mcp.server.stdio.frames import LineBuffer

_PATIENCE_S = 5.0  # with a client that asks nothing; one may ask twice before it gives up
_CHUNK_BYTES = 64 * 1024


def refuse(sentence: str, opening: Opening) -> None:
    """Answer with an error whatever a client asks, until it asks nothing more."""
    if os.isatty(0):
        return
    lines = LineBuffer()
    chunk = opening.received
    while True:
        for line in lines.feed(chunk):
            message = frames.parse(line)
            if isinstance(message, JSONRPCRequest) and message.id not in opening.answered:
                error = ErrorData(code=INTERNAL_ERROR, message=sentence)
                answer = JSONRPCError(jsonrpc="2.0", id=message.id, error=error)
                os.write(1, frames.encode(answer) or b"")
        if not (chunk := _read()):
            return


def _read() -> bytes:
    """Read what comes; nothing where a client asks nothing, or has left."""
    if sys.platform == "win32" or not select.select([0], [], [], _PATIENCE_S)[0]:
        return b""
    return os.read(0, _CHUNK_BYTES)
