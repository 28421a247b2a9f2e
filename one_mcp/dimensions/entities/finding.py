"""Find entities by what they are, hold, carry and belong to, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from one_mcp import jsons
from one_mcp.answers import Answer
from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import (
    conditions,
    existence,
    money,
    named,
    orders,
    scans,
    selection,
    summaries,
    tiers,
    totals,
    unlikely,
    value_walks,
    worded,
)
from one_mcp.dimensions.entities.existence import Existence
from one_mcp.dimensions.entities.orders import AnyOrder, Place, ValueOrder
from one_mcp.dimensions.entities.scans import Reading, Wanted
from one_mcp.dimensions.entities.selection import FEW, NeighbourOf, Selection
from one_mcp.dimensions.entities.summaries import Item
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import check
from one_mcp.ontology.model import EntityType
from one_mcp.store import fulltext, pages, undeclared, unindexed
from one_mcp.store.fulltext import Words
from one_mcp.store.pages import Detail, Page
from one_mcp.store.work import Row, Work

FEW_TO_MATCH = 100
STOPPED = (
    f"{scans.LOOKED_THROUGH:,} entities were looked through for this page; the cursor goes on, "
    "and a type, a tag or connected_to makes the search narrower."
)
SORTED_BEST = f"Only the best {FEW:,} matches of text are sorted; more words make it narrower."
COLUMNS: dict[Detail, str] = {"concise": scans.CONCISE, "full": scans.FULL}


class Mode(StrEnum):
    """What the places of a page are: a sort key, a tier with a score, or a tier of many hits."""

    ORDER = "order"
    RANK = "rank"
    TIER = "tier"


class Entities(Answer):
    """One page. `cursor` is there while there may be more; `cut` says why a page is short.

    `total` is on the first page: exact, or a text such as "more than 10,000".
    """

    items: list[Item]
    total: int | str | None = None
    cursor: str | None = None
    cut: str | None = None
    warnings: list[str] | None = None


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """What is looked for, after the check of the arguments, and how many of it after which place.

    `mode` says what the place means; it is None on the first page, where it is still to choose.
    """

    selection: Selection
    words: Words | None
    order: AnyOrder | None
    wanted: Wanted
    mode: Mode | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows of a page, the mode they were read in, and a sentence about what is left out."""

    mode: Mode
    reading: Reading
    cut: str | None = None


def find(
    work: Work,
    type: str | None = None,
    *,
    name: str | None = None,
    status: str | None = None,
    text: str | None = None,
    where: JsonObject | None = None,
    tags: list[str] | None = None,
    connected_to: NeighbourOf | None = None,
    has: Sequence[Existence] = (),
    lacks: Sequence[Existence] = (),
    since: int | str | None = None,
    until: int | str | None = None,
    sort: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
    detail: Detail = "concise",
) -> Entities:
    """Find live entities that fulfil every condition; archived ones by that status only.

    Newest first, or with `text` best first. A page reads a bounded number of rows, whatever the
    number of entities: one that ends early for that says so, and its cursor goes on.
    """
    pages.require_limit(limit)
    kind = None if type is None else check.entity_type(work.ontology, type)
    kinds = [] if kind is None else [kind]
    held = conditions.fitted(work, kinds, where or {})
    by = orders.Sort.of(sort) if sort else orders.USUAL
    by_created = by.name == "created"
    chosen = selection.select(
        work, kind, status, held, tags or [], connected_to=connected_to, by_created=by_created
    )
    named.choose(work, chosen, name)
    worded.choose(work, chosen, held)
    existence.choose(work, chosen, has, lacks)
    conditions.within(work, chosen, by.name, since, until)
    words = fulltext.words(work, text) if text else None
    order = orders.read(work, chosen, kinds, by) if sort else None
    paths = [*(where or ()), *([by.name] if isinstance(order, ValueOrder) else [])]
    warnings = _odd(work, chosen, kind, status, paths) + _about_words(work, text, words)
    warnings += unlikely.told(work.ontology, [*has, *lacks], lambda _: [it.name for it in kinds])
    if text is not None and words is None:
        return Entities(items=[], total=0, warnings=warnings)
    others = [where, tags, connected_to, has, lacks, name, since, until]
    query: JsonValue = [type, status, text, sort, jsons.dumps(others)]
    mode, place = _start(query, cursor)
    columns = COLUMNS[detail] + (order.beside if order else "")
    wanted = Wanted(chosen, limit + 1, columns, place)
    return _answer(work, EntityQuery(chosen, words, order, wanted, mode), query, detail, warnings)


def _answer(
    work: Work, wish: EntityQuery, query: JsonValue, detail: Detail, warnings: list[str]
) -> Entities:
    outcome = _read(work, wish)
    page = _page(work, outcome, wish, query, detail)
    total = None
    if wish.wanted.place is None:
        total = totals.of(work, wish.selection, wish.words) if page.cursor else len(page.items)
        warnings = [*warnings, *money.warnings(work, wish.selection, wish.order)]
    return Entities(
        items=page.items,
        total=total,
        cursor=page.cursor,
        cut=page.cut or outcome.cut,
        warnings=warnings or None,
    )


def _odd(
    work: Work, chosen: Selection, kind: EntityType | None, status: str | None, paths: list[str]
) -> list[str]:
    """Tell of fields that nobody declares or has, and of a status that the type has of its own.

    The archived are not looked through for fields.
    """
    types = [kind.name] if kind else []
    told = [] if chosen.archived else undeclared.warnings(work, "entities", types, paths)
    if kind and status and (own := lookup.own_status(work.ontology, kind, status, "where")):
        told.append(f"status is what the entity itself is in.{own}")
    return told


def _about_words(work: Work, text: str | None, words: Words | None) -> list[str]:
    """Tell why a text may find less than there is."""
    if text is None:
        return []
    if words is None:
        return ["text holds no letter or digit to look for, so nothing is found."]
    late = unindexed.waiting(work, fulltext.ENTITIES)
    return [late] if late else []


def _start(query: JsonValue, cursor: str | None) -> tuple[Mode | None, Place | None]:
    keys = pages.decode(query, cursor, 3)
    return (None, None) if keys is None else (Mode(str(keys[0])), keys[1:])


def _read(work: Work, wish: EntityQuery) -> Outcome:
    """Choose the way of reading that stays bounded, and say what it left out."""
    order = wish.order or orders.NEWEST
    if wish.words is None:
        return _bounded(_ordered(work, wish, order))
    words = fulltext.completed(work, wish.words)
    mode = wish.mode or (Mode.ORDER if wish.order else _mode(work, words))
    if mode is Mode.RANK:
        return Outcome(mode, tiers.ranked(work, wish.wanted, words))
    small = wish.selection.smallest(work, FEW_TO_MATCH)
    if mode is Mode.TIER and small is not None:
        return Outcome(mode, tiers.few(work, wish.wanted, small, words))
    if mode is Mode.TIER:
        return _bounded(tiers.broad(work, wish.wanted, words), mode)
    if small is not None:
        having = scans.matching(work, wish.selection, small, words)
        wish.selection.filters.append(having)
        return Outcome(mode, scans.sorted_few(work, wish.wanted, small, order))
    best, more = tiers.best(work, wish.selection, words)
    reading = scans.sorted_few(work, wish.wanted, best, order)
    return Outcome(mode, reading, SORTED_BEST if more else None)


def _bounded(reading: Reading, mode: Mode = Mode.ORDER) -> Outcome:
    return Outcome(mode, reading, STOPPED if reading.stopped else None)


def _mode(work: Work, words: Words) -> Mode:
    few = fulltext.hits(work, fulltext.ENTITIES, words.some, FEW + 1) <= FEW
    return Mode.RANK if few else Mode.TIER


def _ordered(work: Work, wish: EntityQuery, order: AnyOrder) -> Reading:
    walks = isinstance(order, ValueOrder) and order.fields is not None
    # a walk looks through as many before it stops, so that a set of these is better sorted
    small = wish.selection.smallest(work, scans.LOOKED_THROUGH if walks else FEW)
    if small is not None:
        return scans.sorted_few(work, wish.wanted, small, order)
    if isinstance(order, ValueOrder) and walks:
        return value_walks.read(work, wish.wanted, order)
    if isinstance(order, ValueOrder):
        return scans.sorted_all(work, wish.wanted, order)
    if wish.selection.archived and order.column != orders.NEWEST.column:
        raise InvalidArgumentError(
            f"More than {FEW:,} entities are archived; sort them by created, or name a type.",
            argument="sort",
        )
    return scans.walked(work, wish.wanted, order)


def _page(
    work: Work, outcome: Outcome, wish: EntityQuery, query: JsonValue, detail: Detail
) -> Page[Item]:
    reading, order = outcome.reading, wish.order or orders.NEWEST
    make = summaries.full(work, reading.rows) if detail == "full" else summaries.concise
    by_order = outcome.mode is Mode.ORDER

    def item(row: Row) -> Item:
        if not (by_order and isinstance(order, ValueOrder)):
            return make(row)
        return make(row).model_copy(update={"sorted_by": order.shown(row)})

    def cursor(row: Row) -> str:
        place = order.place(row) if by_order else [row["at"], row["seq"]]
        return pages.encode(query, [outcome.mode, *place])

    stopped = None
    if reading.stopped is not None:
        stopped = pages.encode(query, [outcome.mode, *reading.stopped])
    return pages.page(
        reading.rows,
        wish.wanted.count - 1,
        item,
        cursor=cursor,
        size=summaries.size,
        detail=detail,
        stopped=stopped,
    )
