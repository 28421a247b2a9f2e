"""A repeated call under one idempotency key gets its first answer, and writes nothing twice."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from one_mcp.access import Permission, Principal, Role
from one_mcp.answers import Written
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.changes import log
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.knowledge.index import chunk_queue
from one_mcp.errors import IdempotencyError
from one_mcp.jsons import JsonObject
from one_mcp.server import build
from one_mcp.server.caller import Caller
from one_mcp.server.results import STORED_TEXT
from one_mcp.server.toolbox import Toolbox, ToolSpec, toolset
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import migrate
from one_mcp.store.sqlite.connection import connect
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

Tool = Callable[..., Awaitable[Any]]
KEYED = Call("create_entity", key="k", digest="d")


class Both(Written):
    """What a call of two steps adds up to."""

    names: list[str]
    says: str


class Interrupted(Exception):  # noqa: N818  # the power goes
    """A call is cut between two of its steps."""


class Power:
    """Goes in the middle of the calls that are left to be cut."""

    def __init__(self) -> None:
        self.cuts = 0

    def flow(self) -> None:
        if self.cuts:
            self.cuts -= 1
            raise Interrupted


@pytest.fixture
def power() -> Power:
    return Power()


@pytest.fixture
def tool(app: App, power: Power) -> Tool:
    """Call a tool of the product's, or one of two steps."""

    async def create_both(one: Session, first: str, second: str) -> Both:
        """Create two courses, each in its own transaction."""
        made = await one.write(entity.create, "course", first)
        power.flow()
        then = await one.write(entity.create, "course", second)
        return Both(names=[made.name, then.name], says="both")

    (both,) = toolset("entities", ToolSpec(create_both, "Create both", Permission.WRITE))
    toolsets = {spec.toolset for spec in build.SPECS}
    box = Toolbox((*build.SPECS, both), toolsets)

    async def quiet(_done: float, _total: float | None, _message: str | None) -> None:
        pass

    def door(call: Call) -> Session:
        return app.session(call, LOCAL)

    async def call(name: str, /, **arguments: object) -> JsonObject | None:
        result = await box.call(name, arguments, Caller(LOCAL, door, quiet))  # pyright: ignore[reportArgumentType]
        return result.structured_content

    return call


def names(work: Work) -> list[str]:
    rows = work.all(
        "SELECT name FROM entities WHERE organization_id = :organization ORDER BY created_at, id"
    )
    return [row["name"] for row in rows]


async def test_two_writes_under_one_key_are_both_carried_out(app: App, one: Session) -> None:
    call, repeat = app.session(KEYED, LOCAL), app.session(KEYED, LOCAL)

    made = [await call.write(entity.create, "course", name) for name in ("First", "Second")]
    again = [await repeat.write(entity.create, "course", name) for name in ("First", "Second")]

    assert await one.read(names) == ["First", "Second"]
    assert again == [saved.model_copy(update={"replayed": True}) for saved in made]


async def test_a_call_that_was_cut_goes_on_where_it_ended(
    tool: Tool, one: Session, power: Power
) -> None:
    power.cuts = 1
    arguments = {"first": "First", "second": "Second", "idempotency_key": "k"}

    cut = await tool("create_both", **arguments)
    between = await one.read(names)
    whole = await tool("create_both", **arguments)
    again = await tool("create_both", **arguments)

    assert cut["error"]["code"] == "INTERNAL"
    assert between == ["First"]
    assert await one.read(names) == ["First", "Second"]
    assert whole == {"names": ["First", "Second"], "says": "both", "stored_text": STORED_TEXT}
    assert again == {**whole, "replayed": True}


async def test_a_call_that_was_cut_is_not_gone_on_with_by_another_one(
    tool: Tool, one: Session, power: Power
) -> None:
    power.cuts = 1

    await tool("create_both", first="First", second="Second", idempotency_key="k")
    other = await tool("create_both", first="First", second="Third", idempotency_key="k")

    assert other["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await one.read(names) == ["First"]


async def test_a_key_belongs_to_one_person_of_one_organization(app: App) -> None:
    joe = Principal(LOCAL.organization, "per_joe", "Joe", Role.ORG_USER)

    mine = await app.session(KEYED, LOCAL).write(entity.create, "course", "Yoga")
    theirs = await app.session(KEYED, joe).write(entity.create, "course", "Yoga")

    assert not theirs.replayed
    assert mine.id != theirs.id


async def test_a_key_of_other_arguments_is_refused_at_every_step(app: App) -> None:
    await app.session(KEYED, LOCAL).finish(entity.create, "course", "Yoga")
    other = app.session(Call("create_entity", key="k", digest="other"), LOCAL)

    with pytest.raises(IdempotencyError):
        await other.write(entity.create, "course", "Yoga")
    with pytest.raises(IdempotencyError):
        await other.finish(entity.create, "course", "Yoga")
    with pytest.raises(IdempotencyError):
        await other.derive_once(chunk_queue.recut)


async def test_a_repeat_reads_neither_file_nor_page_again(
    tool: Tool, one: Session, tmp_path: Path
) -> None:
    table, note = tmp_path / "table.csv", tmp_path / "note.md"
    mapping = {"type": "course", "columns": {"name": "name"}}
    table.write_text("name,left\nYoga,1\n")
    note.write_text("# Breath\n\nBegin with it.")
    calls: list[tuple[str, dict[str, object]]] = [
        ("import_data", {"path": str(table), "mapping": mapping}),
        ("add_knowledge", {"path": str(note)}),
    ]

    first = [await tool(name, **given, idempotency_key=name) for name, given in calls]
    table.unlink()
    note.unlink()
    again = [await tool(name, **given, idempotency_key=name) for name, given in calls]

    assert first[0]["warnings"][0] == "columns left out: left"
    assert again == [{**answer, "replayed": True} for answer in first]
    assert await one.read(names) == ["Yoga"]


async def test_what_is_not_one_change_is_not_done_twice_either(app: App) -> None:
    def count(work: Work) -> int:
        counted.append(work.now)
        return len(counted)

    counted: list[int] = []

    first = await app.session(KEYED, LOCAL).derive_once(count)
    again = await app.session(KEYED, LOCAL).derive_once(count)

    assert (first, again, len(counted)) == (1, 1, 1)


async def plans(tool: Tool, one: Session, jane: Saved, tier: Saved) -> dict[str, dict[str, object]]:
    """Ask for a plan of each act that moves money or tokens: what is done is the plan alone."""
    wallet = {"walletAddress": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}
    ann = await one.write(entity.create, "audience_member", "Ann", wallet)
    coin, new = [
        await one.write(entity.create, "token", name, {"symbol": name, "price": 1})
        for name in ("COIN", "NEW")
    ]

    async def planned(name: str, **given: object) -> dict[str, object]:
        answer = await tool(name, **given, dry_run=True)
        return {"plan": answer["plan"]}

    async def act(name: str, **given: object) -> None:
        await tool(name, **await planned(name, **given))

    bought = await tool("quote_tokens", item=tier.id, buyer=ann.id)
    paid = await tool("purchase_tokens", quote=bought["quote"])
    monthly: JsonObject = {"price": 5, "interval": "monthly"}
    billed = await one.write(entity.create, "membership", "Monthly", monthly)
    await act("deploy_token", token=coin.id)
    await act("mint_tokens", token=coin.id, amount="100")
    await act("grant_tokens", item=coin.id, holder=jane.id, amount="10")
    own = {"source": "treasury", "holder": ann.id}
    asked: dict[str, dict[str, object]] = {
        "deploy_token": {"token": new.id},
        "mint_tokens": {"token": coin.id, "amount": "2"},
        "burn_tokens": {"token": coin.id, "amount": "3"},
        "transfer_tokens": {"token": coin.id, "amount": "4", **own},
        "grant_tokens": {"item": coin.id, "holder": jane.id, "amount": "5"},
        "spend_tokens": {"token": coin.id, "holder": jane.id, "amount": "6"},
        "refund_purchase": {"payment": paid["operation"]},
        "manage_subscription": {"action": "start", "item": billed.id, "buyer": ann.id},
    }
    return {name: await planned(name, **given) for name, given in asked.items()}


async def test_every_tool_that_takes_a_key_answers_a_repeat_as_the_first_time(
    tool: Tool, one: Session, jane: Saved
) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    gone = await one.write(entity.create, "course", "Gone")
    undone = await one.write(entity.create, "course", "Undone")
    text = await tool("add_knowledge", text="Begin with the breath.")
    ends = {"from": jane.id, "type": "owns", "to": course.id}
    tier = await one.write(entity.create, "membership", "Gold", {"price": 5})
    quote = await tool("quote_tokens", item=tier.id, buyer=jane.id)
    calls: dict[str, dict[str, object]] = {
        "create_entity": {"type": "course", "name": "New"},
        "quote_tokens": {"item": tier.id, "buyer": jane.id},
        "purchase_tokens": {"quote": quote["quote"]},
        **await plans(tool, one, jane, tier),
        "update_entity": {"id": course.id, "properties": {"title": "Flow"}},
        "tag_entity": {"id": course.id, "add": ["skill:yoga"]},
        "connect_entities": ends,
        "disconnect_entities": ends,
        "record_event": {
            "type": "content_interacted",
            "target": course.id,
            "metadata": {"interaction": "viewed"},
        },
        "undo_change": {"change": undone.change},
        "archive_entity": {"id": course.id},
        "restore_entity": {"id": course.id},
        "apply_changes": {
            "operations": [{"op": "create_entity", "as": "$c", "type": "course", "name": "Two"}]
        },
        "import_data": {"data": '{"type":"course","name":"Three"}\n'},
        "add_knowledge": {"text": "Then the feet."},
        "label_knowledge": {"id": text["id"], "add": ["topic:breath"]},
        "reindex_knowledge": {"everything": True},
        "forget_knowledge": {"id": text["id"]},
        "purge_entity": {"id": gone.id, "confirm": gone.id},
    }

    first = {name: await tool(name, **given, idempotency_key=name) for name, given in calls.items()}
    written = await one.read(log.latest)
    again = {name: await tool(name, **given, idempotency_key=name) for name, given in calls.items()}

    assert calls.keys() == {spec.name for spec in build.SPECS if spec.writes}
    assert [answer for answer in first.values() if "error" in answer] == []
    assert again == {name: {**answer, "replayed": True} for name, answer in first.items()}
    assert await one.read(log.latest) == written


@pytest.mark.parametrize("purged", ["creator", "course"])
async def test_a_purge_empties_what_was_answered_about_it(
    tool: Tool, one: Session, purged: str
) -> None:
    properties = {"creator": {"email": "zoe@example.com"}, "course": {}}
    created = {
        type: {"type": type, "name": f"Zoë {type}", "properties": given, "idempotency_key": type}
        for type, given in properties.items()
    }
    ids = {type: (await tool("create_entity", **given))["id"] for type, given in created.items()}
    ends = {"from": ids["creator"], "type": "owns", "to": ids["course"]}
    unchanged = {"id": ids[purged], "name": f"Zoë {purged}"}
    await tool("connect_entities", **ends)
    await tool("connect_entities", **ends, idempotency_key="merged")
    await tool("update_entity", **unchanged, idempotency_key="same")

    await tool("purge_entity", id=ids[purged], confirm=ids[purged], idempotency_key="purge")
    again = await tool("create_entity", **created[purged])

    assert again["error"]["code"] == "PURGED"
    assert f"Zoë {purged}" not in await one.read(names)
    assert await one.read(kept_about, f"Zoë {purged}") == []
    assert await one.read(kept_about, ids[purged]) == ["purge_entity"] * 2  # step and whole


def kept_about(work: Work, text: str) -> list[str]:
    rows = work.all(
        """
        SELECT coalesce(change_log.tool, 'purge_entity') AS tool
        FROM idempotency_keys
        LEFT JOIN change_log
          ON change_log.organization_id = :organization
         AND change_log.number = idempotency_keys.change
        WHERE idempotency_keys.organization_id = :organization
          AND instr(answer, :text) > 0
        """,
        text=text,
    )
    return [row["tool"] for row in rows]


async def test_a_purge_empties_what_other_calls_answered_that_names_it(
    tool: Tool, one: Session
) -> None:
    jane = await one.write(entity.create, "creator", 'Jane "JJ" Doe', {"email": "jj@example.com"})
    al = await one.write(entity.create, "audience_member", "Al")
    calls = {
        "name": {"title": 'Talk with Jane "JJ" Doe', "text": "About yoga."},
        "address": {"title": "Mail to jj@example.com", "text": "About the shop."},
        "short": {"title": "Al", "text": "About somebody."},
        "others": {"title": "Also about Jane", "text": "About nobody."},
    }
    for key, given in calls.items():
        await tool("add_knowledge", **given, idempotency_key=key)
    written = await one.read(documents)

    for id in (jane.id, al.id):
        await tool("purge_entity", id=id, confirm=id)
    again = {
        key: await tool("add_knowledge", **given, idempotency_key=key)
        for key, given in calls.items()
    }

    refused = {key for key, answer in again.items() if "error" in answer}
    assert refused == {"name", "address", "short"}
    assert {again[key]["error"]["code"] for key in refused} == {"PURGED"}
    assert again["others"]["replayed"]
    assert await one.read(documents) == written == len(calls)


def documents(work: Work) -> int:
    return work.value(
        """
        SELECT count(*)
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id IS NULL
        """
    )


async def test_a_key_stands_nowhere_as_it_was_sent(tool: Tool, settings: Settings) -> None:
    """Callers make keys of names and addresses, which no purge could find in them."""
    await tool("create_entity", type="course", name="Yoga", idempotency_key="zquortblexi@b.com")

    beside = settings.database.with_name("one.db-wal")

    assert b"zquortblexi" not in settings.database.read_bytes() + beside.read_bytes()


RACING = """
import anyio, sys
from pathlib import Path
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.session import Call
from one_mcp.settings import Settings

async def main():
    settings = Settings(database=Path(sys.argv[1]), embedding_model="none")
    async with open_app(settings) as app:
        await app.database.start()
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(20):
            one = app.session(Call("create_entity", key=f"k{number}", digest="d"), LOCAL)
            for step in range(2):
                saved = await one.write(entity.create, "course", f"{number}.{step}")
                print(saved.id, bool(saved.replayed), flush=True)

anyio.run(main)
"""


async def test_of_two_processes_with_one_key_one_does_it(
    app: App, one: Session, settings: Settings
) -> None:
    await app.database.start()
    command = [sys.executable, "-c", RACING, str(settings.database)]

    def race() -> list[list[str]]:
        with (
            subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as first,
            subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as second,
        ):
            for process in (first, second):
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
            for process in (first, second):
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            return [process.communicate(timeout=60)[0].split() for process in (first, second)]

    left, right = await to_thread.run_sync(race)

    assert left[::2] == right[::2]
    assert len(left) == 80
    assert {*map(tuple, zip(left[1::2], right[1::2], strict=True))} <= {
        ("True", "False"),
        ("False", "True"),
    }
    assert len(await one.read(names)) == 40


OLD_DIGEST = "5e57b72cb561672dabad3ce57ffb267facc2e2d7badfd554390bbf96592c9a15"
OLD_ANSWER = (
    '{"change":"chg_1","id":"ent_1","type":"course","name":"Yoga","status":"active","version":1}'
)
OLD_ROWS = (
    """
    INSERT INTO changes (number, organization_id, person_id, tool, at)
    VALUES (1, 'org_local', 'per_local', 'create_entity', 1)
    """,
    """
    INSERT INTO organizations (organization_id, name, created_at, updated_at, version)
    VALUES ('org_local', 'Yoga school', 1, 1, 1)
    """,
    """
    INSERT INTO people (organization_id, id, name, role, created_at, updated_at, version)
    VALUES ('org_local', 'per_local', 'Owner', 'org_owner', 1, 1, 1)
    """,
    """
    INSERT INTO entities
        (organization_id, id, type, name, properties, status, created_at, updated_at, version)
    VALUES ('org_local', 'ent_1', 'course', 'Yoga', '{}', 'active', 1, 1, 1)
    """,
    f"""
    INSERT INTO idempotency_keys (organization_id, person_id, key, digest, answer, created_at)
    VALUES ('org_local', 'per_local', 'k', '{OLD_DIGEST}', '{OLD_ANSWER}', 1795435200000)
    """,
)


@pytest.fixture
def upgraded(settings: Settings) -> Path:
    """A file of the schema before calls had steps, in which a key was used."""
    with closing(connect(str(settings.database), read_only=False)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        for _, script in migrate.files()[:2]:
            for statement in migrate.statements(script):
                raw.execute(statement)
        for statement in OLD_ROWS:
            raw.execute(statement)
        raw.execute(f"PRAGMA application_id = {migrate.APPLICATION_ID}")
        raw.execute("PRAGMA user_version = 2")
    return settings.database


async def test_a_key_kept_before_the_upgrade_still_answers(
    upgraded: Path, tool: Tool, one: Session
) -> None:
    again = await tool("create_entity", type="course", name="Yoga", idempotency_key="k")
    other = await tool("create_entity", type="course", name="Running", idempotency_key="k")
    await tool("purge_entity", id="ent_1", confirm="Yoga")
    purged = await tool("create_entity", type="course", name="Yoga", idempotency_key="k")

    assert upgraded.exists()
    assert again == {**json.loads(OLD_ANSWER), "stored_text": STORED_TEXT, "replayed": True}
    assert other["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert purged["error"]["code"] == "PURGED"
    assert await one.read(names) == []


MONTH_MS = 31 * 24 * 3_600_000


async def test_keys_are_forgotten_after_two_months_of_writing(app: App, clock: Any) -> None:
    async def kept(key: str) -> Saved:
        call = Call("create_entity", key=key, digest="d")
        return await app.session(call, LOCAL).write(entity.create, "course", "Yoga")

    first = await kept("k")
    for later in ("month", "two months"):
        clock.forward(MONTH_MS)
        assert (await kept("k")).replayed
        await kept(later)

    again = await kept("k")

    assert not again.replayed
    assert again.id != first.id
    assert (await kept("month")).replayed


async def test_a_clock_ahead_takes_no_ones_keys(app: App, clock: Any) -> None:
    async def kept(key: str) -> Saved:
        call = Call("create_entity", key=key, digest="d")
        return await app.session(call, LOCAL).write(entity.create, "course", "Yoga")

    await kept("before")
    now = clock.now
    clock.now += 400 * 24 * 3_600_000
    for day in range(3):
        clock.now += day * 24 * 3_600_000
        await kept(f"ahead {day}")
    clock.now = now
    await kept("after")

    assert (await kept("before")).replayed
    assert (await kept("ahead 0")).replayed
    assert (await kept("after")).replayed
