"""`one-mcp mails`: see what the outbox holds, and read a mail as its recipient would."""

from functools import partial

import anyio
import click

from one_mcp import clock
from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.dimensions.commerce import mails
from one_mcp.dimensions.commerce.mails import KeptMail
from one_mcp.dimensions.commerce.receipts import Letter
from one_mcp.errors import NotFoundError
from one_mcp.providers import messages
from one_mcp.providers.ports.mail import Mail
from one_mcp.session import Call
from one_mcp.settings import Settings

EPILOG = """\b
Examples:
  one-mcp mails
  one-mcp mails show op_01m2… > receipt.eml

Exit codes: 0 it worked; 1 there is no such mail; 2 usage."""
_NOBODY = "one-mcp@localhost.invalid"  # where the settings name no sender


@click.command("mails", epilog=EPILOG)
@click.argument("act", type=click.Choice(("list", "show")), default="list")
@click.argument("id", required=False, metavar="[OPERATION]")
@options.settings("database", "packs", "log_level", "mail_from")
@options.as_json
def command(act: str, id: str | None, *, as_json: bool) -> None:
    """See what the outbox holds, and read a mail as its recipient would.

    It has receipts of sales and refunds, each with what became of it. show writes a mail out as a
    file that mail programs open (.eml). Those of simulated sales are sent to nobody, say simulated,
    and can be read here.
    """
    settings = options.existing()
    if (id is None) != (act == "list"):
        raise click.UsageError(f"{act} takes {'no' if id else 'an'} OPERATION.")
    anyio.run(partial(_act, settings, id, as_json=as_json))


async def _act(settings: Settings, id: str | None, *, as_json: bool) -> None:
    async with open_app(settings) as app:
        one = app.session(Call("mails", client=screen.CLIENT), app.owner)
        if id is None:
            _show_list(await one.read(mails.listed), as_json=as_json)
            return
        letter = await one.read(mails.read, id)
        if letter is None:
            raise NotFoundError(f"{id} has no mail; `one-mcp mails` lists those there are.", id=id)
        _show(id, letter, settings.mail_from or _NOBODY, as_json=as_json)


def _show_list(found: list[KeptMail], *, as_json: bool) -> None:
    if as_json:
        screen.show_json({"mails": [_told(it) for it in found]})
        return
    for it in found:
        screen.show(f"{it.operation}  {it.state:<9}  {it.recipient}  {it.subject}")
        if it.problem:
            screen.show(f"    {it.problem}")
    if not found:
        screen.show("There are none.")


def _told(mail: KeptMail) -> dict[str, object]:
    return {
        "operation": mail.operation,
        "recipient": mail.recipient,
        "subject": mail.subject,
        "state": mail.state,
        "attempts": mail.attempts,
        "simulated": mail.simulated,
        "created": clock.to_text(mail.created_at),
        "problem": mail.problem,
    }


def _show(id: str, letter: Letter, sender: str, *, as_json: bool) -> None:
    mail = Mail(letter.recipient, letter.subject, letter.text, letter.html)
    text = messages.written(mail, sender, id).as_string()
    if as_json:
        screen.show_json({"operation": id, "eml": text})
    else:
        screen.show_lines(text)
