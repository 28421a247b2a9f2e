"""The SDK's requests at localstripe, which others wrote: where it is right, so is the simulation.

localstripe knows no idempotency, no search and no limit of refunds, and its cards are others.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from importlib.util import find_spec

import pytest

from one_mcp.jsons import JsonObject
from one_mcp.money_errors import PaymentFailedError, ProviderError
from one_mcp.providers import catalog
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.providers.stripe_payments import StripeApi
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session
from tests.providers.stripes import access, served

pytestmark = pytest.mark.anyio
KEY = "sk_test_0123456789"
SERVER = """\
import socket
from aiohttp import web
from localstripe.server import app, store

store.dump_to_disk = lambda: None  # it would write a pickle to the temporary folder
listener = socket.create_server(("127.0.0.1", 0))  # its own command binds every interface
print(listener.getsockname()[1], flush=True)
web.run_app(app, sock=listener, print=None)
"""
HELD: JsonObject = {
    "amount": 1250,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "capture_method": "manual",
    "confirm": True,
    "metadata": {"operation": "op_1"},
}


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    """localstripe in a process of its own; yields its URL."""
    if find_spec("localstripe") is None:
        pytest.skip("localstripe is not installed")
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


@pytest.fixture(params=["simulation", "localstripe"])
async def api(request: pytest.FixtureRequest, one: Session) -> AsyncIterator[StripeApi]:
    """The SDK, connected to either."""
    simulation = served(StripeApp(SimulatedCabinet(one), KEY))
    is_other = request.param == "localstripe"
    other = nullcontext(request.getfixturevalue("localstripe") if is_other else "")
    async with other if is_other else simulation as url:
        api = catalog.stripe(access(url, KEY))
        yield api
        await api.close()


async def test_a_payment_is_held_taken_and_given_back(api: StripeApi) -> None:
    held = await api.ask("POST", "/v1/payment_intents", HELD, "k1")
    taken = await api.ask("POST", f"/v1/payment_intents/{held['id']}/capture", {}, "k2")
    back = await api.ask("POST", "/v1/refunds", {"payment_intent": held["id"], "amount": 250}, "k3")
    shown = await api.ask("GET", f"/v1/payment_intents/{held['id']}", {"expand": ["latest_charge"]})

    assert (held["status"], held["amount"], held["currency"]) == ("requires_capture", 1250, "usd")
    assert held["metadata"] == {"operation": "op_1"}
    assert taken["status"] == "succeeded"
    assert (back["status"], back["amount"], back["object"]) == ("succeeded", 250, "refund")
    charge = shown["latest_charge"]
    assert isinstance(charge, dict)
    assert (charge["amount_refunded"], charge["captured"]) == (250, True)


async def test_a_payment_is_let_go(api: StripeApi) -> None:
    held = await api.ask("POST", "/v1/payment_intents", HELD, "k1")
    gone = await api.ask("POST", f"/v1/payment_intents/{held['id']}/cancel", {}, "k2")

    assert gone["status"] == "canceled"
    with pytest.raises(ProviderError) as failure:
        await api.ask("POST", f"/v1/payment_intents/{held['id']}/cancel", {}, "k3")
    assert failure.value.fields["status"] == 400


async def test_what_there_is_not_is_refused(api: StripeApi) -> None:
    with pytest.raises(PaymentFailedError) as failure:
        await api.ask("GET", "/v1/payment_intents/pi_none", {})

    assert failure.value.fields["status"] == 404
