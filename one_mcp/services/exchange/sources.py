"""Where an import comes from: a file or a text, read line by line as UTF-8."""

import codecs
import io
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from one_mcp.errors import BrokenLineError, ImportFileError
from one_mcp.services.exchange.meter import Meter
from one_mcp.services.exchange.places import Spot

LARGEST_FILE_BYTES = 4 * 1024**3
LONGEST_LINE_BYTES = 24 * 1024**2  # of the longest document there is room for, in any script
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True, slots=True)
class Source:
    """Lines of a file, or of a text that came with the call. It can be read more than once."""

    name: str
    spot: Spot | None
    text: bytes
    meter: Meter

    @contextmanager
    def open(self) -> Generator[BinaryIO]:
        """Open the source for one reading."""
        if self.spot is None:
            yield io.BytesIO(self.text)
            return
        try:
            file = self.spot.open()
        except OSError as error:
            raise _unreadable(self.spot, self.name, error) from error
        with file:
            yield file

    def lines(self) -> Iterator[tuple[int, str | BrokenLineError]]:
        """Read numbered lines, each with its end; one that is too long is an error in its place.

        Raises ImportFileError where the file is not UTF-8, or cannot be read to its end.
        """
        with self.open() as file:
            number = 0
            while raw := self._read(file):
                number += 1
                if number == 1:
                    raw = self._without_mark(raw)
                self.meter.advance(len(raw))
                if len(raw) >= LONGEST_LINE_BYTES and not raw.endswith(b"\n"):
                    self._skip(file)
                    yield (
                        number,
                        BrokenLineError(f"The line is longer than {LONGEST_LINE_BYTES:,} bytes."),
                    )
                else:
                    yield number, self._decoded(number, raw)

    def _read(self, file: BinaryIO) -> bytes:
        try:
            return file.readline(LONGEST_LINE_BYTES)
        except OSError as error:
            raise _unreadable(self.spot, self.name, error) from error

    def _skip(self, file: BinaryIO) -> None:
        while rest := self._read(file):
            self.meter.advance(len(rest))
            if rest.endswith(b"\n"):
                return

    def _without_mark(self, raw: bytes) -> bytes:
        if raw.startswith(WIDE):
            raise ImportFileError(
                f"{self.name} is UTF-16 or UTF-32; save it as UTF-8 and import it again."
            )
        return raw.removeprefix(codecs.BOM_UTF8)

    def _decoded(self, number: int, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise ImportFileError(
                f"{self.name} is not UTF-8: line {number} has the byte "
                f"0x{raw[error.start]:02X} where none can stand. It may be Latin-1 or "
                "Windows-1252; save it as UTF-8 and import it again.",
                line=number,
            ) from error


def of_text(text: str) -> Source:
    """Read a text that came with the call."""
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise ImportFileError(
            f"data has half a surrogate pair at character {error.start}, which is no text."
        ) from error
    return Source("data", None, raw, Meter("bytes", len(raw)))


def of_file(spot: Spot) -> Source:
    """Read a file; raises ImportFileError where it is missing, no file, or too large."""
    path = spot.path
    try:
        found = spot.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(spot, str(path), error) from error
    if stat.S_ISDIR(found.st_mode):
        raise ImportFileError(
            f"{path} is a folder, which only Markdown is imported from; "
            "give the path of a file in it."
        )
    if not stat.S_ISREG(found.st_mode):
        raise ImportFileError(f"{path} is no ordinary file; copy its content into one.")
    if found.st_size > LARGEST_FILE_BYTES:
        raise ImportFileError(
            f"{path} has {found.st_size:,} bytes, and {LARGEST_FILE_BYTES:,} is the most that one "
            "import takes; cut it into several files.",
            size_bytes=found.st_size,
        )
    return Source(path.name, spot, b"", Meter("bytes", found.st_size))


def _unreadable(spot: Spot | None, name: str, error: Exception) -> ImportFileError:
    if spot is not None and isinstance(error, FileNotFoundError):
        return ImportFileError(f"There is no file {name}; {spot.reach.beginning}.")
    reason = error.strerror if isinstance(error, OSError) else "the path is not usable"
    return ImportFileError(f"{name} cannot be read: {reason}.")
