"""Times in front matter: with an offset, without a zone, and bare dates, in all usual forms."""

from pathlib import Path

import pytest

from one_mcp.dimensions.entities import details, finding
from one_mcp.dimensions.exchange import importing
from one_mcp.dimensions.organizations import settings
from one_mcp.services.exchange import imports
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

NINE = 1_767_344_400_000  # 2026-01-02T09:00:00Z
MIDNIGHT = 1_767_308_400_000  # the day's beginning in Zurich


@pytest.fixture
async def zurich(one: Session) -> Session:
    """An organization in Zurich."""
    await one.write(settings.update, time_zone="Europe/Zurich")
    return one


async def published(one: Session, folder: Path, *fields: str, dry_run: bool = False) -> list[int]:
    for place, text in enumerate(fields):
        (folder / f"{place:03}.md").write_text(text)
    await imports.run(one, path=str(folder), dry_run=dry_run)

    def times(work: Work) -> list[int]:
        rows = work.all(
            """
            SELECT properties ->> 'publishedAt' AS at
            FROM entities
            WHERE organization_id = :organization
            ORDER BY external_id
            """
        )
        return [row["at"] for row in rows]

    return await one.read(times)


def yaml(time: str) -> str:
    return f"---\ntype: blog_post\npublishedAt: {time}\n---\nText.\n"


def toml(time: str) -> str:
    return f'+++\ntype = "blog_post"\npublishedAt = {time}\n+++\nText.\n'


@pytest.mark.parametrize(
    "text",
    [
        yaml("2026-01-02T09:00:00Z"),
        yaml("2026-01-02T10:00:00+01:00"),
        yaml("2026-01-02T10:00:00+0100"),
        yaml("2026-01-02 10:00:00 +01:00"),
        yaml("2026-01-02 10:00:00 +1"),
        yaml("2026-01-02 10:00:00 +1:00"),
        yaml("2026-01-02t04:00:00.00-05:00"),
        yaml('"2026-01-02T10:00:00+01:00"'),
        yaml("2026-01-02T10:00:00"),
        yaml("2026-01-02 10:00:00"),
        yaml("2026-01-02 10:00"),
        toml("2026-01-02T09:00:00Z"),
        toml("2026-01-02T10:00:00+01:00"),
        toml("2026-01-02 10:00:00"),
        toml('"2026-01-02 10:00"'),
    ],
)
async def test_a_time_is_in_its_own_zone_or_in_the_organizations(
    zurich: Session, tmp_path: Path, text: str
) -> None:
    assert await published(zurich, tmp_path, text) == [NINE]
    again = await imports.run(zurich, path=str(tmp_path))
    assert again.change is None


@pytest.mark.parametrize("text", [yaml("2026-01-02"), yaml('"2026-01-02"'), toml("2026-01-02")])
async def test_a_bare_date_begins_in_the_organizations_zone(
    zurich: Session, tmp_path: Path, text: str
) -> None:
    assert await published(zurich, tmp_path, text) == [MIDNIGHT]


async def test_many_files_are_read_in_the_same_zone(zurich: Session, tmp_path: Path) -> None:
    many = importing.BATCH * 3

    found = await published(zurich, tmp_path, *[yaml("2026-01-02")] * many)

    assert found == [MIDNIGHT] * many


@pytest.mark.parametrize("time", ["2026-13-02", "yesterday", "10:00", "2026-01-02T25:00"])
async def test_what_is_no_time_is_told_with_its_file(
    zurich: Session, tmp_path: Path, time: str
) -> None:
    (tmp_path / "a.md").write_text(yaml(time))

    told = await imports.run(zurich, path=str(tmp_path), dry_run=True)

    assert told.errors
    assert "a.md" in told.errors[0].problem
    assert "publishedAt" in told.errors[0].problem


async def test_a_time_that_no_type_declares_stays_as_it_was_written(
    zurich: Session, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text(
        "---\nseen: 2026-01-02T10:00:00+01:00\nday: 2026-01-02\n---\nT\n"
    )
    await imports.run(zurich, path=str(tmp_path))

    (found,) = (await zurich.read(finding.find)).items
    properties = (await zurich.read(details.portrait, found.id)).properties

    assert properties
    assert (properties["seen"], properties["day"]) == ("2026-01-02T10:00:00+01:00", "2026-01-02")
