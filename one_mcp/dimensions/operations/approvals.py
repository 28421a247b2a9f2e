"""Approvals: a person's yes or no to exactly one plan, good for one operation."""

from dataclasses import dataclass
from typing import Literal

from one_mcp.access import Permission
from one_mcp.dimensions.operations import approvers, forms, plans
from one_mcp.dimensions.operations.approvers import Notary
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.errors import ConflictError, ForbiddenError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import PlanError
from one_mcp.store.work import Row, Work

LASTS_MS = 60 * 60_000
How = Literal["page", "terminal", "form"]


@dataclass(frozen=True, slots=True)
class Approval:
    """A yes to the plan with this id, kind and digest, until it expires."""

    plan: str
    kind: str
    digest: str
    person: str
    how: How
    at: int
    expires_at: int

    def statement(self, work: Work) -> bytes:
        """Write out what the person signs."""
        about: JsonObject = {
            "plan": self.plan,
            "kind": self.kind,
            "digest": self.digest,
            "how": self.how,
            "expires": self.expires_at,
        }
        return approvers.statement(work, "approve", self.person, self.at, about)


def draft(work: Work, plan: Plan, how: How) -> Approval:
    """Write an approval of the caller's, to be signed."""
    at = work.now
    digest = plan.digest
    person = work.principal.person
    return Approval(plan.id, plan.kind, digest, person, how, at, at + LASTS_MS)


def keep(work: Work, approval: Approval, signature: str) -> None:
    """Keep a signed yes; the plan waits as long as it does. Raises for what is settled already."""
    work.principal.require(Permission.ADMIN)
    _keep(work, approval, "approved", signature)
    _prolong(work, approval)


def accept(work: Work, id: str, limits: tuple[str, ...]) -> None:
    """Keep what a form of a client's said, unsigned; raises ForbiddenError beyond its limits."""
    work.principal.require(Permission.WRITE)
    plan = plans.waiting(work, id)
    if not forms.fits(work, plan, limits):
        raise ForbiddenError(f"A form does not approve {id}: it is more than forms may.")
    approval = draft(work, plan, "form")
    _keep(work, approval, "approved", None)
    _prolong(work, approval)


def _prolong(work: Work, approval: Approval) -> None:
    work.run(
        """
        UPDATE plans
        SET expires_at = :expires_at
        WHERE organization_id = :organization
          AND id = :plan
          AND expires_at < :expires_at
        """,
        plan=approval.plan,
        expires_at=approval.expires_at,
    )


def refuse(work: Work, approval: Approval) -> None:
    """Keep a no, which needs no signature: the plan is never carried out."""
    work.principal.require(Permission.WRITE)
    _keep(work, approval, "refused", None)


def _keep(work: Work, approval: Approval, verdict: str, signature: str | None) -> None:
    kept = work.run(
        """
        INSERT INTO approvals
            (organization_id, plan_id, verdict, digest, person_id, how, at, expires_at, signature)
        VALUES
            (:organization, :plan, :verdict, :digest, :person, :how, :at, :expires_at, :signature)
        ON CONFLICT (organization_id, plan_id) DO UPDATE
        SET verdict = excluded.verdict, digest = excluded.digest, person_id = excluded.person_id,
            how = excluded.how, at = excluded.at, expires_at = excluded.expires_at,
            signature = excluded.signature
        WHERE approvals.operation_id IS NULL
          AND approvals.verdict = 'approved'
        """,
        plan=approval.plan,
        verdict=verdict,
        digest=approval.digest,
        person=approval.person,
        how=approval.how,
        at=approval.at,
        expires_at=approval.expires_at,
        signature=signature,
    )
    if not kept:
        raise ConflictError(f"{approval.plan} is settled already.", plan=approval.plan)


def find(work: Work, plan: Plan, notary: Notary, form_limit: tuple[str, ...] = ()) -> bool:
    """Tell whether a plan has a yes that counts now; raises PlanError where it has a no."""
    row = work.one(
        """
        SELECT verdict, digest, person_id, how, at, expires_at, signature, operation_id
        FROM approvals
        WHERE organization_id = :organization
          AND plan_id = :plan
        """,
        plan=plan.id,
    )
    if row is None:
        return False
    if row["verdict"] == "refused":
        raise PlanError(
            f"{plan.id} was refused; do not ask for the same again unless somebody wants it.",
            plan=plan.id,
            refused=True,
        )
    return row["operation_id"] is None and _counts(work, plan, row, notary, form_limit)


def _counts(work: Work, plan: Plan, row: Row, notary: Notary, form_limit: tuple[str, ...]) -> bool:
    digest = plan.digest
    if row["expires_at"] < work.now or row["digest"] != digest:
        return False
    if row["how"] == "form":
        return forms.fits(work, plan, form_limit)
    approval = Approval(
        *(plan.id, plan.kind, digest, row["person_id"], row["how"], row["at"], row["expires_at"])
    )
    said = approval.statement(work)
    return notary.confirms(work, row["person_id"], row["signature"], said)


def use(work: Work, plan: str, operation: str) -> None:
    """Use an approval up."""
    work.run(
        """
        UPDATE approvals
        SET operation_id = :operation
        WHERE organization_id = :organization
          AND plan_id = :plan
        """,
        plan=plan,
        operation=operation,
    )
