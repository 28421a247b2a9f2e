"""`one-mcp mails`: a person reads receipts, also those that are sent to nobody."""

import json
from email import message_from_string, policy

import anyio

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.services.commerce import selling
from one_mcp.session import Call
from one_mcp.settings import Settings
from tests.cli.conftest import Run


async def _sold(settings: Settings) -> str:
    async with open_app(settings) as app:
        one = app.session(Call("test"), LOCAL)
        course = await one.write(entity.create, "course", "Yoga für alle", {"price": 49})
        bob = await one.write(entity.create, "audience_member", "Bob", {"email": "bob@example.com"})
        quote = await selling.quote(one, course.id, bob.id, "1")
        return (await selling.buy(one, quote.quote)).operation


def test_a_receipt_is_listed_and_opened_as_a_mail(run: Run, settings: Settings) -> None:
    id = anyio.run(_sold, settings)

    listed = run("mails")
    data = json.loads(run("mails", "--json").stdout)
    shown = run("mails", "show", id, "--mail-from", "Shop <shop@example.com>")
    none = run("mails", "show", "op_none")

    assert "queued    bob@example.com  [Simulated] Receipt: 1 × Yoga für alle" in listed.stdout  # noqa: RUF001  # times
    assert [it["state"] for it in data["mails"]] == ["queued"]
    mail = message_from_string(shown.stdout, policy=policy.default)
    assert (mail["To"], mail["From"]) == ("bob@example.com", "Shop <shop@example.com>")
    assert mail["Subject"] == "[Simulated] Receipt: 1 × Yoga für alle"  # noqa: RUF001  # times
    assert id in str(mail["Message-ID"])
    assert none.exit_code == 1
