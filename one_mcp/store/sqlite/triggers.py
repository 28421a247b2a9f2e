"""The log's triggers: whatever writes a logged table, each row is kept before and after.

They are written anew whenever a file moves to another version of the schema. A change to what is
written here reaches files that are there already with the next numbered migration only.
"""

from collections.abc import Iterable

from one_mcp.store.patches import IMAGE_EVERY, LONGEST_TOLD
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.table import Column, LogRule, Table
from one_mcp.store.tables import LOGGED

OPEN_CHANGE = "(SELECT number FROM heads WHERE organization_id = {row}.organization_id)"
SUFFIXES = ("insert", "update", "delete")


def write(raw: Raw) -> None:
    """Put the triggers of this version into the file, in the place of those that are there."""
    drop(raw)
    for table in LOGGED.values():
        for statement in of(table):
            raw.execute(statement)


def drop(raw: Raw) -> None:
    """Take the log's triggers out of the file."""
    for table in LOGGED.values():
        for suffix in SUFFIXES:
            raw.execute(f"DROP TRIGGER IF EXISTS {table.name}_log_{suffix}")


def of(table: Table) -> list[str]:
    """Write the triggers of one logged table."""
    logged = table.logged
    if logged is None:
        return []
    made = [_made(table, logged), _gone(table, logged)]
    return made if table.is_whole else [*made, _changed(table, logged)]


def _made(table: Table, logged: LogRule) -> str:
    """Keep no image of a new row: the row has it, or what is kept when that changes or goes."""
    after = _image(table, "NEW", table.imaged) if table.is_whole else "'{}'"
    return _trigger(
        table, logged, "insert", f"VALUES ({_about(logged, 'NEW')}, NULL, {after}, 0, NULL)"
    )


def _gone(table: Table, logged: LogRule) -> str:
    before = _image(table, "OLD", table.imaged)
    return _trigger(
        table, logged, "delete", f"VALUES ({_about(logged, 'OLD')}, {before}, NULL, 0, NULL)"
    )


def _changed(table: Table, logged: LogRule) -> str:
    """Keep the columns that differ, and in due course the row as a whole, for a short way back."""
    fixed = {"seq", *table.key}
    written = [it for it in table.columns if it.name in table.imaged and it.name not in fixed]
    told = [column for column in written if column.name not in logged.before_only]
    names = [name for name in table.imaged if name not in logged.before_only]
    return _trigger(
        table,
        logged,
        "update",
        f"""
        SELECT
            {_about(logged, "NEW")},
            {_object(_was(column) for column in written)},
            {_object(_is_told(column) for column in told)},
            next.steps % {IMAGE_EVERY},
            CASE WHEN next.steps % {IMAGE_EVERY} = 0 THEN {_image(table, "OLD", names)} END
        FROM (
            SELECT 1 + coalesce(
                (
                    SELECT steps
                    FROM change_rows
                    WHERE organization_id = NEW.organization_id
                      AND row_id = NEW.{logged.row_id}
                      AND kind = '{logged.kind}'
                    ORDER BY change DESC, seq DESC
                    LIMIT 1
                ),
                0
            ) AS steps
        ) AS next
        """,
    )


def _trigger(table: Table, logged: LogRule, act: str, values: str) -> str:
    row = "OLD" if act == "delete" else "NEW"
    tests = [logged.when.format(row=row)] if logged.when else []
    if act == "update" and logged.updated_unless:
        tests.append(f"NOT {logged.updated_unless.format(row=row)}")
    condition = f"WHEN {' AND '.join(tests)} " if tests else ""
    return f"""
        CREATE TRIGGER {table.name}_log_{act} AFTER {act.upper()} ON {table.name}
        {condition}BEGIN
            INSERT INTO change_rows
                (organization_id, change, kind, row_id, before, after, steps, image)
            {values};
        END
    """


def _about(logged: LogRule, row: str) -> str:
    change = OPEN_CHANGE.format(row=row)
    return f"{row}.organization_id, {change}, '{logged.kind}', {row}.{logged.row_id}"


def _image(table: Table, row: str, names: Iterable[str]) -> str:
    """Write SQL for a row as a JSON object."""
    kinds = {column.name: column.kind for column in table.columns}
    pairs = (
        f"'{name}', "
        + (f"json({_quoted(f'{row}.{name}')})" if kinds[name] == "real" else f"{row}.{name}")
        for name in names
    )
    return f"json_object({', '.join(pairs)})"


def _object(members: Iterable[str]) -> str:
    """Write SQL for a JSON object of those members that are there, each after a comma."""
    return f"'{{' || substr({' || '.join(members)}, 2) || '}}'"


def _was(column: Column) -> str:
    name, old, new = column.name, f"OLD.{column.name}", f"NEW.{column.name}"
    value = f"patch_back({old}, {new})" if column.kind == "json" else _value(column, old)
    return f"CASE WHEN {old} IS {new} THEN '' ELSE ',\"{name}\":' || {value} END"


def _is_told(column: Column) -> str:
    name, old, new = column.name, f"OLD.{column.name}", f"NEW.{column.name}"
    value = f"patch_told({old}, {new})" if column.kind == "json" else _value(column, new)
    silent = f"{old} IS {new}"
    if column.kind == "text":
        silent = f"{silent} OR coalesce(length({new}), 0) > {LONGEST_TOLD}"
    return f"CASE WHEN {silent} THEN '' ELSE ',\"{name}\":' || {value} END"


def _value(column: Column, value: str) -> str:
    return _quoted(value) if column.kind == "real" else f"json_quote({value})"


def _quoted(number: str) -> str:
    """Write SQL for a real number as JSON with all its digits; older libraries keep 15 of them."""
    return f"CASE WHEN {number} IS NULL THEN 'null' ELSE printf('%!.17g', {number}) END"
