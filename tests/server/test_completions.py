"""What a client may offer while a person types."""

import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS, PromptReference, ResourceTemplateReference

from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.server.resources.catalog import ADDRESSES
from one_mcp.services.knowledge import ingest
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Session

pytestmark = pytest.mark.anyio

ENTITIES = "one://entities{?type,status,tag,limit,cursor}"
ENTITY = "one://entities/{id}"
GRAPH = "one://entities/{id}/graph{?depth,types}"


async def completed(client: Client, ref: str, argument: str, typed: str) -> list[str]:
    reference = ResourceTemplateReference(uri=ref) if "://" in ref else PromptReference(name=ref)
    result = await client.complete(reference, {"name": argument, "value": typed})
    return result.completion.values


async def test_ids_complete_by_name_and_by_id(client: Client, one: Session, jane: Saved) -> None:
    joan = await one.write(entity.create, "audience_member", "joan")
    gone = await one.write(entity.create, "audience_member", "Joe")
    await one.write(archive.archive, gone.id)

    assert await completed(client, ENTITY, "id", "J") == [jane.id, joan.id]
    assert await completed(client, ENTITY, "id", "JOA") == [joan.id]
    assert await completed(client, ENTITY, "id", jane.id) == [jane.id]
    assert await completed(client, ENTITY, "id", "") == [jane.id, joan.id]
    assert await completed(client, ENTITY, "id", "x" * 10_000) == []


async def test_ids_are_in_the_order_in_which_their_names_fit(client: Client, one: Session) -> None:
    names = ("Dora Stein", "Anna Straße", "Strasse", "Straßenfest Nord", "Nord Strasse 7", "Stran")
    ids = {name: (await one.write(entity.create, "audience_member", name)).id for name in names}

    found = await completed(client, ENTITY, "id", "strasse")

    assert found == [
        ids[name] for name in ("Strasse", "Straßenfest Nord", "Anna Straße", "Nord Strasse 7")
    ]
    assert await completed(client, ENTITY, "id", "stein dora") == [ids["Dora Stein"]]
    assert await completed(client, ENTITY, "id", "ste") == [ids["Dora Stein"]]


async def test_argument_of_a_prompt_completes_to_what_fits_there(
    client: Client, one: Session, jane: Saved
) -> None:
    joan = await one.write(entity.create, "audience_member", "Joan")
    token = await one.write(entity.create, "token", "JANE")

    assert await completed(client, "map_course", "creator", "j") == [jane.id]
    assert await completed(client, "map_token_purchase", "buyer", "j") == [jane.id, joan.id]
    assert await completed(client, "map_token_purchase", "token", "j") == [token.id]
    assert await completed(client, "map_token_purchase", "token", jane.id) == []
    assert await completed(client, "map_course", "title", "j") == []
    assert (await completed(client, "explain_ontology", "topic", "cour"))[0] == "course"


async def test_types_statuses_guides_and_dimensions_complete(client: Client) -> None:
    assert (await completed(client, ENTITIES, "type", "cou")) == ["course"]
    assert (await completed(client, ENTITIES, "type", "agent"))[:2] == [
        "design_agent",
        "engineering_agent",
    ]
    assert await completed(client, ENTITIES, "status", "") == [
        "active",
        "archived",
        "draft",
        "inactive",
        "published",
    ]
    assert await completed(client, "one://ontology/{dimension}", "dimension", "e") == [
        "entities",
        "events",
        "connections",
        "knowledge",
        "people",
    ]
    assert "query-patterns" in await completed(client, "one://guide/{name}", "name", "q")
    assert "payment_processed" in await completed(client, "one://types/{type}", "type", "pay")
    assert await completed(client, ENTITIES, "limit", "1") == []


async def test_last_of_several_types_completes(client: Client) -> None:
    assert await completed(client, GRAPH, "types", "owns,part") == [
        "owns,part_of",
        "owns,participated_in",
    ]


async def test_alias_completes_as_entities_do(client: Client, jane: Saved) -> None:
    assert await completed(client, "one://things/{id}", "id", "ja") == [jane.id]


async def test_tags_complete_by_key_and_value(client: Client, one: Session, jane: Saved) -> None:
    other = await one.write(entity.create, "audience_member", "Bo")
    for each in (jane, other):
        await one.write(tags.change, each.id, ["skill:yoga", "skill:yoga for runners", "topic:x"])

    assert await completed(client, ENTITIES, "tag", "skill:y") == [
        "skill:yoga",
        "skill:yoga for runners",
    ]
    assert await completed(client, ENTITIES, "tag", "sk") == [
        "skill:yoga",
        "skill:yoga for runners",
    ]
    assert await completed(client, ENTITIES, "tag", "") == [
        "skill:yoga",
        "skill:yoga for runners",
        "topic:x",
    ]
    assert await completed(client, ENTITIES, "tag", "skill:z") == []


async def test_documents_complete_by_title_and_by_id(client: Client, one: Session) -> None:
    made = await ingest.add(one, Filing(title="Refunds"), text="Money back.")
    await ingest.add(one, Filing(title="Hours"), text="The studio opens at seven.")

    for typed in ("ref", "REF", made.id):
        assert await completed(client, "one://knowledge/{id}", "id", typed) == [made.id]
    assert await completed(client, "one://knowledge/{id}", "id", "x") == []


async def test_at_most_a_hundred_come_and_more_are_told_of(client: Client, one: Session) -> None:
    made = await one.write(entity.create, "audience_member", "Fan")
    for number in range(101):
        await one.write(entity.create, "audience_member", f"Fan {number}")
    await one.write(tags.change, made.id, [f"topic:{number:03}" for number in range(100)])
    other = await one.write(entity.create, "audience_member", "Other")
    await one.write(tags.change, other.id, ["topic:more"])

    for ref, argument, typed in ((ENTITY, "id", "fan"), (ENTITIES, "tag", "topic:")):
        reference = ResourceTemplateReference(uri=ref)
        result = await client.complete(reference, {"name": argument, "value": typed})

        assert len(result.completion.values) == 100
        assert result.completion.has_more


@pytest.mark.parametrize("ref", ["map_nothing", "one://nothing/{id}"])
async def test_unknown_reference_is_refused(client: Client, ref: str) -> None:
    with pytest.raises(MCPError) as failure:
        await completed(client, ref, "id", "")

    assert failure.value.code == INVALID_PARAMS


def test_every_variable_that_is_a_name_completes() -> None:
    free = {"limit", "cursor", "since", "depth", "q"}
    nameless = {f"one://{kind}/{{id}}" for kind in ("connections", "events", "operations")}
    for address in ADDRESSES:
        if address.uri in nameless:
            continue
        assert set(address.variables) - free == set(address.completes), address.uri
