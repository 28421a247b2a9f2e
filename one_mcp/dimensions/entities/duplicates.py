"""Duplicates: entities that seem to be the same thing, in groups, each with its reasons."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.answers import Answer
from one_mcp.dimensions.entities import alike, spelling
from one_mcp.errors import shown
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check
from one_mcp.store import pages
from one_mcp.store.work import Row, Work

LOOKED_AT = 50_000
COMPARED = 3_000  # texts, each with each other one
NEAR = 0.9  # the cosine of two texts that say the same in other words
MEMBERS = 8
SHORTEST_NUMBER = 7  # digits of a telephone number that tells somebody from others
_PHONES = frozenset(
    {"phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "cell", "whatsapp"}
)
_Key = tuple[str, str, str]  # what is the same, the type where it has to be one, the value


@dataclass(frozen=True, slots=True)
class Likeness:
    """How texts are compared: the number of their vectors' model, and what finds near pairs."""

    model: int
    pairs: Callable[[Sequence[bytes], float], list[tuple[int, int, float]]]


class Twin(Answer):
    id: str
    type: str
    name: str


class Group(Answer):
    """Entities that may be one, the oldest first. `more` counts those that are not shown."""

    reasons: list[str]
    entities: list[Twin]
    more: int | None = None


class Duplicates(Answer):
    """Groups, the surest first, of as many entities as were `looked_at`.

    `by_meaning` says how many of their texts were compared, or why none was.
    """

    groups: list[Group]
    looked_at: int
    by_meaning: str | None = None
    cut: str | None = None


def find(
    work: Work, type: str | None = None, limit: int = 20, likeness: Likeness | None = None
) -> Duplicates:
    """Group live entities that have a name (in a type), an e-mail address or a number in common.

    Case, accents, the order of words, and what follows a plus in an address do not count. With a
    `likeness`, those of a type whose own texts say nearly the same are grouped, too.
    """
    pages.require_limit(limit)
    kind = None if type is None else check.entity_type(work.ontology, type)
    holders: dict[_Key, list[int]] = defaultdict(list)
    rows: list[Twin] = []
    for row in _newest(work, kind and kind.name):
        for key in _keys(work, row):
            holders[key].append(len(rows))
        rows.append(Twin(id=row["id"], type=row["type"], name=row["name"]))
    shared = {key: members for key, members in holders.items() if len(members) > 1}
    compared = 0
    if likeness is not None:
        places = {row.id: place for place, row in enumerate(rows)}
        compared, near = _near(work, likeness, kind and kind.name)
        for one, other, cosine in near:
            if one in places and other in places:
                key = ("meaning", f"{one} {other}", f"{cosine:.2f}")
                shared[key] = [places[one], places[other]]
    found = sorted(_groups(shared), key=lambda group: (-len(group[1]), len(group[0]), group[0]))
    groups = [_group(rows, members, keys) for members, keys in found]
    page = _fitting(groups[:limit])
    return Duplicates(
        groups=page,
        looked_at=len(rows),
        by_meaning=f"{compared:,} texts were compared" if compared else None,
        cut=_cut(len(page), len(groups), len(rows)),
    )


def _newest(work: Work, type: str | None) -> Iterator[Row]:
    typed = "AND type = :type" if type else ""
    return work.each(
        f"""
        SELECT id, type, name, properties
        FROM entities
        WHERE organization_id = :organization
          AND deleted_at IS NULL
          {typed}
        ORDER BY seq DESC
        LIMIT {LOOKED_AT}
        """,
        **({"type": type} if type else {}),
    )


def _keys(work: Work, row: Row) -> Iterator[_Key]:
    properties = jsons.load_object(row["properties"])
    if name := spelling.plain(row["name"]):
        yield "name", row["type"], name
    kind = work.ontology.entity_types.get(row["type"])
    address = None if kind is None else alike.email(kind, properties)
    if address is not None:
        yield "e-mail", "", spelling.address(address)
    for number in _numbers(properties):
        yield "telephone", "", number


def _numbers(properties: JsonObject) -> set[str]:
    values = (value for name, value in properties.items() if name.casefold() in _PHONES)
    found = {spelling.digits(value) for value in values if isinstance(value, str)}
    return {number for number in found if len(number) >= SHORTEST_NUMBER}


def _groups(shared: dict[_Key, list[int]]) -> list[tuple[list[int], list[_Key]]]:
    """Join what shares a row with what shares another one with it."""
    leader: dict[int, int] = {}

    def top(row: int) -> int:
        while leader.setdefault(row, row) != row:
            leader[row] = row = leader[leader[row]]
        return row

    for members in shared.values():
        for row in members[1:]:
            leader[top(row)] = top(members[0])
    rows: dict[int, list[int]] = defaultdict(list)
    for row in list(leader):
        rows[top(row)].append(row)
    keys: dict[int, list[_Key]] = defaultdict(list)
    for key, members in shared.items():
        keys[top(members[0])].append(key)
    return [(sorted(members, reverse=True), keys[first]) for first, members in rows.items()]


def _group(rows: list[Twin], members: list[int], keys: list[_Key]) -> Group:
    reasons = [_reason(what, value) for what, _, value in keys[:MEMBERS]]
    return Group(
        reasons=reasons,
        entities=[rows[row] for row in members[:MEMBERS]],
        more=len(members) - MEMBERS if len(members) > MEMBERS else None,
    )


def _reason(what: str, value: str) -> str:
    if what == "meaning":
        return f"similar in meaning: {value} of 1"
    return f"same {what}: {shown(value)}"


def _near(
    work: Work, likeness: Likeness, type: str | None
) -> tuple[int, list[tuple[str, str, float]]]:
    """Compare the beginnings of entities' own texts, of those of one type each with each other."""
    typed = "AND entities.type = :type" if type else ""
    rows = work.all(
        f"""
        SELECT entities.id, entities.type, embeddings.vector
        FROM entities
        JOIN knowledge
          ON knowledge.organization_id = :organization
         AND knowledge.source_id = entities.id
        JOIN chunks
          ON chunks.organization_id = :organization
         AND chunks.document = knowledge.seq
         AND chunks.ordinal = 0
        JOIN embeddings
          ON embeddings.organization_id = :organization
         AND embeddings.chunk = chunks.seq
         AND embeddings.model = :model
        WHERE entities.organization_id = :organization
          AND entities.deleted_at IS NULL
          {typed}
        ORDER BY entities.seq DESC, knowledge.source_field
        LIMIT {COMPARED}
        """,
        model=likeness.model,
        **({"type": type} if type else {}),
    )
    found: list[tuple[str, str, float]] = []
    for kind in dict.fromkeys(row["type"] for row in rows):
        same = [row for row in rows if row["type"] == kind]
        for one, other, cosine in likeness.pairs([row["vector"] for row in same], NEAR):
            if same[one]["id"] != same[other]["id"]:
                found.append((same[one]["id"], same[other]["id"], cosine))
    return len(rows), found


def _fitting(groups: list[Group]) -> list[Group]:
    room = pages.CHARACTERS["concise"]
    for count, group in enumerate(groups):
        room -= len(group.model_dump_json(exclude_none=True))
        if room < 0 and count:
            return groups[:count]
    return groups


def _cut(shown_groups: int, groups: int, rows: int) -> str | None:
    said: list[str] = []
    if shown_groups < groups:
        said.append(f"{shown_groups} of {groups:,} groups are shown.")
    if rows == LOOKED_AT:
        said.append(f"The newest {LOOKED_AT:,} entities were looked at; a type narrows that.")
    return " ".join(said) or None
