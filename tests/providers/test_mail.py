"""The contract of mail: what every mailer does, and refuses, in the same way."""

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from starlette.responses import Response

from one_mcp.errors import SettingsError
from one_mcp.mail_settings import MailSettings, SmtpAccess
from one_mcp.money_errors import ProviderError
from one_mcp.providers import catalog
from one_mcp.providers.mailing import Mailing
from one_mcp.providers.ports.mail import Mail, Mailer
from one_mcp.providers.resend import Resend
from one_mcp.providers.simulated.mail import KIND
from one_mcp.providers.wire import VendorWire
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session
from one_mcp.settings import Settings
from tests.providers.mails import (
    KEY,
    REFUSED,
    Arrived,
    ResendServer,
    SmtpHandler,
    refusal,
    smtp_server,
)
from tests.providers.stripes import served

pytestmark = pytest.mark.anyio
SENDER = "Jane's Shop <shop@example.com>"
MAIL = Mail("bob@example.com", "Deine Quittung: 12,50 €", "Grüße\nJane", "<p>Grüße<br>Jane</p>")
SEEN = Arrived(SENDER, MAIL.to, MAIL.subject, MAIL.text, MAIL.html)


def mailing(**given: object) -> Mailing:
    return Mailing(MailSettings.model_validate({"mail_from": SENDER, **given}))


@dataclass
class Partner:
    """A mailer and what arrived of its mails."""

    mailer: Mailer
    arrived: Any  # a list that grows, or a function that looks


@asynccontextmanager
async def resending() -> AsyncIterator[tuple[Resend, ResendServer]]:
    server = ResendServer()
    async with served(server.app()) as url:
        access = MailSettings.model_validate(
            {"resend_api_key": KEY, "resend_api_url": url, "mail_from": SENDER}
        ).mail_access()
        assert access is not None
        assert access.kind == "resend"
        mailer = Resend(access, VendorWire("Resend", jitter=lambda: 0))
        yield mailer, server
        await mailer.close()


@pytest.fixture
async def resend() -> AsyncIterator[tuple[Resend, ResendServer]]:
    async with resending() as made:
        yield made


@pytest.fixture(params=["simulated", "resend", "smtp"])
async def partner(request: pytest.FixtureRequest, one: Session) -> AsyncIterator[Partner]:
    """Each adapter in turn."""
    match request.param:
        case "simulated":
            cabinet = SimulatedCabinet(one)

            async def seen() -> list[Arrived]:
                found = await cabinet.open(lambda drawer: drawer.find(KIND, ""))
                return [
                    Arrived(SENDER, *(str(it[name]) for name in ("to", "subject", "text", "html")))
                    for it in found
                ]

            yield Partner(mailing().simulated(cabinet), seen)
        case "resend":
            async with resending() as (mailer, server):
                yield Partner(mailer, server.arrived)
        case _:
            handler = SmtpHandler()
            async with smtp_server(handler) as port:
                chosen = mailing(smtp_url=f"smtp://127.0.0.1:{port}")
                yield Partner(await chosen.live(), handler.arrived)
                await chosen.close()


async def arrived(partner: Partner) -> list[Arrived]:
    return partner.arrived if isinstance(partner.arrived, list) else await partner.arrived()


async def test_a_mail_arrives_as_it_was_written(partner: Partner) -> None:
    assert await partner.mailer.send(MAIL, "mail_1")

    assert await arrived(partner) == [SEEN]


async def test_a_check_sends_nothing_and_says_what_was_heard(partner: Partner) -> None:
    said = (await partner.mailer.check()).says

    assert {"simulated": "to nobody", "resend": "example.com", "smtp": "127.0.0.1"}[
        partner.mailer.name
    ] in said
    assert await arrived(partner) == []


async def test_a_key_that_is_remembered_sends_one_mail(partner: Partner) -> None:
    first = await partner.mailer.send(MAIL, "mail_1")
    again = await partner.mailer.send(MAIL, "mail_1")
    await partner.mailer.send(replace(MAIL, to="ann@example.com"), "mail_2")

    assert again == first  # of SMTP a Message-ID, by which a mailbox knows the second for the first
    assert len(await arrived(partner)) == (2 if partner.mailer.remembers_ms else 3)


async def test_a_subject_begins_no_other_header(partner: Partner) -> None:
    if partner.mailer.name == "smtp":
        with pytest.raises(ProviderError) as refused:
            await partner.mailer.send(replace(MAIL, subject="Hi\r\nBcc: eve@example.com"), "mail_1")
        assert (refused.value.outcome, refused.value.retryable) == ("failed", False)
    else:  # a field of JSON has no headers beside it
        await partner.mailer.send(replace(MAIL, subject="Hi\r\nBcc: eve@example.com"), "mail_1")

    assert all(it.to == MAIL.to for it in await arrived(partner))


@pytest.mark.parametrize("partner", ["resend", "smtp"], indirect=True)
async def test_an_address_that_is_refused_is_refused_for_good(partner: Partner) -> None:
    with pytest.raises(ProviderError) as refused:
        await partner.mailer.send(replace(MAIL, to=REFUSED), "mail_1")

    assert (refused.value.outcome, refused.value.retryable) == ("failed", False)
    assert REFUSED not in str(refused.value)  # an address stands in no log


async def test_a_key_of_another_mail_is_no_new_mail(
    resend: tuple[Resend, ResendServer], one: Session
) -> None:
    mailer, server = resend
    for each in (mailer, mailing().simulated(SimulatedCabinet(one))):
        await each.send(MAIL, "mail_1")
        with pytest.raises(ProviderError) as refused:
            await each.send(replace(MAIL, text="another"), "mail_1")
        assert (refused.value.outcome, refused.value.retryable) == ("unknown", False)

    assert server.arrived == [SEEN]


async def test_a_lost_answer_of_resend_is_asked_for_again_and_sends_once(
    resend: tuple[Resend, ResendServer],
) -> None:
    mailer, server = resend
    server.lost = 1

    assert await mailer.send(MAIL, "mail_1")

    assert [it["idempotency-key"] for it in server.asked] == ["mail_1", "mail_1"]
    assert server.arrived == [SEEN]


@pytest.mark.parametrize(
    ("status", "name", "outcome", "retryable"),
    [
        (403, "invalid_api_key", "failed", False),
        (422, "validation_error", "failed", False),
        (429, "rate_limit_exceeded", "failed", True),
        (429, "daily_quota_exceeded", "failed", False),
        (409, "concurrent_idempotent_requests", "unknown", True),
        (500, "application_error", "unknown", True),
    ],
)
async def test_a_refusal_of_resend_says_whether_to_try_again(
    resend: tuple[Resend, ResendServer], status: int, name: str, outcome: str, *, retryable: bool
) -> None:
    mailer, server = resend
    server.next = [refusal(status, name, f"no, with {KEY}") for _ in range(3)]

    with pytest.raises(ProviderError) as refused:
        await mailer.send(MAIL, "mail_1")

    assert (refused.value.outcome, refused.value.retryable) == (outcome, retryable)
    assert refused.value.fields["provider_code"] == name
    assert KEY not in str(refused.value.data())


async def test_an_answer_of_resend_that_is_none_leaves_it_open(
    resend: tuple[Resend, ResendServer],
) -> None:
    mailer, server = resend
    server.next = [Response(b"<html>", 200)]

    with pytest.raises(ProviderError) as unread:
        await mailer.send(MAIL, "mail_1")

    assert (unread.value.outcome, unread.value.retryable) == ("unknown", True)


async def test_a_mail_server_that_is_not_there_sent_nothing() -> None:
    mailer = await mailing(smtp_url="smtp://127.0.0.1:9").live()

    with pytest.raises(ProviderError) as down:
        await mailer.send(MAIL, "mail_1")

    assert (down.value.outcome, down.value.retryable) == ("failed", True)


async def test_silence_after_the_mail_leaves_open_whether_it_was_taken() -> None:
    handler = SmtpHandler(drops=1)
    async with smtp_server(handler) as port:
        mailer = await mailing(smtp_url=f"smtp://127.0.0.1:{port}").live()
        with pytest.raises(ProviderError) as silent:
            await mailer.send(MAIL, "mail_1")

    assert (silent.value.outcome, silent.value.retryable) == ("unknown", True)
    assert handler.arrived == [SEEN]


@pytest.mark.parametrize(
    ("answer", "retryable"), [("451 later", True), ("554 no spam here", False)]
)
async def test_a_mail_server_that_refuses_what_it_read_did_not_take_it(
    answer: str, *, retryable: bool
) -> None:
    handler = SmtpHandler(next=[answer])
    async with smtp_server(handler) as port:
        mailer = await mailing(smtp_url=f"smtp://127.0.0.1:{port}").live()
        with pytest.raises(ProviderError) as refused:
            await mailer.send(MAIL, "mail_1")

    assert (refused.value.outcome, refused.value.retryable) == ("failed", retryable)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody else has signed, and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_mail_server_is_spoken_to_in_private_and_by_password(
    scheme: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    known: list[tuple[bytes, bytes]] = []

    def authenticate(_: Any, __: Any, ___: Any, ____: Any, data: Any) -> Any:
        known.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss", handled=False)

    tls = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context}
    required = {"require_starttls": scheme == "smtp", "auth_require_tls": scheme == "smtp"}
    handler = SmtpHandler()
    async with smtp_server(handler, authenticator=authenticate, **required, **tls) as port:
        url = f"{scheme}://jane:p%40ss@localhost:{port}"
        stranger = await mailing(smtp_url=url).live()
        with pytest.raises(ProviderError) as unsafe:  # nobody vouches for the certificate
            await stranger.send(MAIL, "mail_1")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        await (await mailing(smtp_url=url).live()).send(MAIL, "mail_1")
        wrong = await mailing(smtp_url=url.replace("p%40ss", "hunter2")).live()
        with pytest.raises(ProviderError) as refused:
            await wrong.send(MAIL, "mail_2")

    assert unsafe.value.outcome == "failed"
    assert handler.arrived == [SEEN]
    assert {*known} == {(b"jane", b"p@ss"), (b"jane", b"hunter2")}
    assert (refused.value.outcome, refused.value.retryable) == ("failed", False)
    assert "hunter2" not in str(refused.value.data())


def test_a_mail_server_elsewhere_has_to_encrypt() -> None:
    access = MailSettings.model_validate(
        {"smtp_url": "smtp://mail.example.com", "mail_from": SENDER}
    ).mail_access()

    assert isinstance(access, SmtpAccess)
    assert (access.host, access.port, access.tls) == ("mail.example.com", 587, False)
    assert catalog.mailer(access)._server()._start_tls_on_connect is True  # type: ignore[attr-defined]


def test_the_names_of_the_specification_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESEND_API_KEY", KEY)
    monkeypatch.setenv("RESEND_FROM_EMAIL", SENDER)

    plain = MailSettings().mail_access()
    elsewhere = MailSettings.model_validate({"resend_api_url": "http://127.0.0.1:9"})

    assert plain is not None
    assert plain.kind == "resend"
    assert (plain.key.get_secret_value(), plain.sender) == (KEY, SENDER)
    assert elsewhere.mail_access() is None  # whoever set the key meant Resend
    assert KEY not in repr(plain)


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"resend_api_key": KEY}, "ONE_MCP_MAIL_FROM"),
        ({"smtp_url": "smtp://localhost"}, "ONE_MCP_MAIL_FROM"),
        (
            {"resend_api_key": KEY, "smtp_url": "smtp://localhost", "mail_from": "a@example.com"},
            "ONE_MCP_SMTP_URL",
        ),
    ],
)
def test_half_of_what_mails_take_is_refused(given: dict[str, str], setting: str) -> None:
    with pytest.raises(SettingsError) as refused:
        MailSettings.model_validate(given).mail_access()

    assert refused.value.fields["setting"] == setting


@pytest.mark.parametrize(
    "given",
    [
        {"mail_from": "nobody"},
        {"mail_from": "a@example.com\nBcc: b@example.com"},
        {"smtp_url": "http://localhost"},
        {"smtp_url": "smtp://jane@localhost"},
        {"smtp_url": "smtp://localhost:99999"},
        {"resend_api_url": "http://example.com"},
    ],
)
def test_a_setting_that_cannot_work_is_refused(given: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"such as|on this machine|a user and"):
        Settings.model_validate({"database": tmp_path / "one.db", **given})
