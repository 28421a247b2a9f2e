"""`one-mcp organization`: the organization's name, its owner's, its currency and time zone."""

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.dimensions.organizations import settings as organization
from one_mcp.dimensions.organizations.settings import Settled
from one_mcp.session import Call
from one_mcp.settings import Settings


@click.command("organization")
@click.option("--name", help="The organization's name.")
@click.option("--owner", help="The name of its owner.")
@click.option("--currency", help="The currency it counts in, by ISO 4217, such as EUR.")
@click.option("--time-zone", help="Where its days begin, such as Europe/Berlin.")
@options.settings("database", "log_level")
@options.as_json
def command(*, as_json: bool, **given: str | None) -> None:
    """Show or set the organization's name, owner, currency and time zone."""
    settled = anyio.run(_settled, options.chosen(), given)
    if as_json:
        screen.show_json(settled.model_dump(exclude_none=True))
        return
    screen.show(f"{settled.name} ({settled.id}), owner: {settled.owner or 'nobody'}")
    screen.show(f"currency: {settled.currency or 'not set'}, time zone: {settled.time_zone}")


async def _settled(settings: Settings, given: dict[str, str | None]) -> Settled:
    async with open_app(settings) as app:
        one = app.session(Call("organization", client=screen.CLIENT), app.owner)
        if any(value is not None for value in given.values()):
            return await one.write(organization.update, **given)
        return await one.read(organization.show)
