"""The page of a simulated checkout: a person chooses one of the test cards, and clicks."""

from html import escape

from one_mcp.jsons import JsonObject

# what https://docs.stripe.com/testing has, by the names that its test cards have there
CARDS = {
    "pm_card_visa": "Visa, which pays",
    "pm_card_mastercard": "Mastercard, which pays",
    "pm_card_chargeCustomerFail": "Visa, of which every payment is declined",
    "pm_card_chargeDeclinedInsufficientFunds": "Visa without sufficient funds",
    "pm_card_authenticationRequired": "Visa, whose bank wants to see the buyer (3-D Secure)",
}
_ENDS = {
    "complete": "The card is kept. This page can be closed.",
    "expired": "This page has expired. Ask for a new one.",
}
_FRAME = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Simulated checkout</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 3rem auto }}
button {{ display: block; width: 100%; margin: .5rem 0; padding: .75rem; font: inherit }}
</style>
<h1>Simulated checkout</h1>
<p>Nothing here is real: no card is asked for, and no money moves.</p>
{content}
</html>
"""


def render(session: JsonObject) -> str:
    """Write the page of a session: its cards while it is open, else how it ended."""
    status = str(session["status"])
    if status != "open":
        return _FRAME.format(content=f"<p>{_ENDS[status]}</p>")
    buttons = "\n".join(
        f'<button name="card" value="{escape(name)}">{escape(words)}</button>'
        for name, words in CARDS.items()
    )
    asked = f"<p>Which card shall be kept for {escape(str(session['customer']))}?</p>"
    return _FRAME.format(content=f'{asked}\n<form method="post">\n{buttons}\n</form>')
