"""Pictures of a neighbourhood: readable, complete, self-contained, and the same every time."""

import re
from collections import Counter
from itertools import combinations
from unicodedata import category
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from one_mcp.ontology.load import load
from one_mcp.services.picture import colours, layout, page, svg
from one_mcp.services.picture.lines import around, lines
from one_mcp.services.picture.scene import (
    BOX_HEIGHT,
    LONGEST_LINE,
    WIDEST,
    Arrow,
    Box,
    Scene,
    cut,
    letters,
)

SPACE = "{http://www.w3.org/2000/svg}"
GROUPS = ("Core", "Content", "Products", "Token", "Of a pack")


def scene(size: int, links: list[tuple[int, int]], name: str = "Thing") -> Scene:
    boxes = [Box(f"e{n}", f"{name} {n}", "video", GROUPS[n % len(GROUPS)]) for n in range(size)]
    arrows = [Arrow(f"e{a}", f"e{b}", "part_of", "is part of") for a, b in links]
    return Scene("Thing 0", f"{size} entities", boxes, arrows)


def star(size: int) -> Scene:
    return scene(size, [(0, n) for n in range(1, size)])


def chain(size: int) -> Scene:
    return scene(size, [(n, n + 1) for n in range(size - 1)])


SCENES = {
    "alone": scene(1, []),
    "pair": scene(2, [(0, 1), (1, 0), (0, 1)]),
    "star": star(40),
    "chain": chain(12),
    "ring": scene(9, [(n, (n + 1) % 9) for n in range(9)]),
    "not all connected": scene(5, [(0, 1)]),
}


@pytest.mark.parametrize("drawn", SCENES.values(), ids=SCENES)
def test_no_box_covers_another(drawn: Scene) -> None:
    found = layout.places(drawn)

    boxes = [
        around(place.x, place.y, box.width, BOX_HEIGHT)
        for box, place in zip(drawn.boxes, found, strict=True)
    ]
    assert all(one.overlap(other) == 0 for one, other in combinations(boxes, 2))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_graph_gets_finite_places_without_overlap(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 25))
    box = st.integers(0, size - 1)
    pairs = data.draw(st.lists(st.tuples(box, box).filter(lambda p: p[0] != p[1]), max_size=40))
    drawn = scene(size, pairs if size > 1 else [])

    found = layout.places(drawn)

    boxes = [
        around(place.x, place.y, box.width, BOX_HEIGHT)
        for box, place in zip(drawn.boxes, found, strict=True)
    ]
    assert all(abs(place.x) < 1e5 and abs(place.y) < 1e5 for place in found)
    assert all(one.overlap(other) == 0 for one, other in combinations(boxes, 2))
    ET.fromstring(svg.draw(drawn))  # noqa: S314  # our own


def test_the_first_box_stands_in_the_middle() -> None:
    first, *others = layout.places(star(25))

    assert (first.x, first.y) == (0, 0)
    assert min(place.x for place in others) < -100 < 100 < max(place.x for place in others)
    assert min(place.y for place in others) < -100 < 100 < max(place.y for place in others)


def test_neighbours_are_nearer_than_those_two_steps_away() -> None:
    found = layout.places(chain(4))

    steps = [abs(place.x) + abs(place.y) for place in found]
    assert steps == sorted(steps)


def test_the_same_graph_gives_the_same_picture() -> None:
    assert svg.draw(star(20)) == svg.draw(star(20))


def test_arrows_between_the_same_boxes_stay_apart() -> None:
    drawn = SCENES["pair"]

    found = lines(drawn, layout.places(drawn))

    middles = {(round(x), round(y)) for x, y in (line.at(0.5) for line in found)}
    assert len(middles) == 3


def test_every_box_arrow_and_group_is_drawn() -> None:
    root = ET.fromstring(svg.draw(star(7)))  # noqa: S314  # our own

    kinds = [group.get("class", "").split()[0] for group in root.iter(f"{SPACE}g")]
    texts = [text.text for text in root.iter(f"{SPACE}text")]
    assert kinds.count("arrow") == 6
    assert kinds.count("box") == 7 + len(GROUPS)
    assert set(GROUPS) <= set(texts)
    assert "Thing 0" in texts


def test_names_cannot_break_out_of_the_picture() -> None:
    nasty = "</text><script>alert(1)</script>&\"'\x01\ufffe"
    drawn = Scene(nasty, nasty, [Box(nasty, nasty, nasty, nasty)], [])

    for document in (svg.draw(drawn), page.write(drawn)):
        assert "<script" not in document
        assert "\x01" not in document
    ET.fromstring(svg.draw(drawn))  # noqa: S314  # our own


def test_the_picture_loads_nothing_from_anywhere() -> None:
    document = page.write(star(5))

    assert "<script" not in document
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", document)
    assert addresses == ["#tip"] * 5  # of four arrows, and of the line that says what they are
    assert re.findall(r"https?://[^\s\"<]+", document) == ["http://www.w3.org/2000/svg"]


def test_the_page_lists_every_entity_and_connection() -> None:
    document = page.write(star(5))

    assert document.count("<code>e") == 5
    assert document.count("<td>is part of</td>") == 4


@pytest.mark.parametrize("name", ["Yoga", "a" * 200, "瑜伽" * 60, "W" * 90, "👩‍🚀" * 50])
def test_names_are_cut_to_the_width_of_a_box(name: str) -> None:
    short = cut(name)

    assert letters(short) <= LONGEST_LINE
    assert name.startswith(short.removesuffix("…"))


# Noto Sans at weight 500, in thousandths of its size; a browser measured them
WIDE = {
    258: "ijl",
    260: " ",
    268: ".,",
    273: "J",
    322: "-",
    339: "I",
    344: "f",
    361: "t",
    413: "r",
    470: "z",
    479: "s",
    480: "c",
    508: "v",
    510: "y",
    519: "F",
    524: "L",
    529: "x",
    534: "k",
    549: "S",
    556: "ET",
    561: "a",
    564: "e",
    566: "Y",
    572: "0123456789Z",
    586: "X",
    600: "V",
    605: "oP",
    615: "bdgpq",
    618: "hnu",
    619: "K",
    622: "R",
    630: "н",
    632: "C",
    639: "A",
    650: "B",
    728: "G",
    730: "D",
    731: "U",
    732: "&",
    741: "H",
    760: "N",
    781: "OQ",
    786: "w",
    791: "…",
    831: "%",
    898: "ш",
    899: "@",
    907: "M",
    920: "한",
    930: "W",
    935: "m",
    1000: "瑜ヨ",
    1041: "Щ",
    1248: "🧘",
}
ADVANCES = {character: width for width, those in WIDE.items() for character in those}


@pytest.mark.parametrize(
    "name",
    [
        "Maya Lindholm",
        "WWWW MMMM WWWW MMMM AVERAGE SHOUTING",
        "Mittelalterliche Woerterbuecher und Register",
        "mmwwmmwwmmwwmmwwmmwwmmwwmmww",
        "illi till ill lilli fill it till it is full of lilies",
        "瑜" * 40,
        "한" * 40,
        "ヨ" * 12,
        "шЩ" * 30,
        "🧘" * 30,
        "A @ 100 % & B, C-D.",
    ],
)
def test_a_name_keeps_a_margin_to_its_box(name: str) -> None:
    box = Box("e", name, "course", "Core")

    wide = sum(ADVANCES[character] for character in box.label) * 13 / 1000

    assert box.width - wide >= 2 * 9


@pytest.mark.parametrize(
    "type", ["audience_member", "a_type_of_some_pack_with_a_very_long_name_" * 3]
)
def test_a_type_keeps_a_margin_to_its_box(type: str) -> None:
    box = Box("e", "x", type, "Core")

    assert box.width <= WIDEST
    assert box.kind in (type, f"{type[: len(box.kind) - 1]}…")


def test_what_is_hidden_in_a_name_has_room_where_it_shows() -> None:
    box = Box("e", "a\u202eb", "course", "Core")

    assert f">{box.label}<" in svg.draw(Scene("t", "c", [box], []))


@pytest.mark.parametrize("name", ["👩‍🚀" * 50, "हिन्दी में " * 9, "e\u0301" * 80])
def test_a_name_is_cut_between_what_readers_see_as_characters(name: str) -> None:
    kept = cut(name).removesuffix("…")

    assert not kept.endswith("\u200d")
    assert category(name[len(kept)])[0] != "M"


def words(document: str) -> list[str | None]:
    root = ET.fromstring(document)  # noqa: S314  # our own
    return [text.text for text in root.iter(f"{SPACE}text")]


def test_words_that_many_arrows_share_are_said_once() -> None:
    drawn = star(7)
    few = [Arrow("e1", "e2", "owns", "owns"), Arrow("e3", "e4", "owns", "owns")]
    other = [Arrow(f"e{n}", f"e{n + 1}", "references", "refers to") for n in range(1, 5)]

    document = svg.draw(Scene(drawn.title, "", drawn.boxes, [*drawn.arrows, *few, *other]))

    said = Counter(words(document))
    assert (said["is part of"], said["refers to"], said["owns"]) == (1, 1, 2)
    assert document.count("s0") > 6  # the arrows and the line that explains them look alike
    assert "stroke-dasharray: 7 4" in document


def test_a_crowd_is_drawn_without_words_over_words() -> None:
    document = svg.draw(star(200))

    assert words(document).count("is part of") == 1


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("group", [*colours.USUAL, "Of a pack"])
def test_every_text_stands_out_from_its_ground(group: str, dark: bool) -> None:
    """At least 4.5 to 1, as https://www.w3.org/TR/WCAG22/#contrast-minimum asks of text."""
    ground, colour = colours.DARK if dark else colours.LIGHT, colours.of(group, dark=dark)

    assert contrast(colour.border, colour.fill) >= 4.5
    assert contrast(ground["ink"], colour.fill) >= 4.5
    assert contrast(ground["quiet"], ground["ground"]) >= 4.5


def test_groups_of_the_core_have_colours_of_their_own() -> None:
    groups = {type.group for type in load().entity_types.values()}

    assert groups == set(colours.USUAL)
    assert len({colours.of(group, dark=False) for group in colours.USUAL}) == len(colours.USUAL)
