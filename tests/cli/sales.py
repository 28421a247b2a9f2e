"""A sale that was made before a command looks at it."""

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.services.commerce import selling
from one_mcp.session import Call
from one_mcp.settings import Settings


async def sold(settings: Settings) -> str:
    """Sell Bob a course; return the operation."""
    async with open_app(settings) as app:
        one = app.session(Call("test"), LOCAL)
        course = await one.write(entity.create, "course", "Yoga für alle", {"price": 49})
        bob = await one.write(entity.create, "audience_member", "Bob", {"email": "bob@example.com"})
        quote = await selling.quote(one, course.id, bob.id, "1")
        return (await selling.buy(one, quote.quote)).operation
