"""Secrets of the settings are found by the tests, hidden in the log, and in no refusal."""

import io
import logging
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from one_mcp import logs, secret_settings, settings
from one_mcp.errors import SettingsError
from tests.secrecy import marks
from tests.secrecy.marks import mark
from tests.secrecy.world import marked, secret

NAMES = [*marks.own(), *marks.plain()]
CONTROL, ENCODED = mark("control"), mark("another")
TAKEN_AS_THEY_ARE = {"OPENAI_API_KEY", *secret_settings.HEADERS}
WRONG = ("{0}", "'{0}'", "${{{0}}}", "{0} {0}", "smtp://{0}@", "http://x:{0}@y/[", "ff{0}")


def spellings() -> Iterator[bytes]:
    """Write a mark as somebody might who does not mean to."""
    whole = CONTROL.encode()
    yield whole
    yield whole[4:21]
    yield whole.hex().encode()
    yield whole.hex().upper()[7:].encode()
    yield "".join(f"%{byte:02X}" for byte in whole).encode()
    for before in ("", "a", "ab", "abc"):
        yield b64encode(f"{before}:{CONTROL}".encode())


@pytest.mark.parametrize("spelled", [*spellings()])
def test_a_mark_is_found_however_it_is_written(spelled: bytes) -> None:
    assert marks.is_in(CONTROL, b"before " + spelled + b" after")
    assert not marks.is_in(ENCODED, b"before " + spelled + b" after")


@pytest.fixture
def stderr() -> Iterator[io.StringIO]:
    """Somewhere to log to; the loggers are given back as they were."""
    root, one = logging.getLogger(), logging.getLogger("one_mcp")
    handlers, levels = root.handlers[:], (root.level, one.level)
    yield io.StringIO()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, one.level = handlers, *levels


@pytest.mark.parametrize("name", NAMES)
def test_what_is_set_as_a_secret_is_in_no_line_of_the_log(
    name: str, stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = secret(name)
    monkeypatch.setenv(name, value)
    logs.set_up("debug", stderr, secrets=secret_settings.texts(settings.load()))
    log = logging.getLogger("one_mcp.tests")

    log.warning("it was %s", value, extra={"detail": f"at {value}"})
    log.warning("it was %s", quote(value, safe=""), exc_info=RuntimeError(value))
    if "://" in value:  # which has a key in it
        log.warning("it was at /x/%s", marked(name))

    assert stderr.getvalue().count("it was") >= 2
    assert not marks.is_in(marked(name), stderr.getvalue().encode())


@pytest.mark.parametrize("name", sorted({*NAMES} - TAKEN_AS_THEY_ARE))
def test_no_refusal_of_a_setting_tells_its_value(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not name.startswith(settings.PREFIX):  # neither of these is read without the other
        for each in ("BASE_RPC_URL", "DEPLOYER_PRIVATE_KEY"):
            monkeypatch.setenv(each, secret(each))
    refused = 0
    for wrong in WRONG:
        monkeypatch.setenv(name, wrong.format(marked(name)))
        try:
            found = settings.load()
            found.stripe_access()
            found.mail_access()
            found.chain_access(live_money=False)
        except SettingsError as error:
            refused += 1
            told = f"{error} {error.data()} {error.__cause__!r}"
            assert not marks.is_in(marked(name), told.encode())

    assert refused > 0
