"""Tiers: who bears the name that is asked for, then who has all its words in theirs, then the rest.

In the first two, people and things come before records of what they did, such as payments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from one_mcp import jsons
from one_mcp.dimensions.entities import named, scans, scoring
from one_mcp.dimensions.entities.scans import FIRST, LOOKED_THROUGH, Place, Reading, Wanted
from one_mcp.dimensions.entities.selection import FEW, Members, Selection
from one_mcp.store import dialect, fulltext
from one_mcp.store.fulltext import ENTITIES, Words
from one_mcp.store.work import Row, Work

BEARERS, RECORDS_BEARING, NAMED, RECORDS_NAMED, EVERY_WORD, ANY_WORD = range(6)
SEARCHED = (RECORDS_NAMED, EVERY_WORD, ANY_WORD)  # in the order of fulltext's queries
WINDOW = 250  # newest and oldest hits among which things are told from records
FIRST_BLOCK = 250  # hits of a broad search, to look at first; then twice as many


@dataclass(frozen=True, slots=True)
class _Front:
    """The entities that come before all others of a broad search, by their tier."""

    tiers: Mapping[int, int]

    def of(self, wanted: int, before: int) -> list[tuple[float, int]]:
        """List those of a tier, newest first."""
        found = [(tier, seq) for seq, tier in self.tiers.items() if tier == wanted]
        return sorted((pair for pair in found if pair[1] < before), reverse=True)


def ranked(work: Work, wanted: Wanted, words: Words) -> Reading:
    """Read all hits of a narrow search: by their names, then by how well they answer."""
    scores = scoring.scores(work, words)
    tiers = _told(work, words, fulltext.newest(work, ENTITIES, words.tiers[0], FEW))
    places = {seq: tiers.get(seq, EVERY_WORD) + 1 / (1 + scores[seq]) for seq in scores}
    after = _place(wanted.place, (BEARERS, 0))
    ordered = sorted((place, seq) for seq, place in places.items() if (place, seq) > after)
    return Reading(_read(work, wanted, ordered))


def few(work: Work, wanted: Wanted, members: Members, words: Words) -> Reading:
    """Read those of a small set that have one of the words, tier by tier, newest first."""
    seqs = scans.numbers(work, wanted.selection, members)
    tiers: dict[int, int] = {}
    for tier, query in zip(SEARCHED, words.tiers, strict=True):
        tiers |= dict.fromkeys(fulltext.among(work, ENTITIES, query, seqs), tier)
    tiers |= _told(work, words, [seq for seq, tier in tiers.items() if tier == RECORDS_NAMED])
    at, before = _place(wanted.place)
    ordered = sorted((tier, -seq) for seq, tier in tiers.items() if (tier, -seq) > (at, -before))
    return Reading(_read(work, wanted, [(tier, -seq) for tier, seq in ordered]))


def broad(work: Work, wanted: Wanted, words: Words) -> Reading:
    """Read the hits of a broad search, newest first within each tier."""
    at, before = _place(wanted.place)
    front = _front(work, wanted.selection, words)
    queries = dict(zip(SEARCHED, words.tiers, strict=True))
    rows: list[Row] = []
    for tier in range(int(at), ANY_WORD + 1):
        left = replace(wanted, count=wanted.count - len(rows), place=[tier, before])
        if tier in queries:
            reading = _tier(work, left, queries[tier], front)
            rows.extend(reading.rows)
            if reading.stopped:
                return Reading(rows, reading.stopped)
        elif found := front.of(tier, before):
            rows += _read(work, left, found)
        if len(rows) == wanted.count:
            break
        before = FIRST
    return Reading(rows)


def best(work: Work, selection: Selection, words: Words) -> tuple[Members, bool]:
    """Collect the best hits of a broad search, to be sorted; tell whether there are more."""
    reading = broad(work, Wanted(selection, FEW + 1, "entities.seq"), words)
    rows = selection.bind(jsons.dumps([row["seq"] for row in reading.rows[:FEW]]))
    ids = (
        "SELECT id FROM entities"
        f" WHERE {dialect.unindexed('organization_id')} = :organization"
        f" AND seq {dialect.any_of(rows[1:])}"
    )
    more = len(reading.rows) > FEW or reading.stopped is not None
    return Members(ids, test="TRUE", count=f"SELECT {FEW}"), more


def _front(work: Work, selection: Selection, words: Words) -> _Front:
    """Choose who bears the name, and the things among the newest and oldest with all its words.

    Things are mostly older than the records that are called after them.
    """
    in_name = words.tiers[0]
    seen = fulltext.newest(work, ENTITIES, in_name, WINDOW)
    tiers = _told(work, words, seen)
    if len(seen) == WINDOW and RECORDS_NAMED in tiers.values():
        tiers |= _told(work, words, fulltext.oldest(work, ENTITIES, in_name, WINDOW))
    elif RECORDS_NAMED not in tiers.values():
        tiers = {seq: tier for seq, tier in tiers.items() if tier != NAMED}
    if not selection.archived:
        tiers |= _told(work, words, named.bearers(work, words.text))
    return _Front({seq: tier for seq, tier in tiers.items() if tier not in SEARCHED})


def _told(work: Work, words: Words, seqs: Iterable[int]) -> dict[int, int]:
    """Say in which tier entities are whose names have all words."""
    rows = work.all(
        f"""
        SELECT seq, type, name
        FROM entities
        WHERE {dialect.unindexed("organization_id")} = :organization
          AND seq {dialect.any_of("seqs")}
        """,
        seqs=list(seqs),
    )
    kinds, wanted = work.ontology.entity_types, named.folded(words.text)
    found: dict[int, int] = {}
    for row in rows:
        record = row["type"] in kinds and kinds[row["type"]].record
        bears = named.folded(row["name"]) == wanted
        found[row["seq"]] = (BEARERS if bears else NAMED) + record
    return found


def _tier(work: Work, wanted: Wanted, query: str, front: _Front) -> Reading:
    """Read hits block by block until enough of them fit, or enough were looked through."""
    tier, before = _place(wanted.place)
    rows: list[Row] = []
    looked_through, block = 0, FIRST_BLOCK
    while looked_through < LOOKED_THROUGH:
        seqs = fulltext.newest(work, ENTITIES, query, block, before)
        left = replace(wanted, count=wanted.count - len(rows))
        rows += _read(work, left, [(tier, seq) for seq in seqs if seq not in front.tiers])
        if len(rows) == wanted.count or len(seqs) < block:
            return Reading(rows)
        before = seqs[-1]
        looked_through += block
        block = min(2 * block, LOOKED_THROUGH - looked_through)
    return Reading(rows, [tier, before])


def _read(work: Work, wanted: Wanted, placed: Sequence[tuple[float, int]]) -> list[Row]:
    """Read those that fit of some entities, each with its place, in the order given."""
    if not placed:
        return []
    selection = wanted.selection
    return work.all(
        f"""
        SELECT {wanted.columns}, CAST(hits.value ->> 0 AS DOUBLE PRECISION) AS at
        FROM {dialect.each_list("placed", "hits")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = CAST(hits.value ->> 1 AS BIGINT)
          AND {" AND ".join([*selection.scope, *selection.tests()])}
        ORDER BY hits.key
        {dialect.most("count")}
        """,
        **selection.parameters,
        placed=jsons.dumps([list(pair) for pair in placed]),
        count=wanted.count,
    )


def _place(place: Place | None, start: tuple[float, int] = (BEARERS, FIRST)) -> tuple[float, int]:
    """Read the tier, or the tier with a score, and the number that a page begins after."""
    at, number = place or start
    if isinstance(at, int | float) and isinstance(number, int):
        return at, number
    return start
