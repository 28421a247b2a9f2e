"""The postbox: what the doctor says of mails, those of the settings and those in the file."""

from collections import Counter

from one_mcp.dimensions.commerce import mails
from one_mcp.dimensions.commerce.outbox import MailState
from one_mcp.errors import SettingsError
from one_mcp.mail_settings import MailSettings
from one_mcp.services.findings import Finding
from one_mcp.store.work import Work


def configured(settings: MailSettings, *, live_money: bool) -> Finding:
    """Say who sends mails, or that nobody does although real money may move."""
    try:
        access = settings.mail_access()
    except SettingsError as error:
        return Finding(check="mail", state="problem", says=str(error))
    if access is None:
        return Finding(
            check="mail",
            state="note" if live_money else "ok",
            says="nobody sends mails, so live sales send no receipts; set ONE_MCP_RESEND_API_KEY "
            "or ONE_MCP_SMTP_URL. Receipts of simulated sales are kept: `one-mcp mails`",
        )
    return Finding(check="mail", state="ok", says=f"receipts of live sales go out by {access.kind}")


def examine(works: list[Work]) -> Finding:
    """Say which mails did not go out; `works` has one for each organization."""
    totals = Counter[str]()
    for work in works:
        totals.update(mails.counts(work))
    lost = {
        "could not be sent": totals[MailState.FAILED],
        "may have gone out or not, and are not sent again": totals[MailState.UNKNOWN],
    }
    told = [f"{count} {what}" for what, count in lost.items() if count]
    if told:
        return Finding(
            check="outbox", state="warning", says=f"{', '.join(told)}; `one-mcp mails` lists them."
        )
    waiting = totals[MailState.QUEUED]
    says = f"{waiting} wait to be sent" if waiting else "no mail waits"
    return Finding(check="outbox", state="ok", says=says)
