"""Subscriptions in both protocol generations: what is told, to whom, and what it costs."""

import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.server import Server
from mcp_types import INVALID_PARAMS, ResourceUpdatedNotification

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations import journal
from one_mcp.dimensions.operations.authority import Warrant
from one_mcp.dimensions.operations.operation import State
from one_mcp.server.caller import Context, Serving
from one_mcp.server.resources import subscriptions
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning"),  # the older generation's calls
]
Handler = Callable[[Context, Any], Awaitable[Any]]
LATEST_S = 0.5  # the promise to subscribers, for commits of other processes


class Ear:
    """What one client was told, in either generation."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._new = anyio.Event()

    async def hear(self, message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.heard.append(message.params.uri)
            self._new.set()

    async def next(self) -> str:
        with anyio.fail_after(5):
            while not self.heard:
                self._new = anyio.Event()
                await self._new.wait()
        return self.heard.pop(0)

    async def until(self, uri: str) -> None:
        while await self.next() != uri:
            pass


@asynccontextmanager
async def listening(server: Server[Serving], mode: str, *uris: str) -> AsyncIterator[Ear]:
    """Connect a client that listens to some URIs, in the way of its generation."""
    ear = Ear()
    async with Client(server, mode=mode, message_handler=ear.hear) as client:
        if mode == "legacy":
            for uri in uris:
                await client.subscribe_resource(uri)
            yield ear
        else:
            async with client.listen(resource_subscriptions=uris):
                yield ear


@asynccontextmanager
async def another(settings: Settings) -> AsyncIterator[Session]:
    """Another process's door to the same file, as far as the file can tell."""
    async with open_app(settings) as app:
        yield app.session(Call("another"), LOCAL)


async def test_subscriber_is_told_of_a_commit(
    server: Server[Serving], mode: str, one: Session, jane: Saved
) -> None:
    async with listening(server, mode, f"one://entities/{jane.id}") as ear:
        await one.write(entity.update, jane.id, {"bio": "Teaches yoga."})

        assert await ear.next() == f"one://entities/{jane.id}"


async def test_subscriber_is_told_of_another_processs_commit_soon(
    server: Server[Serving], mode: str, settings: Settings, jane: Saved
) -> None:
    async with (
        another(settings) as other,
        listening(server, mode, f"one://entities/{jane.id}/history") as ear,
    ):
        for number in range(5):
            await other.write(entity.update, jane.id, {"totalContent": number + 1})
            committed = time.monotonic()
            await ear.next()

            assert time.monotonic() - committed < LATEST_S


async def test_subscriber_is_told_of_a_commit_of_a_real_second_process(
    server: Server[Serving], mode: str, settings: Settings, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"entity": {"type": "course", "name": "From elsewhere"}}\n')
    importing = [sys.executable, "-m", "one_mcp", "import", str(rows)]
    async with listening(server, mode, "one://entities?type=course") as ear:
        await anyio.run_process([*importing, "--database", str(settings.database)])

        assert await ear.next() == "one://entities?type=course"


async def test_a_neighbours_new_name_is_told_wherever_it_stands(
    server: Server[Serving], mode: str, settings: Settings, one: Session, jane: Saved
) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    owned = await one.write(connection.connect, jane.id, "owns", course.id)
    done = await one.write(event.record, "course_completed", course.id, actor=jane.id)
    wanted = {
        f"one://entities/{course.id}",
        f"one://entities/{course.id}/graph",
        f"one://entities/{course.id}/events",
        f"one://connections/{owned.id}",
        f"one://connections?to={course.id}",
        f"one://events/{done.id}",
        "one://events?type=course_completed",
    }
    async with another(settings) as other, listening(server, mode, *wanted) as ear:
        for name in ("Jane Doe", "Jane"):
            await other.write(entity.update, jane.id, name=name)

            assert {await ear.next() for _ in wanted} == wanted


async def test_who_is_not_named_is_told_of_once_at_most(
    server: Server[Serving], mode: str, one: Session, jane: Saved
) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    uri = f"one://entities/{course.id}"
    async with listening(server, mode, uri, "one://entities?type=creator") as ear:
        for number in range(3):
            await one.write(entity.update, jane.id, name=f"Jane {number}")
            await ear.until("one://entities?type=creator")
        await one.write(entity.update, course.id, name="Pilates")
        await ear.until(uri)

    assert ear.heard.count(uri) <= 1


async def test_what_is_made_behind_the_changes_is_told(
    server: Server[Serving], mode: str, settings: Settings, jane: Saved
) -> None:
    assert jane
    uri = "one://knowledge/search?q=otters"
    async with another(settings) as other, listening(server, mode, uri) as ear:
        await other.derive(lambda _: None)

        assert await ear.next() == uri


async def test_alias_is_told_under_its_own_uri(
    server: Server[Serving], mode: str, one: Session, jane: Saved
) -> None:
    uri = f"one://things/{jane.id}/history"
    async with listening(server, mode, uri) as ear:
        await one.write(tags.change, jane.id, ["skill:yoga"])

        assert await ear.next() == uri


async def test_list_of_one_type_is_not_told_of_another_type(
    server: Server[Serving], mode: str, one: Session, jane: Saved
) -> None:
    async with listening(server, mode, "one://entities?type=course", "one://entities") as ear:
        await one.write(entity.update, jane.id, name="Jane Doe")
        assert await ear.next() == "one://entities"

        await one.write(entity.create, "course", "Yoga")

        assert {await ear.next(), await ear.next()} == {
            "one://entities",
            "one://entities?type=course",
        }


async def test_synonym_of_a_type_is_told_as_the_type(
    server: Server[Serving], mode: str, one: Session
) -> None:
    async with listening(server, mode, "one://entities?type=masterclass") as ear:
        await one.write(entity.create, "course", "Yoga")

        assert await ear.next() == "one://entities?type=masterclass"


async def test_nothing_is_missed_right_after_the_promise(
    server: Server[Serving], mode: str, settings: Settings, jane: Saved
) -> None:
    async with another(settings) as other:
        for number in range(10):
            async with listening(server, mode, f"one://entities/{jane.id}/history") as ear:
                await other.write(entity.update, jane.id, {"totalContent": number + 1})

                await ear.next()


async def test_late_comer_does_not_swallow_what_others_wait_for(
    server: Server[Serving], mode: str, settings: Settings, jane: Saved
) -> None:
    async with another(settings) as other:
        for number in range(10):
            async with listening(server, mode, f"one://entities/{jane.id}/history") as early:
                await other.write(entity.update, jane.id, {"totalContent": number + 1})
                async with listening(server, mode, "one://entities"):
                    await early.next()


async def test_unsubscribed_client_hears_no_more(
    server: Server[Serving], one: Session, jane: Saved
) -> None:
    ear = Ear()
    async with Client(server, mode="legacy", message_handler=ear.hear) as client:
        await client.subscribe_resource("one://entities")
        await client.subscribe_resource("one://entities?type=creator")
        await client.unsubscribe_resource("one://entities")
        await client.unsubscribe_resource("one://organization")

        await one.write(entity.update, jane.id, name="Jane Doe")

        assert await ear.next() == "one://entities?type=creator"
        assert ear.heard == []


async def test_what_is_no_resource_is_refused_or_left_out_of_the_promise(
    server: Server[Serving],
) -> None:
    wrong = ["one://entity", "file:///etc/passwd", "one://entities?colour=red", "one://["]
    async with Client(server, mode="legacy") as client:
        for uri in wrong:
            with pytest.raises(MCPError) as failure:
                await client.subscribe_resource(uri)
            assert failure.value.code == INVALID_PARAMS

    async with (
        Client(server) as client,
        client.listen(resource_subscriptions=[*wrong, "one://entities"]) as stream,
    ):
        assert stream.honored.resource_subscriptions == ["one://entities"]


async def test_too_many_uris_are_refused_in_a_sentence(server: Server[Serving]) -> None:
    uris = [f"one://entities/ent_{number:016}" for number in range(subscriptions.MOST_URIS + 1)]
    async with Client(server, mode="legacy") as client:
        for uri in uris[:-1]:
            await client.subscribe_resource(uri)
        with pytest.raises(MCPError, match="1,000 URIs"):
            await client.subscribe_resource(uris[-1])

    async with Client(server) as client:
        with pytest.raises(MCPError, match="1,000 URIs"):
            async with client.listen(resource_subscriptions=uris):
                pass


async def test_listening_to_lists_alone_does_not_even_open_the_file(
    server: Server[Serving], settings: Settings
) -> None:
    settings.database.unlink()

    async with (
        Client(server) as client,
        client.listen(tools_list_changed=True, prompts_list_changed=True) as stream,
    ):
        assert stream.honored.tools_list_changed
        assert not settings.database.exists()


async def test_nobody_is_left_when_streams_and_connections_end(
    server: Server[Serving], mode: str, jane: Saved
) -> None:
    serving = _overheard(server)
    async with listening(server, mode, "one://entities", f"one://entities/{jane.id}/history"):
        kept = serving[0].watch
        (audience,) = kept._audiences.values()
        assert audience

    assert not audience
    assert not audience.connections
    assert not audience.streams


async def test_log_is_not_read_while_nobody_listens(
    server: Server[Serving],
) -> None:
    serving = _overheard(server)
    async with Client(server) as client:
        async with client.listen(resource_subscriptions=["one://entities"]):
            kept = serving[0].watch
            assert kept._wanted.is_set()

        with anyio.fail_after(5):
            while kept._wanted.is_set():  # noqa: ASYNC110  # it is unset by the next look at the log
                await anyio.sleep(0.01)

        assert not kept._audiences


async def test_another_organizations_commits_are_not_told(
    server: Server[Serving], mode: str, app: App
) -> None:
    async with listening(server, mode, "one://entities") as ear:
        await app.database.write(_found_neighbour)
        neighbour = app.session(Call("test"), NEIGHBOUR)
        await neighbour.write(entity.create, "course", "Secret course")
        await app.session(Call("test"), LOCAL).write(entity.create, "course", "Open course")

        assert await ear.next() == "one://entities"
        await anyio.sleep(2 * subscriptions.INTERVAL_S)
        assert ear.heard == []


async def test_unreadable_log_is_survived(
    server: Server[Serving], mode: str, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(server, mode, "one://entities") as ear:
        await app.database.write(lambda raw: raw.execute("ALTER TABLE change_log RENAME TO gone"))
        await app.session(Call("test"), LOCAL).derive(lambda _: None)
        with caplog.at_level(logging.WARNING), anyio.fail_after(5):
            while "changes cannot be followed" not in caplog.messages:  # noqa: ASYNC110  # a log has no event
                await anyio.sleep(0.01)
        await app.database.write(lambda raw: raw.execute("ALTER TABLE gone RENAME TO change_log"))

        await app.session(Call("test"), LOCAL).write(entity.create, "course", "Yoga")

        await ear.until("one://entities")
    assert caplog.messages.count("changes cannot be followed") == 1


NEIGHBOUR = Principal("org_neighbour", "per_neighbour", "neighbour", Role.ORG_OWNER)


def _found_neighbour(raw: Raw) -> None:
    raw.execute("INSERT INTO heads (organization_id, number, at) VALUES ('org_neighbour', 1, 0)")
    raw.execute(
        "INSERT INTO organizations (organization_id, name, created_at, updated_at, version)"
        " VALUES ('org_neighbour', 'Neighbour', 0, 0, 1)"
    )


def _overheard(server: Server[Serving]) -> list[Serving]:
    """Collect what the handlers of subscriptions share, which only they can reach."""
    seen: list[Serving] = []
    for method in ("subscriptions/listen", "resources/subscribe"):
        entry = server.get_request_handler(method)
        assert entry

        def overhear(handler: Handler) -> Handler:
            async def hearing(context: Context, params: object) -> object:
                seen.append(context.lifespan_context)
                return await handler(context, params)

            return hearing

        server.add_request_handler(method, entry.params_type, overhear(entry.handler))
    return seen


async def test_who_watches_an_operation_is_told_of_each_step_of_it(
    app: App, server: Server[Serving], settings: Settings, mode: str
) -> None:
    """Also where another process takes the steps: the journal makes no change, and counts on."""
    one = app.session(Call("test"), LOCAL)
    warrant = Warrant("quo_none", simulated=True)
    begun = await one.derive(journal.begin, "purchase", 1, {}, warrant)
    uri = f"one://operations/{begun.id}"
    async with listening(server, mode, uri) as ear, another(settings) as other:
        taken = await other.derive(journal.take, begun.id)
        assert taken is not None
        await other.derive(journal.intend, taken, "authorize")
        await ear.until(uri)
        await other.derive(journal.turn, taken, State.NEEDS_REVIEW)
        await ear.until(uri)
