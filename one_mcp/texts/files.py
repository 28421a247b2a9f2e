"""Text files: read whole, as UTF-8 with plain line ends, or refused with what would work."""

import codecs
import os
import stat
from collections.abc import Callable
from typing import BinaryIO

from one_mcp.errors import TextFileError

LARGEST_BYTES = 8 * 1024**2


def read(open: Callable[[], BinaryIO]) -> str:
    """Read a file, which is opened here, since that may fail, too; raises TextFileError."""
    try:
        with open() as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise TextFileError("It is no ordinary file; copy its content into one.")
            if found.st_size > LARGEST_BYTES:
                raise _too_large(found.st_size)
            raw = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error
    if len(raw) > LARGEST_BYTES:
        raise _too_large(len(raw))
    return decoded(raw)


def decoded(raw: bytes) -> str:
    """Decode UTF-8 without its mark, and end every line the same way; raises TextFileError."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise TextFileError("It is UTF-16 or UTF-32; save it as UTF-8.")
    if b"\0" in raw:
        raise TextFileError(
            "It is binary, and no text: a PDF, an image or an archive, perhaps. "
            "Export it as Markdown, HTML or plain text."
        )
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TextFileError(
            f"It is not UTF-8: line {line} has the byte 0x{raw[error.start]:02X} where none can "
            "stand. If it is text in Latin-1 or Windows-1252, save it as UTF-8; if it is none, "
            "export it as Markdown, HTML or plain text.",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _too_large(size: int) -> TextFileError:
    return TextFileError(
        f"It has {size:,} bytes, and {LARGEST_BYTES:,} is the most that is read; "
        "cut it into several.",
        size_bytes=size,
    )


def _unreadable(error: OSError | ValueError) -> TextFileError:
    if isinstance(error, FileNotFoundError):
        return TextFileError("There is no such file; it may have been moved or deleted.")
    if isinstance(error, IsADirectoryError):
        return TextFileError("It is a folder; give the path of a file in it.")
    reason = error.strerror if isinstance(error, OSError) else None
    return TextFileError(f"It cannot be read: {reason or 'the path is not usable'}.")
