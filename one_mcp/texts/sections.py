"""Sections: what stands under one heading, and which of them are read together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from one_mcp.texts import blocks
from one_mcp.texts.blocks import Block, Heading
from one_mcp.texts.token_index import Ruler

SMALL = 4  # sections below this part of the window are read together

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under the headings that lead to them; `path` is empty before the first heading."""

    path: Path
    heading: Block | None = None  # with the headings above it, where nothing stands in between
    body: list[Block] = field(default_factory=list[Block])

    @property
    def start(self) -> int:
        return self.heading.start if self.heading else self.body[0].start

    @property
    def end(self) -> int:
        return self.body[-1].end if self.body else self.blocks[0].end

    @property
    def blocks(self) -> list[Block]:
        return [self.heading, *self.body] if self.heading else self.body


@dataclass(frozen=True, slots=True)
class Chapter:
    """Sections that are read together, under the path that they have in common."""

    path: Path
    sections: list[Section]

    @property
    def start(self) -> int:
        return self.sections[0].start

    @property
    def heading(self) -> str:
        return " > ".join(filter(None, self.path))


def chapters(text: str, ruler: Ruler, *, markdown: bool) -> Iterator[Chapter]:
    """Read sections, and put small ones with their neighbours as long as the window holds them."""
    found = blocks.markdown(text) if markdown else blocks.plain(text)
    chapter: Chapter | None = None
    for section in _sections(found):
        wider = _with(section, chapter, ruler) if chapter else None
        if chapter and not wider:
            yield chapter
        chapter = wider or Chapter(section.path, [section])
    if chapter:
        yield chapter


def _with(section: Section, chapter: Chapter, ruler: Ruler) -> Chapter | None:
    """Return a chapter with one more section, None when that makes it too large or too mixed."""
    path = _common(chapter, section)
    if path is None or not ruler.fits(chapter.start, section.end):
        return None
    if any(
        ruler.size(each.start, each.end) * SMALL >= ruler.window
        for each in (chapter.sections[-1], section)
    ):
        return None
    return Chapter(path, [*chapter.sections, section])


def _common(chapter: Chapter, section: Section) -> Path | None:
    """Return the path that both stand under: the chapter's, or if it has but one, its parent's."""
    parent = section.path[:-1]
    if parent == chapter.path:
        return parent
    siblings = chapter.path == chapter.sections[0].path and parent == chapter.path[:-1]
    return parent if siblings else None


def _sections(found: Iterable[Block | Heading]) -> Iterator[Section]:
    section = Section(())
    levels: list[int] = []
    for each in found:
        if isinstance(each, Block):
            section.body.append(each)
            continue
        kept = sum(level < each.level for level in levels)
        levels = [*levels[:kept], each.level]
        below = _below(section, (*section.path[:kept], each.title), each)
        if below.start == each.start and section.blocks:
            yield section
        section = below
    if section.blocks:
        yield section


def _below(section: Section, path: Path, heading: Heading) -> Section:
    """Open the section under a heading; a heading above it with no words of its own joins it."""
    bare = section.heading if not section.body and len(path) > len(section.path) else None
    start = bare.start if bare else heading.start
    return Section(path, Block(start, heading.end))
