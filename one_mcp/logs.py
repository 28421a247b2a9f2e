"""Logging: one line each on stderr (stdout is the wire), without secrets or e-mail addresses."""

import logging
import re
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

REDACTED = "[redacted]"
LONGEST_LINE = 4_000
INNERMOST_FRAMES = 8

_SENSITIVE = r"(?:api|access|secret|private)[_-]?key|token|secret|password|passwd|authorization"
_SENSITIVE_FIELD = re.compile(rf"(?:.*_)?(?:{_SENSITIVE}|e-?mail|cookie)", re.IGNORECASE)
_NAMED_SECRET = re.compile(
    rf"""(?ix)
    ( (?:{_SENSITIVE}) ["']? \s* [:=] \s* ["']? (?:(?:bearer|basic)\s+)? )
    (?!\[redacted\]) [^\s"',;&}}\]]+
    """
)
_BARE_SECRET = re.compile(
    r"""(?x)
    -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*-----|$)
    | \b(?:[Bb]earer|[Bb]asic)\s+[\w.~+/=-]{8,}
    | \beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]+)?                    # a JSON web token
    | \b(?:sk|pk|rk|whsec|xox[a-z]|gh[a-z]|github_pat|glpat|hf|AIza|AKIA|ASIA)[_-]?[\w-]{12,}
    | \b0x[0-9a-fA-F]{64}\b                                  # a private key of a chain
    | (?<![\w/.-])(?=[\w+/-]*\d)(?=[\w+/-]*[A-Za-z])[\w+-]{40,}=*  # long and random
    | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)                        # user and password in a URL
    """
)
_EMAIL = re.compile(r"[\w.%+-]+@[\w-]+(?:\.[\w-]+)+")
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Replace what looks like a key, a token, a password or an e-mail address.

    The second net: no line should carry these in the first place.
    """
    text = _NAMED_SECRET.sub(rf"\g<1>{REDACTED}", text)
    return _EMAIL.sub(REDACTED, _BARE_SECRET.sub(REDACTED, text))


def hide(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets that are known, as they are and as a URL spells them."""
    spelled = {form for each in secrets for form in (each, quote(each, safe=""))}
    for each in sorted(spelled, key=len, reverse=True):  # a whole one before what is a part of it
        text = text.replace(each, REDACTED)
    return text


class OneLine(logging.Formatter):
    """`12:00:01.250 INFO one_mcp.jobs: job done; job=j_1 error=ValueError: no [work.py:7 run]`.

    `secrets` are those of the settings: what libraries tell by themselves may have one in it.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        said = self._redacted(record.getMessage())
        line = f"{at}.{int(record.msecs):03} {record.levelname} {record.name}: {said}"
        facts = [f"{name}={self._fact(name, value)}" for name, value in _fields(record)]
        if record.exc_info and record.exc_info[1]:
            facts.append(f"error={self._redacted(_told(record.exc_info[1]))}")
        if facts:
            line += "; " + " ".join(facts)
        flat = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
        return flat if len(flat) <= LONGEST_LINE else flat[:LONGEST_LINE] + "…"

    def _redacted(self, text: str) -> str:
        return redact(hide(text, self._secrets))

    def _fact(self, name: str, value: object) -> str:
        if _SENSITIVE_FIELD.fullmatch(name):
            return REDACTED
        text = self._redacted(str(value))
        return repr(text) if " " in text else text


def _fields(record: logging.LogRecord) -> list[tuple[str, object]]:
    return [item for item in vars(record).items() if item[0] not in _STANDARD_FIELDS]


def _told(error: BaseException) -> str:
    """Tell an exception, its causes and where they were raised, innermost call first."""
    frames = traceback.extract_tb(error.__traceback__)[::-1][:INNERMOST_FRAMES]
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames
    )
    told = f"{type(error).__name__}: {error} [{places}]"
    if isinstance(error, BaseExceptionGroup):
        parts: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # its type variable is lost
        told += "".join(f" holds {_told(part)}" for part in parts)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{told} caused by {_told(cause)}" if cause else told


def set_up(level: str, stream: TextIO | None = None, *, secrets: Iterable[str] = ()) -> None:
    """Log this package from `level` on; other packages only from warnings on.

    None of the `secrets` is ever told.

    Runs before the SDK is built: it adds handlers of its own where it finds none. Libraries stay
    quiet even at debug, since they log arguments, and so what people wrote.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine(secrets))
    wanted = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(handlers=[handler], level=max(wanted, logging.WARNING), force=True)
    logging.getLogger("one_mcp").setLevel(wanted)
    logging.captureWarnings(capture=True)
