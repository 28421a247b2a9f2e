"""`one-mcp doctor`: examine the database and the settings, and repair on request."""

from functools import partial
from itertools import chain

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.providers import providers
from one_mcp.services import doctor, vendor_findings
from one_mcp.services.findings import Finding
from one_mcp.services.vendor_findings import VendorFinding
from one_mcp.session import Call
from one_mcp.settings import Settings


@click.command(
    "doctor", epilog="Exit codes: 0 no problem is left; 1 there are problems; 2 a wrong setting."
)
@click.option(
    "--repair",
    is_flag=True,
    help="Repair what can be repaired: search indexes, hidden states, missing passages.",
)
@click.option(
    "--providers",
    "asks",
    is_flag=True,
    help="Ask each provider once, too: whether it is live, in a test mode, simulated or "
    "misconfigured.",
)
@options.settings()
@options.as_json
def command(*, repair: bool, asks: bool, as_json: bool) -> int:
    """Examine the database and the settings, and repair on request.

    Looks at the SQLite library, the ontology with its packs, the file and its schema, SQLite's own
    checks, the search indexes, connections against their ends, passages and vectors against their
    texts, and what rows refer to. Examining only reads, and servers may go on working. Nobody is
    asked over the network, but by --providers: payments, the chain, mail, the chat and embedding
    models, for something that changes and sends nothing.
    """
    settings = options.chosen()
    found = _examined(settings, aloud=not as_json)
    repaired = repair and any(finding.repairable for finding in found)
    if repaired:
        anyio.run(partial(_repair, settings))
        if not as_json:
            screen.show("repaired; once more:")
        found = _examined(settings, aloud=not as_json)
    if asks:
        found += _asked(settings, aloud=not as_json)
    healthy = all(finding.state != "problem" for finding in found)
    if as_json:
        screen.show_json(
            {
                "healthy": healthy,
                "repaired": repaired,
                "findings": [each.model_dump(exclude_none=True) for each in found],
            }
        )
    return 0 if healthy else 1


def _examined(settings: Settings, *, aloud: bool) -> list[Finding]:
    found: list[Finding] = []
    for finding in chain([_settings(settings)], doctor.examine(settings)):
        found.append(finding)
        if aloud:
            _show(finding)
    return found


def _asked(settings: Settings, *, aloud: bool) -> list[VendorFinding]:
    found = anyio.run(_ask, settings)
    if aloud:
        for each in found:
            _show(each)
    return found


async def _ask(settings: Settings) -> list[VendorFinding]:
    vendors = providers.of(settings)
    try:
        return await vendor_findings.examine(vendors, settings)
    finally:
        await vendors.close()


def _show(finding: Finding) -> None:
    mode = f"{finding.mode}: " if isinstance(finding, VendorFinding) else ""
    screen.show(f"{finding.state:8} {finding.check:11} {mode}{finding.says}")


def _settings(settings: Settings) -> Finding:
    given = ", ".join(
        f"{name} {_told(getattr(settings, name))}" for name in sorted(settings.model_fields_set)
    )
    return Finding(check="settings", state="ok", says=given or "all as they come")


def _told(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # words


async def _repair(settings: Settings) -> None:
    async with open_app(settings.model_copy(update={"read_only": False})) as app:
        for organization in await app.database.read(doctor.organizations_in):
            one = app.session(
                Call("doctor", "repair", client=screen.CLIENT), doctor.caretaker(organization)
            )
            await doctor.repair(one)
