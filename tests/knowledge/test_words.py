"""Words of a question, in any script: which passages and entities have them."""

import pytest

from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.knowledge.search import lexical
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.services.knowledge import recall
from one_mcp.session import Session
from tests.knowledge.conftest import add

pytestmark = pytest.mark.anyio


async def spoken(one: Session, query: str) -> list[str]:
    """The documents with a passage that has words of a question."""
    hits = (await recall.find(one, Wish(query, explained=True))).hits
    return [hit.id for hit in hits if hit.scores is not None and hit.scores.words is not None]


async def named(one: Session, query: str) -> list[str]:
    return [item.id for item in (await recall.find(one, Wish(query))).entities or []]


async def test_a_word_that_nothing_had_before_is_found_at_once(one: Session) -> None:
    for number in range(10):
        await add(one, f"A text about yoga, number {number}.", title=f"Text {number}")
    assert await spoken(one, "zebra") == []

    id = await add(one, "A zebra.", title="Animals")

    assert await spoken(one, "zebra") == [id]


async def test_a_name_that_nothing_had_before_is_found_at_once(one: Session) -> None:
    for number in range(10):
        await one.write(entity.create, "course", f"Course {number}")
    assert await named(one, "zoltan") == []

    course = await one.write(entity.create, "course", "Zoltan")

    assert await named(one, "zoltan") == [course.id]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Das Haus in der langen Straße.", "Straße"),
        ("Das Haus in der langen Straße.", "STRAßE"),
        ("İstanbul güzel.", "İstanbul"),
        ("κάποιοι δρόμοι της πόλης", "ΔΡΌΜΟΙ ΠΌΛΗΣ"),
        ("שָׁלוֹם לכולם", "שלום"),
        ("שלום לכולם", "שָׁלוֹם"),
        ("مُحَمَّد في البيت", "محمد"),
        ("यह हिन्दी है", "हिन्दी"),
        ("ที่นี่มีอาหาร", "ที่นี่"),
        ("தமிழ் மொழி", "தமிழ்"),
        ("ကျောင်း သွား", "ကျောင်း"),
        ("Cafe\u0301 au lait", "café"),
    ],
)
async def test_a_word_is_found_as_it_stands_in_the_text(
    one: Session, text: str, query: str
) -> None:
    id = await add(one, text, title="t")
    await add(one, "Something else.", title="u")

    assert await spoken(one, query) == [id]


async def test_a_word_with_vowel_marks_is_not_its_single_letters(one: Session) -> None:
    await add(one, "यह नल है और दाल", title="t")

    assert await spoken(one, "हिन्दी") == []


async def test_a_title_without_spaces_is_found_by_a_part(one: Session) -> None:
    id = await add(one, "Something.", title="瑜伽课程")

    assert await spoken(one, "课程") == [id]


async def test_the_telling_word_may_come_late_in_a_long_question(one: Session) -> None:
    id = await add(one, "The zebra runs.", title="t")
    question = " ".join(f"w{number}" for number in range(60))

    assert await spoken(one, f"{question} zebra") == [id]


@pytest.mark.parametrize("query", ["瑜伽老师", "瑜伽"])
async def test_an_entity_is_named_in_a_script_without_spaces(one: Session, query: str) -> None:
    course = await one.write(entity.create, "course", "瑜伽老师", with_tags=["skill:瑜伽"])

    assert await named(one, query) == [course.id]


@pytest.mark.parametrize("query", ["who teaches Yoga?", "who knows Vinyasa Flow?"])
async def test_a_tag_is_said_as_it_is_written(one: Session, query: str) -> None:
    course = await one.write(
        entity.create, "course", "Bo", with_tags=["skill:Yoga", "skill:Vinyasa Flow"]
    )

    assert await named(one, query) == [course.id]


def test_marks_alone_are_no_words() -> None:
    assert lexical.said("\u0301 \ufe0f 🎉 ❤️ — a") == ["a"]


def test_a_word_counts_once_whatever_its_case() -> None:
    assert lexical.weights("Yoga yoga YOGA") == {"yoga": 1}


def test_forms_of_a_word_count_as_often_as_there_are() -> None:
    assert lexical.weights("a library of libraries") == {"a": 1, "librari": 2, "of": 1}
