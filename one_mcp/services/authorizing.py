"""Authorizing: a person's passphrase becomes a signed yes; it is asked for nowhere else."""

import secrets
from dataclasses import dataclass

from anyio import to_thread

from one_mcp import clock
from one_mcp.dimensions.operations import allowances, approvals, approvers, plans
from one_mcp.dimensions.operations.allowances import Allowance, AllowanceTerms
from one_mcp.dimensions.operations.approvals import Approval, How
from one_mcp.dimensions.operations.approvers import Approver, Notary
from one_mcp.dimensions.operations.authority import Asking
from one_mcp.errors import InvalidArgumentError
from one_mcp.money_errors import LooksLikeError, PassphraseError, PlanError
from one_mcp.providers import catalog
from one_mcp.providers.ports.signatures import Signer
from one_mcp.session import Session
from one_mcp.store.work import Work

SHORTEST = 12  # characters of a passphrase
SALT_BYTES = 16


def asking(one: Session) -> Asking:
    """Say what a caller's yes is worth, by the settings."""
    settings = one.settings
    notary = Notary(catalog.verify, settings.approver_key)
    return Asking(notary, one.call.client, settings.approvals == "always", settings.form_limit)


def require_long(passphrase: str) -> None:
    """Raise for a passphrase that is too short to be one."""
    if len(passphrase) < SHORTEST:
        raise InvalidArgumentError(f"A passphrase has at least {SHORTEST} characters.")


async def set_passphrase(
    one: Session, passphrase: str, old: str | None, *, forgotten: bool = False
) -> tuple[str, int]:
    """Set the caller's passphrase, and return its public key and from when on it counts.

    One that is there already has to be given, or is `forgotten`: then the new one counts a day
    later.
    """
    require_long(passphrase)
    before = await one.read(_own)
    known = before is not None and not forgotten
    if before is not None and known:
        await _signer(before, old or "")
    salt = secrets.token_bytes(SALT_BYTES)
    public_key = (await to_thread.run_sync(catalog.signer, passphrase, salt)).public_key
    since = await one.derive(approvers.keep, public_key, salt.hex(), before, known=known)
    return public_key, since


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person saw as they decided: a plan by its digest, and what was `alike` beside it."""

    plan: str
    digest: str
    alike: str | None = None


async def approve(one: Session, seen: Seen, passphrase: str, how: How) -> Approval:
    """Approve a plan, if it is still what the person saw.

    Raises LooksLikeError where the same was begun meanwhile, which they have to see first.
    """
    signer = await _own_signer(one, passphrase)
    approval, said = await one.read(_draft, seen, how)
    await one.derive(approvals.keep, approval, signer.sign(said))
    return approval


async def accept(one: Session, plan: str) -> None:
    """Take a form's yes to a plan, which counts up to what the settings say."""
    await one.derive(approvals.accept, plan, one.settings.form_limit)


async def confirm(one: Session, passphrase: str) -> None:
    """Make sure that it is the caller who decides; raises PassphraseError where it is not."""
    await _own_signer(one, passphrase)


async def refuse(one: Session, plan: str, how: How) -> None:
    """Refuse a plan: it is never carried out."""
    approval = await one.read(_refusal, plan, how)
    await one.derive(approvals.refuse, approval)


async def allow(one: Session, terms: AllowanceTerms, passphrase: str, how: How) -> Allowance:
    """Grant an allowance."""
    signer = await _own_signer(one, passphrase)
    allowance, said = await one.read(_draft_allowance, terms, how)
    await one.derive(allowances.keep, allowance, signer.sign(said))
    return allowance


async def _own_signer(one: Session, passphrase: str) -> Signer:
    """Return the caller as a signer whose word counts at this server, now."""
    approver = await one.read(_own)
    signer = await _signer(approver, passphrase)
    if one.settings.approver_key not in {None, signer.public_key}:
        raise PassphraseError(
            "This server takes the approvals of another public key alone, which "
            "ONE_MCP_APPROVER_KEY names; nothing was approved."
        )
    await one.read(_require_counts, approver)
    return signer


def _require_counts(work: Work, approver: Approver | None) -> None:
    if approver is not None and approver.valid_from > work.now:
        raise PassphraseError(
            f"Your passphrase counts from {clock.to_text(approver.valid_from)} on, since the one "
            "before it was forgotten; nothing was approved."
        )


async def _signer(approver: Approver | None, passphrase: str) -> Signer:
    if approver is None:
        raise PassphraseError(
            "You have no passphrase yet: set one with `one-mcp passphrase`, in a terminal."
        )
    salt = bytes.fromhex(approver.salt)
    signer = await to_thread.run_sync(catalog.signer, passphrase, salt)
    if signer.public_key != approver.public_key:
        raise PassphraseError("That is not your passphrase; nothing was approved.")
    return signer


def _own(work: Work) -> Approver | None:
    return approvers.read(work, work.principal.person)


def _draft(work: Work, seen: Seen, how: How) -> tuple[Approval, bytes]:
    plan = plans.waiting(work, seen.plan)
    approval = approvals.draft(work, plan, how)
    if seen.digest != approval.digest:
        raise PlanError(f"{plan.id} is not what was shown any more.", plan=plan.id)
    alike = plans.alike(work, plan.id)
    if alike not in {None, seen.alike}:
        raise LooksLikeError(
            f"The same was begun a moment ago: {alike}. Approve this only if it shall happen once "
            "more.",
            looks_like=alike,
        )
    return approval, approval.statement(work)


def _refusal(work: Work, plan: str, how: How) -> Approval:
    return approvals.draft(work, plans.waiting(work, plan), how)


def _draft_allowance(work: Work, terms: AllowanceTerms, how: How) -> tuple[Allowance, bytes]:
    allowance = allowances.draft(work, terms, how)
    return allowance, allowance.statement(work)
