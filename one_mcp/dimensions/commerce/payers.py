"""Payers: who a buyer is at the vendor of payments, and the page on which they give a card.

A vendor's customer is one of its mode: what is simulated or a test is nobody in earnest.
"""

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.store.work import Work

OPEN_MS = 60 * 60_000  # a quote stays good for so long after its page was opened


def described(work: Work, buyer: str) -> tuple[str, str | None]:
    """Return a buyer's name and e-mail address."""
    row = lookup.live(work, buyer, "buyer", follow=True)
    email = jsons.load_object(row["properties"]).get("email")
    return row["name"], email if isinstance(email, str) else None


def customer(work: Work, buyer: str, mode: str) -> str | None:
    """Say which customer of the vendor's a buyer is, if any."""
    return work.value(
        """
        SELECT customer_id
        FROM payment_customers
        WHERE organization_id = :organization
          AND entity_id = :buyer
          AND mode = :mode
        """,
        buyer=buyer,
        mode=mode,
    )


def keep_customer(work: Work, buyer: str, mode: str, customer: str) -> None:
    """Note which customer a buyer is from now on."""
    work.run(
        """
        INSERT INTO payment_customers (organization_id, entity_id, mode, customer_id)
        VALUES (:organization, :buyer, :mode, :customer)
        ON CONFLICT (organization_id, entity_id, mode) DO UPDATE
        SET customer_id = excluded.customer_id
        """,
        buyer=buyer,
        mode=mode,
        customer=customer,
    )


def checkout(work: Work, plan: str) -> str | None:
    """Return the page that was opened for a plan last, if any."""
    return work.value(
        """
        SELECT checkout_id
        FROM plan_checkouts
        WHERE organization_id = :organization
          AND plan_id = :plan
        """,
        plan=plan,
    )


def keep_checkout(work: Work, plan: str, checkout: str) -> None:
    """Note a page; the plan waits for whoever is on it, and its price is looked at again then."""
    work.run(
        """
        INSERT INTO plan_checkouts (organization_id, plan_id, checkout_id)
        VALUES (:organization, :plan, :checkout)
        ON CONFLICT (organization_id, plan_id) DO UPDATE
        SET checkout_id = excluded.checkout_id
        """,
        plan=plan,
        checkout=checkout,
    )
    work.run(
        """
        UPDATE plans
        SET expires_at = created_at + :open
        WHERE organization_id = :organization
          AND id = :plan
        """,
        plan=plan,
        open=OPEN_MS,
    )
