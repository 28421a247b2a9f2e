import io
import logging
import warnings
from collections.abc import Iterator

import pytest

from one_mcp import logs

log = logging.getLogger("one_mcp.tests")


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """Give the root logger back as it was."""
    root, own = logging.getLogger(), logging.getLogger("one_mcp")
    handlers, level, own_level = root.handlers[:], root.level, own.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, own.level = handlers, level, own_level
    root.setLevel(level)
    own.setLevel(own_level)


@pytest.fixture
def stderr() -> io.StringIO:
    return io.StringIO()


def test_a_line_carries_its_values_as_fields(stderr: io.StringIO) -> None:
    logs.set_up("info", stderr)

    log.info("job done", extra={"job": "job_1", "took_ms": 12, "note": "two words"})

    line = stderr.getvalue()
    assert line.endswith(" INFO one_mcp.tests: job done; job=job_1 took_ms=12 note='two words'\n")


def test_an_exception_with_its_cause_stays_one_line(stderr: io.StringIO) -> None:
    logs.set_up("error", stderr)

    outer = ValueError("outer")
    outer.__cause__ = KeyError("inner\nline")

    log.error("tool failed", exc_info=outer, extra={"reference": "r_1"})

    assert stderr.getvalue().count("\n") == 1
    assert "reference=r_1 error=" in stderr.getvalue()
    assert "ValueError: outer" in stderr.getvalue()
    assert "caused by KeyError" in stderr.getvalue()


def test_every_exception_of_a_group_is_told(stderr: io.StringIO) -> None:
    logs.set_up("error", stderr)

    log.error("failed", exc_info=ExceptionGroup("two", [ValueError("a"), TypeError("b")]))

    assert "ValueError: a" in stderr.getvalue()
    assert "TypeError: b" in stderr.getvalue()


@pytest.mark.parametrize(
    "secret",
    [
        "jane.doe+x@example.co.uk",
        "sk-proj-abcdefghijklmnop1234",
        "sk_live_51H8abcdefghijkl",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "AKIAIOSFODNN7EXAMPLE",
        "0x" + "ab12" * 16,
        "hunter2:correcthorse",
    ],
)
def test_what_looks_like_a_secret_never_reaches_the_log(stderr: io.StringIO, secret: str) -> None:
    logs.set_up("debug", stderr)

    log.warning("asked https://%s@example.com/x", secret)
    log.warning("got %s", secret if ":" not in secret else f"password: {secret}")
    log.warning("had", extra={"api_key": secret, "detail": f"Authorization: Bearer {secret}"})
    log.warning("raised", exc_info=RuntimeError(f'{{"token": "{secret}"}}'))

    assert secret not in stderr.getvalue()
    assert stderr.getvalue().count(logs.REDACTED) >= 4


@pytest.mark.parametrize(
    "harmless",
    [
        "ent_06bq1x5w8k3m9n2p",
        "/home/jane/.one_mcp/one.db",
        "/usr/lib/python3.13/site-packages/one_mcp/store/sqlite/connection.py",
        "one://entities/ent_06bq1x5w8k3m9n2p/graph",
        "tokens_purchased",
    ],
)
def test_ids_and_paths_are_left_alone(harmless: str) -> None:
    assert logs.redact(f"at {harmless}, {harmless}") == f"at {harmless}, {harmless}"


def test_libraries_stay_quiet_at_debug(stderr: io.StringIO) -> None:
    logs.set_up("debug", stderr)

    logging.getLogger("aiosqlite").debug("executing INSERT with what people wrote")
    log.debug("free")

    assert "what people wrote" not in stderr.getvalue()
    assert "free" in stderr.getvalue()


def test_levels_below_the_setting_are_silent(stderr: io.StringIO) -> None:
    logs.set_up("error", stderr)

    log.warning("not this")
    logging.getLogger("mcp").warning("nor this")

    assert stderr.getvalue() == ""


def test_python_warnings_are_logged_in_one_line(stderr: io.StringIO) -> None:
    logs.set_up("warning", stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning(UserWarning("old"), UserWarning, "file.py", 3)

    assert stderr.getvalue().count("\n") == 1
    assert "UserWarning: old" in stderr.getvalue()


def test_control_characters_cannot_forge_lines(stderr: io.StringIO) -> None:
    logs.set_up("warning", stderr)

    log.warning("name %s", "a\n12:00:00.000 ERROR forged\x1b[31m")

    assert stderr.getvalue().count("\n") == 1
    assert "\x1b" not in stderr.getvalue()
