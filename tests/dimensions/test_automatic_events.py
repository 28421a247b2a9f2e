"""What an entity records by itself: with what its type says of it, at the time it says, once."""

from typing import Any

import pytest
from mcp import Client

from one_mcp import clock as clocks
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.batch.batch import Applied
from one_mcp.dimensions.entities import details, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event, finding
from one_mcp.dimensions.events.finding import Around
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ImportRowsError, InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.services.exchange import imports
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Session
from tests.conftest import NOON, HandClock

pytestmark = pytest.mark.anyio
NOVEMBER = "2025-11-03T10:00:00Z"


async def happened(one: Session, id: str) -> list[tuple[str, JsonObject]]:
    found = await one.read(finding.find, Around(target=id))
    return [(it.type, it.metadata or {}) for it in reversed(found.items)]


async def create(one: Session, type: str, **properties: JsonValue) -> Saved:
    return await one.write(entity.create, type, f"A {type}", properties)


async def apply(one: Session, *given: JsonValue) -> Applied:
    return await one.write(batch.apply, operations.parse(list(given)))


async def test_every_type_records_its_event(one: Session) -> None:
    for type in one.ontology.entity_types:
        given: JsonObject = {"email": "c@example.com"} if type == "creator" else {}

        made = await create(one, type, **given)

        assert [name for name, _ in await happened(one, made.id)] == [
            one.ontology.entity_types[type].on_create
        ]


@pytest.mark.parametrize(
    ("type", "properties", "event", "metadata"),
    [
        (
            "creator",
            {"email": "ann@example.com", "niche": ["yoga"]},
            "creator_created",
            {"email": "ann@example.com", "niche": ["yoga"]},
        ),
        (
            "sales_agent",
            {"model": "small"},
            "agent_created",
            {"agentType": "sales_agent", "model": "small"},
        ),
        (
            "media_asset",
            {"fileType": "image/png", "fileSize": 7},
            "content_uploaded",
            {"fileType": "image/png", "fileSize": 7},
        ),
        (
            "course",
            {"lessons": 3, "generatedBy": "ai"},
            "course_created",
            {"lessons": 3, "generatedBy": "ai"},
        ),
        (
            "metric",
            {"key": "revenue", "value": 7.5, "unit": "USD"},
            "metric_calculated",
            {"metricKey": "revenue", "value": 7.5, "unit": "USD"},
        ),
        ("insight", {"category": "revenue"}, "insight_generated", {"insightType": "revenue"}),
        ("referral", {"referrerCode": "ANN"}, "referral_made", {"code": "ANN"}),
        ("lead", {"source": "webinar"}, "lead_captured", {"source": "webinar"}),
        ("audience_member", {"source": 7}, "user_joined", {}),  # a number is no source
        ("membership", {"tier": "gold"}, "content_changed", {"action": "created"}),
        ("subscription", {}, "subscription_updated", {"action": "started"}),
        ("livestream", {}, "livestream_status_changed", {"status": "scheduled"}),
        ("livestream", {"status": "live"}, "livestream_status_changed", {"status": "started"}),
    ],
)  # fmt: skip
async def test_an_event_says_what_the_entity_says(
    one: Session, type: str, properties: JsonObject, event: str, metadata: JsonObject
) -> None:
    made = await create(one, type, **properties)

    assert await happened(one, made.id) == [(event, metadata)]


async def test_a_payment_records_how_it_stands_and_each_step_once(one: Session) -> None:
    paid = await create(one, "payment", amount=40, currency="EUR", paymentMethod="cash")
    said = {"amount": 40, "currency": "EUR", "method": "cash", "paymentId": paid.id}
    open = await create(one, "payment", amount=9, status="pending")

    await one.write(entity.update, open.id, {"description": "A mat"})
    await one.write(entity.update, open.id, {"status": "completed"})

    assert await happened(one, paid.id) == [("payment_processed", {"status": "completed", **said})]
    assert [it["status"] for _, it in await happened(one, open.id)] == ["initiated", "completed"]


async def test_an_update_says_which_fields_changed(one: Session, jane: Saved) -> None:
    post = await create(one, "blog_post")

    await one.write(entity.update, jane.id, {"bio": "Teaches"}, name="Jane D.")
    await one.write(entity.update, post.id, {"content": "Breathe."})

    assert (await happened(one, jane.id))[-1][1] == {"updatedFields": ["name", "bio"]}
    assert (await happened(one, post.id))[-1][1] == {"action": "updated", "fields": ["content"]}


async def test_an_event_is_of_the_time_that_the_entity_says(one: Session) -> None:
    """Money that came in November is November's, whenever it is written down."""
    for at in (NOVEMBER, "2027-01-01T00:00:00Z"):
        await create(one, "payment", amount=40, processedAt=at)

    found = await one.read(finding.find, Around())

    assert [it.at for it in found.items] == [clocks.to_text(NOON), NOVEMBER]


async def test_what_the_same_change_says_in_so_many_words_takes_its_place(one: Session) -> None:
    said = {"status": "completed", "amount": 38}

    applied = await apply(
        one,
        {"op": "create_entity", "as": "$p", "type": "payment", "name": "P"},
        {"op": "record_event", "type": "payment_processed", "target": "$p", "metadata": said},
    )

    assert applied.ids
    assert await happened(one, applied.ids["$p"]) == [("payment_processed", said)]


async def test_a_table_of_payments_is_summed_by_month(client: Client) -> None:
    table = (
        "name,amount,currency,date\n"
        "Mat,40,eur,2025-10-30\nBlock,9.90,eur,2025-11-03\nBelt,5.10,eur,2025-11-20\n"
    )
    columns = {
        "name": "name",
        "amount": "properties.amount",
        "currency": "properties.currency",
        "date": "properties.processedAt",
    }
    arguments = {
        "data": table, "format": "csv", "mapping": {"type": "payment", "columns": columns},
    }  # fmt: skip
    for _ in range(2):
        loaded = await client.call_tool("import_data", arguments)
        assert not loaded.is_error, loaded.content

    asked: dict[str, Any] = {
        "of": "events",
        "types": ["payment_processed"],
        "where": {"status": "completed"},
        "measures": ["sum:amount"],
        "group_by": ["month"],
    }
    found = await client.call_tool("summarize", asked)

    assert found.structured_content
    assert found.structured_content["groups"] == [
        {"month": "2025-10", "sum:amount": {"EUR": 40}},
        {"month": "2025-11", "sum:amount": {"EUR": 15}},
    ]


async def test_an_import_that_changes_a_status_records_that(one: Session, clock: HandClock) -> None:
    mapping = TableMapping(type="payment", key=["properties.number"])
    first = "name,properties.number,amount,properties.status\nMat,1,40,pending\n"
    await imports.run(one, data=first, format="csv", mapping=mapping)
    clock.forward(1_000)

    for text in (first.replace("pending", "completed"), first.replace("40", "41")):
        await imports.run(one, data=text, format="csv", mapping=mapping)
        clock.forward(1_000)

    told = await one.read(finding.find, types=["payment_processed"])
    assert [(it.metadata or {})["status"] for it in reversed(told.items)] == [
        *("initiated", "completed", "initiated")
    ]


async def test_a_creator_is_called_by_name_and_mail(one: Session, jane: Saved) -> None:
    await imports.run(
        one,
        data="name,email,username\nAnn Lee,ann.lee@example.com,\nBob,bob@example.com,bobby\n",
        format="csv",
        mapping=TableMapping(type="creator"),
    )
    lead = await create(one, "lead", email="zoe@example.com")
    await apply(one, {"op": "convert_entity", "id": lead.id, "type": "creator"})
    quiet = await create(one, "creator", email="q@example.com", username=None)

    async def called(id: str) -> tuple[JsonValue, JsonValue]:
        shown = (await one.read(details.portrait, id)).properties or {}
        return shown.get("username"), shown.get("displayName")

    ids: dict[str, str] = await one.read(
        lambda work: {
            row["name"]: row["id"]
            for row in work.all(
                "SELECT id, name FROM entities WHERE organization_id = :organization"
            )
        }
    )
    assert await called(jane.id) == ("jane", "Jane")
    assert await called(ids["Ann Lee"]) == ("ann.lee", "Ann Lee")
    assert await called(ids["Bob"]) == ("bobby", "Bob")
    assert await called(lead.id) == ("zoe", "A lead")
    assert await called(quiet.id) == (None, "A creator")


async def test_a_conversion_records_what_is_new_of_it(one: Session) -> None:
    lead = await create(one, "lead")
    firm = await create(one, "contact")

    joined = await apply(one, {"op": "convert_entity", "id": lead.id, "type": "audience_member"})
    await apply(one, {"op": "convert_entity", "id": firm.id, "type": "company"})

    assert [name for name, _ in await happened(one, lead.id)] == ["lead_captured", "user_joined"]
    assert (await happened(one, firm.id))[-1] == (
        "content_changed",
        {
            "action": "updated",
            "fields": ["type"],
            "fromType": "contact",
            "toType": "company",
        },
    )
    assert joined.change
    await one.write(undo.undo, joined.change)
    assert [name for name, _ in await happened(one, lead.id)] == ["lead_captured"]


async def test_who_became_what_is_one_count(one: Session, clock: HandClock) -> None:
    """Also of those who had been one before, and of types that have no event of their own."""
    ann, bo = await create(one, "lead"), await create(one, "lead")
    for type in ("audience_member", "lead", "audience_member"):
        clock.forward(1)
        await apply(one, {"op": "convert_entity", "id": ann.id, "type": type})
    undone = await apply(one, {"op": "convert_entity", "id": bo.id, "type": "audience_member"})
    await one.write(undo.undo, undone.change or "")

    members: JsonObject = {"fromType": "lead", "toType": "audience_member"}
    found = await one.read(finding.find, where=members)
    assert found.total == 2
    assert {event.target for event in found.items} == {ann.id}
    assert (await one.read(finding.find, where={"toType": "lead"})).total == 1


async def test_who_records_it_again_is_told(one: Session) -> None:
    paid = await create(one, "payment", amount=40)
    first = (await one.read(finding.find, Around(target=paid.id))).items[0].id

    again = await one.write(
        event.record, "payment_processed", paid.id, metadata={"status": "completed"}
    )
    refund = await one.write(
        event.record, "payment_processed", paid.id, metadata={"status": "refunded"}
    )

    assert again.warnings
    assert first in again.warnings[0]
    assert refund.warnings is None


async def test_a_column_that_is_no_status_of_entities_says_where_it_belongs(one: Session) -> None:
    with pytest.raises(ImportRowsError, match=r"properties\.status"):
        await imports.run(
            one,
            data="name,status\nMat,completed\n",
            format="csv",
            mapping=TableMapping(type="payment"),
        )
    with pytest.raises(InvalidArgumentError, match="properties"):
        await one.write(entity.create, "payment", "Mat", status="completed")


async def test_a_sum_over_the_steps_of_a_payment_says_so(client: Client) -> None:
    async def call(tool: str, **arguments: object) -> dict[str, Any]:
        answer = await client.call_tool(tool, arguments)
        assert answer.structured_content is not None
        return answer.structured_content

    paid = {"amount": 49, "currency": "EUR", "status": "pending"}
    made = await call("create_entity", type="payment", name="Course", properties=paid)
    await call("update_entity", id=made["id"], properties={"status": "completed"})
    asked = {"of": "events", "types": ["payment_processed"], "measures": ["sum:amount"]}

    both = await call("summarize", **asked)
    one_step = await call("summarize", **asked, where={"status": "completed"})
    by_step = await call("summarize", **asked, group_by=["status"])

    assert len(both["warnings"]) == 1
    assert "completed" in both["warnings"][0]
    assert one_step["total"] == {"sum:amount": {"EUR": 49}}
    assert "warnings" not in one_step
    assert "warnings" not in by_step


async def test_a_corrected_amount_names_the_event_that_keeps_the_old_one(client: Client) -> None:
    async def call(tool: str, **arguments: object) -> dict[str, Any]:
        answer = await client.call_tool(tool, arguments)
        assert answer.structured_content is not None
        return answer.structured_content

    paid = {"amount": 120, "currency": "EUR", "status": "completed"}
    made = await call("create_entity", type="payment", name="Mat", properties=paid)
    told = (await call("find_events", target=made["id"]))["items"][0]["id"]

    described = await call("update_entity", id=made["id"], properties={"description": "a mat"})
    corrected = await call("update_entity", id=made["id"], properties={"amount": 12})
    right = {"type": "payment_processed", "target": made["id"], "metadata": {**paid, "amount": 12}}
    operations = [
        {"op": "record_event", "as": "$right", **right},
        {"op": "retract_event", "id": told, "reason": "a slip", "replaced_by": "$right"},
    ]
    await call("apply_changes", operations=operations)
    said = await call(
        "summarize", of="events", types=["payment_processed"], measures=["sum:amount"]
    )

    assert "warnings" not in described
    assert [told in warning for warning in corrected["warnings"]] == [True]
    assert said["total"] == {"sum:amount": {"EUR": 12}}
