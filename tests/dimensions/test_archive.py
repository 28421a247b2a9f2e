import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event
from one_mcp.dimensions.purge import purge
from one_mcp.errors import ArchivedError, ConfirmationError, ConflictError, ForbiddenError
from one_mcp.session import Call, Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio


@pytest.fixture
async def course(one: Session, jane: Saved) -> Saved:
    """A published course that Jane owns."""
    saved = await one.write(entity.create, "course", "Yoga", status="published")
    await one.write(connection.connect, jane.id, "owns", saved.id)
    return saved


def visible(work: Work) -> int:
    return work.value(
        """
        SELECT count(*)
        FROM connections
        WHERE organization_id = :organization
          AND deleted_at IS NULL
        """
    )


def holding(work: Work, text: str) -> int:
    """Count the places that still hold a text."""
    return work.value(
        """
        SELECT (
            SELECT count(*)
            FROM change_rows
            WHERE organization_id = :organization
              AND instr(coalesce(before, '') || coalesce(after, ''), :text)
        ) + (
            SELECT count(*)
            FROM idempotency_keys
            WHERE organization_id = :organization
              AND instr(answer, :text)
        ) + (
            SELECT count(*)
            FROM entities
            WHERE organization_id = :organization
              AND instr(coalesce(name, '') || coalesce(properties, ''), :text)
        )
        """,
        text=text,
    )


async def test_archiving_hides_the_entity_with_its_connections(
    one: Session, jane: Saved, course: Saved
) -> None:
    archived = await one.write(archive.archive, course.id)

    assert (archived.status, archived.connections) == ("archived", 1)
    assert await one.read(visible) == 0
    with pytest.raises(ArchivedError):
        await one.write(connection.connect, jane.id, "owns", course.id)


async def test_restoring_brings_back_the_status_and_the_connections(
    one: Session, course: Saved
) -> None:
    await one.write(archive.archive, course.id)

    restored = await one.write(archive.restore, course.id)

    assert (restored.status, restored.connections) == ("published", 1)
    assert restored.still_hidden is None
    assert await one.read(visible) == 1


async def test_a_connection_is_shown_only_when_both_ends_are_live(
    one: Session, jane: Saved, course: Saved
) -> None:
    await one.write(archive.archive, course.id)
    await one.write(archive.archive, jane.id)

    first = await one.write(archive.restore, course.id)
    second = await one.write(archive.restore, jane.id)

    assert (first.connections, first.still_hidden) == (0, 1)
    assert (second.connections, second.still_hidden) == (1, None)


async def test_archiving_and_restoring_twice_changes_nothing_and_says_so(
    one: Session, course: Saved
) -> None:
    await one.write(archive.archive, course.id)

    again = await one.write(archive.archive, course.id, expected_version=1)
    await one.write(archive.restore, course.id)
    restored_again = await one.write(archive.restore, course.id)

    assert again.change is None
    assert again.warnings
    assert restored_again.change is None
    assert restored_again.warnings


async def test_archiving_another_version_than_expected_is_refused(
    one: Session, course: Saved
) -> None:
    with pytest.raises(ConflictError) as failure:
        await one.write(archive.archive, course.id, expected_version=course.version - 1)

    assert failure.value.fields["version"] == course.version


async def test_archiving_content_records_its_automatic_event(one: Session) -> None:
    post = await one.write(entity.create, "blog_post", "Hello")

    archived = await one.write(archive.archive, post.id)

    recorded = await one.read(
        lambda work: work.value(
            """
            SELECT json_extract(metadata, '$.action')
            FROM events
            WHERE organization_id = :organization
              AND target_id = :id
              AND version = :version
            """,
            id=post.id,
            version=archived.version,
        )
    )
    assert recorded == "archived"


async def test_a_purge_needs_a_confirmation_that_it_spells_out(one: Session, jane: Saved) -> None:
    with pytest.raises(ConfirmationError) as failure:
        await one.write(purge.purge, jane.id, "yes")

    assert failure.value.fields["confirm"] == jane.id


async def test_a_purge_needs_an_owner(app: App, jane: Saved) -> None:
    user = Principal("org_local", "per_user", "User", Role.ORG_USER)

    with pytest.raises(ForbiddenError):
        await app.session(Call("purge_entity"), user).write(purge.purge, jane.id, "Jane")


async def test_a_purge_leaves_only_the_events(app: App, one: Session, course: Saved) -> None:
    door = app.session(Call("create_entity", key="k", digest="d"), LOCAL)
    fan = await door.write(
        entity.create, "creator", "Zebulon", {"email": "zebulon@example.com"}, with_tags=["a:b"]
    )
    await one.write(connection.connect, fan.id, "following", course.id, {"remark": "Zebulon"})
    await one.write(connection.disconnect, fan.id, "following", course.id)
    await one.write(connection.connect, fan.id, "authored", course.id, {"remark": "Zebulon"})
    await one.write(event.record, "creator_updated", fan.id)
    await one.write(event.record, "course_enrolled", course.id, actor=fan.id)

    purged = await one.write(purge.purge, fan.id, "Zebulon")

    assert (purged.connections, purged.tags, purged.events_kept) == (1, 1, 3)
    assert await one.read(holding, "Zebulon") == 0
    assert await one.read(holding, "zebulon") == 0
    assert await one.read(holding, "Yoga") > 0


async def test_a_purged_name_is_found_no_more(one: Session, jane: Saved) -> None:
    await one.write(tags.change, jane.id, ["skill:yoga"])

    await one.write(purge.purge, jane.id, jane.id)

    found = await one.read(
        lambda work: work.value(
            "SELECT count(*) FROM entity_words WHERE entity_words MATCH '1xjane'"
        )
    )
    assert found == 0
