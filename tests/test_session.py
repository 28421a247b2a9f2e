import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.errors import DuplicateError, IdempotencyError, NotFoundError
from one_mcp.session import Call, Session

pytestmark = pytest.mark.anyio


async def test_a_change_names_itself_and_is_the_version_of_its_rows(jane: Saved) -> None:
    assert jane.change == f"chg_{jane.version}"


async def test_a_failed_rule_leaves_nothing_behind(one: Session, jane: Saved) -> None:
    with pytest.raises(DuplicateError) as failure:
        await one.write(entity.create, "creator", "Other", {"email": "JANE@example.com"})

    assert failure.value.fields["id"] == jane.id
    count = await one.read(
        lambda work: work.value(
            "SELECT count(*) FROM entities WHERE organization_id = :organization"
        )
    )
    assert count == 1


async def test_writing_the_same_again_leaves_no_change_behind(one: Session, jane: Saved) -> None:
    same = await one.write(entity.update, jane.id, {"niche": ["yoga"]})

    assert same.change is None
    assert same.version == jane.version


async def test_a_repeated_key_answers_as_the_first_time(app: App) -> None:
    call = Call("create_entity", key="k1", digest="d1")

    first = await app.session(call, LOCAL).write(entity.create, "course", "Yoga")
    again = await app.session(call, LOCAL).write(entity.create, "course", "Yoga")

    assert again.replayed
    assert again.id == first.id
    assert again.change == first.change


async def test_a_key_used_with_other_arguments_is_refused(app: App) -> None:
    await app.session(Call("create_entity", key="k1", digest="d1"), LOCAL).write(
        entity.create, "course", "Yoga"
    )

    with pytest.raises(IdempotencyError):
        await app.session(Call("create_entity", key="k1", digest="d2"), LOCAL).write(
            entity.create, "course", "Running"
        )


async def test_a_rehearsal_answers_truly_and_changes_nothing(one: Session, jane: Saved) -> None:
    course = await one.rehearse(entity.create, "course", "Yoga")

    assert course.change is None
    with pytest.raises(NotFoundError):
        await one.write(connection.connect, jane.id, "owns", course.id)
