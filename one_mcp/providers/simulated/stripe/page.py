"""The page of a simulated checkout: a person chooses one of the test cards, and clicks."""

from html import escape

from one_mcp.jsons import JsonObject

# what https://docs.stripe.com/testing has, by the names that its test cards have there
CARDS = {
    "pm_card_visa": "Visa, which pays",
    "pm_card_mastercard": "Mastercard, which pays",
    "pm_card_chargeCustomerFail": "Visa, of which every payment is declined",
    "pm_card_chargeDeclinedInsufficientFunds": "Visa without sufficient funds",
    "pm_card_authenticationRequiredOnSetup": "Visa, whose bank asks now (3-D Secure)",
    "pm_card_authenticationRequired": "Visa, whose bank wants to see the buyer at every payment",
}
BANK = "pm_card_authenticationRequiredOnSetup"
NOT_CONFIRMED = "The bank did not confirm that it is you. Choose another card, or try again."
LEFT = "No card was kept. This page stays open: come back to it, or close it."
_ENDS = {
    "complete": "The card is kept. This page can be closed.",
    "expired": "This page has expired. Ask for a new one.",
}
_FRAME = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulated checkout</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 0; padding: 6vh 1rem;
  background: Canvas; color: CanvasText }}
main {{ max-width: 32rem; margin: 0 auto; overflow-wrap: anywhere }}
button {{ display: block; width: 100%; margin: .5rem 0; padding: .75rem; font: inherit }}
</style>
</head>
<body>
<main>
<h1>Simulated checkout</h1>
<p>Nothing here is real: no card is asked for, and no money moves.</p>
{content}
</main>
</body>
</html>
"""
_QUESTION = """\
<p role="status">The bank asks: is it you who gives this card? (3-D Secure, simulated)</p>
<form method="post">
<input type="hidden" name="card" value="{card}">
<button name="bank" value="yes">Yes, it is me</button>
<button name="bank" value="no">No, it is not me</button>
</form>"""


def render(session: JsonObject, buyer: str, notice: str = "") -> str:
    """Write the page of a session: its cards while it is open, else how it ended."""
    status = str(session["status"])
    if status != "open":
        return _FRAME.format(content=f'<p role="status">{_ENDS[status]}</p>')
    buttons = "\n".join(
        f'<button name="card" value="{escape(name)}">{escape(words)}</button>'
        for name, words in CARDS.items()
    )
    said = f'<p role="alert">{escape(notice)}</p>\n' if notice else ""
    asked = f"{said}<p>Which card shall be kept for <bdi>{escape(buyer)}</bdi>?</p>"
    cancel = '<button name="cancel" value="yes">Cancel</button>'
    return _FRAME.format(content=f'{asked}\n<form method="post">\n{buttons}\n{cancel}\n</form>')


def ask_bank(card: str) -> str:
    """Write what the bank of a card asks before it is kept."""
    return _FRAME.format(content=_QUESTION.format(card=escape(card)))
