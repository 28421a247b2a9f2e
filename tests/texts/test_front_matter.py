"""Front matter: what little of it may cost much, and what its numbers are."""

import tracemalloc

import pytest

from one_mcp.errors import TextFileError
from one_mcp.texts import front_matter

DOTTED = ".".join(["x"] * 17)


@pytest.mark.parametrize(
    "fields",
    [
        "a." * 4_000 + "a = 1",
        "[" + "a . " * 4_000 + "a]",
        '"a".' * 4_000 + "a = 1",
        "x = {" + "'a'." * 4_000 + "a = 1}",
    ],
)
def test_a_long_key_costs_no_more_than_its_text(fields: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TextFileError) as failure:
            front_matter.split(f"+++\n{fields}\n+++\n")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert "16 levels" in str(failure.value)
    assert peak_bytes < 1_000_000


@pytest.mark.parametrize(
    "value",
    [
        f'"{DOTTED}"',
        f"'{DOTTED}'",
        f'"""\n{DOTTED} "" \\"{DOTTED}"""',
        f"'''{DOTTED}'''''",
        f"1 # {DOTTED}",
        f"[{', '.join(['1.5'] * 17)}]",
    ],
)
def test_dots_in_values_are_no_levels(value: str) -> None:
    fields, _ = front_matter.split(f"+++\na.b.c = {value}\n+++\n")

    assert fields["a"]


def test_yaml_builds_nothing_that_is_not_written_out() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

    with pytest.raises(TextFileError):
        front_matter.split(f"---\n{bomb}---\n")


@pytest.mark.parametrize("form", ["---\na: {}\n---\n", "+++\na = {}\n+++\n"], ids=["YAML", "TOML"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("49.50", 49.5),
        ("0.1", 0.1),
        ("12345678901234567890.12", "12345678901234567890.12"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
    ],
)
def test_a_number_that_a_float_would_round_stays_text(
    form: str, written: str, read: float | str
) -> None:
    assert front_matter.split(form.format(written))[0] == {"a": read}
