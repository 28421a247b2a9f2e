"""A person with a passphrase, and plans that they are asked about."""

from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.allowances import Allowance, AllowanceTerms, Limit
from one_mcp.dimensions.operations.worth import Amount
from one_mcp.services import authorizing
from one_mcp.services.authorizing import Seen
from one_mcp.session import Session

PASSPHRASE = "correct horse battery"  # noqa: S105  # it opens nothing but a test's file
DAY_MS = 24 * 3_600_000


async def with_passphrase(one: Session) -> str:
    """Set the owner's passphrase, and return its public key."""
    key, _ = await authorizing.set_passphrase(one, PASSPHRASE, None)
    return key


async def approved(one: Session, plan: str) -> None:
    digest = (await one.read(plans.waiting, plan)).digest
    await authorizing.approve(one, Seen(plan, digest), PASSPHRASE, "terminal")


async def allowed(one: Session, terms: AllowanceTerms) -> Allowance:
    return await authorizing.allow(one, terms, PASSPHRASE, "terminal")


def usd(cents: int) -> Amount:
    return Amount(cents, "usd", 2)


def sales(now: int, *limits: Limit, **narrower: object) -> AllowanceTerms:
    """Allow purchases for a month, up to limits."""
    return AllowanceTerms("purchase_tokens", limits, now + 30 * DAY_MS, **narrower)  # type: ignore[arg-type]
