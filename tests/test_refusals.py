"""Every door says in the same words what does not fit, and never what was given."""

from collections.abc import Callable

import pytest

from one_mcp import settings
from one_mcp.dimensions.batch import operations
from one_mcp.dimensions.exchange import records
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject

MARKER = "sk-live-123456"
CREATE: JsonObject = {"op": "create_entity", "type": "course", "name": "Launch"}


def of_batch(given: JsonObject) -> object:
    return operations.parse([{**CREATE, **given}])


def of_import(given: JsonObject) -> object:
    return records.parse({"connection": {"from": "ent_1", "type": "owns", "to": "ent_2", **given}})


def refused(door: Callable[[JsonObject], object], given: JsonObject) -> OneError:
    with pytest.raises(OneError) as failure:
        door(given)
    return failure.value


@pytest.mark.parametrize(
    ("door", "given", "sentence"),
    [
        (of_batch, {"name": 3}, "operations[0].name must be a string."),
        (of_batch, {"as": "course"}, "operations[0].as must be $ and a letter"),
        (of_batch, {"tags": ["a", 1]}, "operations[0].tags[1] must be a string."),
        (of_batch, {"nmae": 1}, "no argument 'operations[0].nmae' (did you mean 'name'?)"),
        (of_import, {"type": 3}, "type must be a string."),
        (of_import, {"from": True}, "from must be a string or an integer or an object."),
        (of_import, {"from": {"name": 3}}, "from.name must be a string."),
        (of_import, {"from": {"nmae": "Jane"}}, "no field 'from.nmae' (did you mean 'name'?)"),
        (of_import, {"from": {}}, "from must be a string or an integer or an object with"),
        (of_import, {"created_at": "noon"}, "created_at must be a time"),
        (of_import, {"metdata": {}}, "no field 'metdata' (did you mean 'metadata'?). Fields: from"),
    ],
)
def test_a_refusal_names_the_place_and_what_would_fit(
    door: Callable[[JsonObject], object], given: JsonObject, sentence: str
) -> None:
    assert str(refused(door, given)).startswith(sentence)


def test_an_operation_is_read_as_its_tool_would() -> None:
    (made,) = operations.parse([{**CREATE, "tags": "topic:yoga", "status": "", "as": ""}])
    (changed,) = operations.parse(
        [{"op": "update_entity", "id": "ent_1", "replace": "true", "expected_version": "3"}]
    )

    assert made == operations.CreateEntity(
        op="create_entity", type="course", name="Launch", tags=["topic:yoga"]
    )
    assert isinstance(changed, operations.UpdateEntity)
    assert (changed.replace, changed.expected_version) == (True, 3)


def test_all_problems_of_an_operation_are_told_at_once() -> None:
    error = refused(of_batch, {"name": 3, "status": 4})

    assert "operations[0].name must be" in str(error)
    assert "operations[0].status must be" in str(error)


@pytest.mark.parametrize(
    ("door", "given"),
    [
        (of_batch, {"properties": MARKER}),
        (of_batch, {"replace": MARKER, "as": MARKER}),
        (of_batch, {"tags": [{"key": MARKER}]}),
        (of_import, {"from": {"name": [MARKER]}}),
        (of_import, {"created_at": MARKER, "metadata": MARKER}),
        (settings.load, {"toolsets": MARKER}),
        (settings.load, {"embedding_model": f"cohere:{MARKER}"}),
        (settings.load, {"openai_base_url": f"http://me:{MARKER}@localhost"}),
    ],
)
def test_values_are_never_echoed(door: Callable[[JsonObject], object], given: JsonObject) -> None:
    error = refused(door, given)

    assert MARKER not in str(error)
    assert MARKER not in repr(error.fields)
