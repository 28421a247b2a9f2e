"""`one-mcp reconcile`: compare journal, ledger, payments vendor and chain."""

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.services import reconciling
from one_mcp.services.reconciling import Reconciled
from one_mcp.session import Call
from one_mcp.settings import Settings

FAILED = 1
EPILOG = """Exit codes: 0 all agree; 1 something differs, or cannot be asked; 2 usage."""


@click.command("reconcile", epilog=EPILOG)
@options.settings("database", "packs", "log_level")
@options.as_json
def command(*, as_json: bool) -> int:
    """Compare journal, ledger, payments vendor and chain, and list every difference.

    Nothing is changed, here or at a vendor. What is still under way is left out.
    """
    settings = options.existing()
    found = anyio.run(_reconciled, settings)
    if as_json:
        screen.show_json(found)
    else:
        _show(found)
    return FAILED if found.differences else 0


async def _reconciled(settings: Settings) -> Reconciled:
    async with open_app(settings) as app:
        return await reconciling.reconcile(app.session(Call("reconcile"), app.owner))


def _show(found: Reconciled) -> None:
    mode = ", all simulated" if found.simulated else ""
    screen.show(
        f"{found.purchases} purchases, {found.transactions} transactions and {found.tokens} "
        f"tokens compared{mode}."
    )
    if found.skipped:
        screen.show(f"{found.skipped} purchases ran on other vendors than the settings name now.")
    for it in found.differences:
        about = it.operation or it.token or ""
        screen.show(f"{it.where:<9}  {about}  {it.sentence}".rstrip())
        if it.expected is not None or it.found is not None:
            screen.show(f"{'':<9}  expected {it.expected or '-'}, found {it.found or '-'}")
    if not found.differences:
        screen.show("Journal, ledger, vendor and chain agree.")
