"""Write what differs between engines, by what it means; here as SQLite takes it.

All else in a rule is SQL that PostgreSQL takes as it stands. A test has it prove that, and holds
its wording of these pieces.
"""


def any_of(name: str) -> str:
    """Ask whether the value before it is in the list that is bound as `name`."""
    return f"IN (SELECT value FROM json_each(:{name}))"


def each(name: str, alias: str) -> str:
    """Read the bound list of texts as a table: `value`, and `key`, its place from 0."""
    return f"json_each(:{name}) AS {alias}"


def each_number(name: str, alias: str) -> str:
    """Read the bound list of whole numbers likewise."""
    return f"json_each(/* numbers */ :{name}) AS {alias}"


def each_list(name: str, alias: str) -> str:
    """Read the bound list of lists likewise: `value ->> 0` is the first of a list."""
    return f"json_each(/* lists */ :{name}) AS {alias}"


def members(column: str) -> str:
    """Read the members of the JSON object in a column: `key` and `value`."""
    return f"json_each({column}) AS member"


def is_text(column: str, key: str) -> str:
    """Ask whether a member of the JSON object in a column is a string; `key` is SQL, too."""
    return f"""json_type({column}, '$."' || {key} || '"') = 'text'"""


def json_number(column: str, key: str) -> str:
    """Read a member of the JSON object in a column as a number; NULL where it is none."""
    return (
        f"CASE WHEN json_type({column}, '$.{key}') IN ('integer', 'real') "
        f"THEN {column} ->> '{key}' END"
    )


def json_kind(column: str, path: str) -> str:
    """Name the kind of what a JSON column has at a path; NULL where that is nothing.

    The kinds are array, object, text, integer or real for a number, true, false, null.
    """
    return f"json_type({column}, {path})"


def json_value(column: str, path: str) -> str:
    """Read what a JSON column has at a path, which is a parameter such as $."a"."b"."""
    return f"json_extract({column}, {path})"


def any_kind(value: str) -> str:
    """Let a value stand beside those of other types, as the branches of one CASE."""
    return f"/* any */ ({value})"


def member_value(column: str, name: str) -> str:
    """Read a member of the JSON object in a column as an index of it has it, by the same words."""
    return f"json_extract({column}, '$.{name}')"


def member_kind(column: str, name: str) -> str:
    """Name the kind of such a member that is a number or a text."""
    return f"typeof(json_extract({column}, '$.{name}'))"


def member_is_plain(column: str, name: str) -> str:
    """Ask whether a member is a number or a text, as an index that has only these wants it."""
    return f"json_type({column}, '$.{name}') IN ('integer', 'real', 'text')"


def json_elements(column: str, path: str) -> str:
    """Read the elements of the list at a path of a JSON column: `type` (the kind) and `value`."""
    return f"json_each({column}, {path}) AS element"


def each_value(column: str, key: str) -> str:
    """Read the values of a member of the JSON object in a column: its elements if it is a list.

    Of an object there are none. `key` is SQL, too.
    """
    value = f"{column} -> {key}"
    return f"json_each(CASE WHEN substr({value}, 1, 1) <> '{{' THEN {value} END) AS element"


def is_decimal(value: str) -> str:
    """Ask whether a text is a decimal number, such as -12.50."""
    return (
        f"{value} GLOB '[-+0-9]*' AND {value} GLOB '*[0-9]' "
        f"AND substr({value}, 2) NOT GLOB '*[^0-9.]*' AND {value} NOT GLOB '*.*.*'"
    )


def exact(value: str) -> str:
    """Make a number, or a text that is one, comparable with others to its last digit."""
    return f"decimal_rank({value})"


def exact_tie(value: str) -> str:
    """Write a text by which numbers sort that are the same but for digits a float has not."""
    return f"decimal_rank(/* ties */ {value})"


def position(text: str, part: str) -> str:
    """Count the characters up to the first place of a part in a text; 0 where it has none."""
    return f"instr({text}, {part})"


def json_list(value: str) -> str:
    """Gather the values of all rows as a JSON list."""
    return f"json_group_array({value})"


def each_of(values: str, alias: str) -> str:
    """Read a JSON list that SQL makes for each row of the tables before it as a table: `value`."""
    return f"json_each(/* of */ {values} /* each */) AS {alias}"


def json_record(**values: str) -> str:
    """Make a JSON object of values in SQL."""
    pairs = ", ".join(f"'{name}', {value}" for name, value in values.items())
    return f"json_object({pairs})"


def json_without(column: str, key: str) -> str:
    """Take a member out of the JSON object in a column."""
    return f"json_remove({column}, '$.{key}')"


def by_index(name: str) -> str:
    """Say by which index a table is read; without statistics SQLite takes others."""
    return f"INDEXED BY {name}"


def by_number() -> str:
    """Say that rows are read in the order of their numbers, by no index."""
    return "NOT INDEXED"


def unindexed(column: str) -> str:
    """Keep SQLite from reading by the index of a column.

    Without statistics it takes an organization to have ten rows, and a bound list to be longer.
    """
    return f"+{column}"


def most(name: str) -> str:
    """Read no more rows than bound as `name`.

    The plus hides the number from SQLite, which would plan a statement anew each time it runs:
    100 microseconds for a large one, more than it takes to run.
    """
    return f" LIMIT +:{name}"
