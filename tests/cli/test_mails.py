"""`one-mcp mails`: a person reads receipts, also those that are sent to nobody."""

import json
from email import message_from_string, policy

import anyio

from one_mcp.settings import Settings
from tests.cli.conftest import Run
from tests.cli.sales import sold


def test_a_receipt_is_listed_and_opened_as_a_mail(run: Run, settings: Settings) -> None:
    id = anyio.run(sold, settings)

    listed = run("mails")
    data = json.loads(run("mails", "--json").stdout)
    shown = run("mails", "show", id, "--mail-from", "Shop <shop@example.com>")
    none = run("mails", "show", "op_none")

    assert "simulated  bob@example.com  [Simulated] Receipt: 1 × Yoga für alle" in listed.stdout  # noqa: RUF001  # times
    assert [it["state"] for it in data["mails"]] == ["simulated"]
    mail = message_from_string(shown.stdout, policy=policy.default)
    assert (mail["To"], mail["From"]) == ("bob@example.com", "Shop <shop@example.com>")
    assert mail["Subject"] == "[Simulated] Receipt: 1 × Yoga für alle"  # noqa: RUF001  # times
    assert id in str(mail["Message-ID"])
    assert none.exit_code == 1
