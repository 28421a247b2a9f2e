"""What the server does is told as spans where a collector is named, over restarts too."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from mcp import Client

from benchmarks import acts, shop
from one_mcp import traces
from one_mcp.app import App
from one_mcp.dimensions.operations import journal, operation
from one_mcp.dimensions.operations.operation import State
from one_mcp.providers.tracing import Tracing
from one_mcp.services.commerce import selling
from one_mcp.telemetry_settings import TelemetrySettings
from one_mcp.traces import TraceContext
from tests.collector import Collector, collecting
from tests.commerce.conftest import Shop
from tests.commerce.test_purchase import killed
from tests.commerce.test_recovery import recovery
from tests.commerce.vendors import REVERTED
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

CLIENTS = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
STEPS = ["authorize", "mint", "capture", "transfer"]


def told_at(app: App, shop: Shop, url: str) -> None:
    tracing = Tracing(TelemetrySettings(otlp_endpoint=url))
    app.providers = replace(app.providers, tracing=tracing)
    shop.one.providers = app.providers


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


async def quoted(shop: Shop) -> str:
    return (await selling.quote(shop.one, shop.token.id, shop.holder.id, "100")).quote


async def test_a_purchase_is_a_span_of_its_clients_trace_with_one_for_each_step(
    app: App, shop: Shop, client: Client, collector: Collector
) -> None:
    told_at(app, shop, collector.url)

    answer = await client.call_tool(
        "purchase_tokens", {"quote": await quoted(shop)}, meta={"traceparent": str(CLIENTS)}
    )
    await app.providers.tracing.close()

    assert answer.structured_content
    kept = await shop.one.read(operation.read, answer.structured_content["operation"])
    call = collector.named("tools/call purchase_tokens")
    bought = collector.named("purchaseTokens")
    assert {it.trace for it in collector.spans} == {CLIENTS.trace}
    assert (call.parent, bought.parent) == (CLIENTS.span, call.span)
    assert kept.traceparent == str(TraceContext(CLIENTS.trace, call.span))
    assert collector.below(bought) == STEPS
    assert bought.attributes == {
        "userId": shop.holder.id,
        "tokenId": shop.token.id,
        "amount": "100",
        "one_mcp.operation": kept.id,
        "one_mcp.state": "done",
        "one_mcp.simulated": True,
    }
    assert call.attributes == {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "purchase_tokens",
    }
    assert b"ann@example.com" not in collector.raw


async def test_the_context_is_kept_where_nobody_takes_spans(shop: Shop, client: Client) -> None:
    answer = await client.call_tool(
        "purchase_tokens", {"quote": await quoted(shop)}, meta={"traceparent": str(CLIENTS)}
    )

    assert answer.structured_content
    kept = await shop.one.read(operation.read, answer.structured_content["operation"])
    assert kept.traceparent == str(CLIENTS)


async def test_what_a_killed_process_began_goes_on_in_the_same_trace(
    app: App, shop: Shop, clock: HandClock, collector: Collector
) -> None:
    told_at(app, shop, collector.url)
    quote = await quoted(shop)
    assert await killed(app, quote, 6)
    await app.providers.tracing.close()
    before = [it.name for it in collector.spans]

    told_at(app, shop, collector.url)
    clock.forward(journal.LENGTH_MS + 1)
    await recovery(app).work_off()
    await app.providers.tracing.close()

    bought = collector.named("purchaseTokens")
    assert before == ["authorize"]
    assert collector.below(bought)[0] == "authorize"
    assert collector.below(bought)[-1] == "transfer"
    assert bought.ended_ns - bought.began_ns > journal.LENGTH_MS * 1_000_000
    assert {it.trace for it in collector.spans} == {bought.trace}


async def test_what_was_undone_says_why_and_each_way_back(
    app: App, shop: Shop, client: Client, collector: Collector
) -> None:
    told_at(app, shop, collector.url)
    shop.script.forever["capture"] = REVERTED

    await client.call_tool("purchase_tokens", {"quote": await quoted(shop)})
    await app.providers.tracing.close()

    bought, call = collector.named("purchaseTokens"), collector.named("tools/call purchase_tokens")
    ways_back = ["undo mint", "undo authorize"]
    assert {"authorize", "mint", "capture", *ways_back} == {*collector.below(bought)}
    assert (bought.failed, collector.named("capture").failed) == ("CHAIN", "CHAIN")
    assert bought.attributes["one_mcp.state"] == "undone"
    assert call.attributes["error.type"] == call.failed == "tool_error"


async def test_a_client_that_does_not_sample_is_told_of_nowhere(
    app: App, shop: Shop, client: Client, collector: Collector
) -> None:
    told_at(app, shop, collector.url)
    unsampled = replace(CLIENTS, sampled=False)

    await client.call_tool(
        "purchase_tokens", {"quote": await quoted(shop)}, meta={"traceparent": str(unsampled)}
    )
    await app.providers.tracing.close()

    assert collector.spans == []


async def test_a_collector_that_is_not_there_harms_nothing(app: App, shop: Shop) -> None:
    told_at(app, shop, "http://127.0.0.1:9")

    left = await selling.purchase(shop.one, await quoted(shop))
    with anyio.fail_after(10):
        await app.providers.tracing.close()

    assert left.state is State.DONE


async def test_without_the_extra_a_purchase_goes_on_and_the_log_says_what_is_missing(
    app: App, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "one_mcp.providers.otlp", raising=False)
    monkeypatch.delattr("one_mcp.providers.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    told_at(app, shop, "http://127.0.0.1:9")

    left = await selling.purchase(shop.one, await quoted(shop))

    assert left.state is State.DONE
    assert [it.message for it in caplog.records] == ["no spans are sent"]


UNASKED = """
import sys, anyio
from pathlib import Path
from mcp import Client
from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import Settings

async def main():
    async with open_app(Settings(database=Path(sys.argv[1]), embedding_model="none")) as app:
        async with Client(build.server(app)) as client:
            await client.call_tool("create_entity", {"type": "course", "name": "Yoga"})

anyio.run(main)
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exp"))])
"""


def test_nothing_of_it_is_loaded_where_nobody_takes_spans(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNASKED, str(tmp_path / "one.db")],
        capture_output=True,
        check=True,
        text=True,
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are killed")
def test_a_real_server_goes_on_with_the_trace_of_one_that_was_killed(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    with shop.opened(tmp_path / "shop", beside=False) as sold:
        sold.warm()
        purchase = acts.purchase(sold)
        assert sold.killed_at(purchase.tool, purchase.given, 9.0)
        sold.pass_time()
        shop.asked(sold.wire, purchase.tool, purchase.given)
        sold.settle()
        sold.wire.process.stdin.close()  # the client leaves, and what is left is sent
        sold.wire.process.wait()
        [kept] = sold.rows("SELECT traceparent FROM operations WHERE kind = 'purchase'")

    bought = collector.named("purchaseTokens")
    parent = traces.parse(kept[0])
    assert parent is not None
    assert (bought.trace, bought.parent) == (parent.trace, parent.span)
    assert collector.below(bought)[-1] == "transfer"
    assert bought.attributes["one_mcp.state"] == "done"


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        (str(CLIENTS), True),
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later", True),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later", False),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", False),
        (7, False),
        (None, False),
    ],
)
def test_only_what_the_standard_takes_is_a_traceparent(header: object, is_one: bool) -> None:
    assert (traces.parse(header) is not None) is is_one
