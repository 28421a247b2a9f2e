"""Entries: what one change did to one row, and how to say so in a few words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from one_mcp import clock, jsons
from one_mcp.dimensions.changes import images
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import shape
from one_mcp.ontology.model import Ontology
from one_mcp.store import dialect, patches
from one_mcp.store.work import Row, Work

Kind = Literal[
    "organization",
    "person",
    "entity",
    "connection",
    "tag",
    "retraction",
    "merge",
    "knowledge",
    "knowledge_link",
    "knowledge_label",
]
LONGEST = 120
KEPT_BEFORE = 20
HASH_SHOWN = 12
_BOOKKEEPING = frozenset(
    {"seq", "id", "version", "created_at", "updated_at", "deleted_at", "status_before", "identity"}
    | {"from_id", "type", "to_id", "entity_id", "key", "value", "knowledge_id"}
    | {"event", "event_id", "at", "survivor_id"}
    | {"text"}  # of a document: as long as it likes; a changed hash says that it changed
)
_DONE: dict[str, tuple[str, str, str, str]] = {  # made, removed, hidden, shown
    "entity": ("created", "removed", "archived", "restored"),
    "connection": ("connected", "disconnected", "hidden", "shown"),
    "tag": ("added", "removed", "", ""),
    "retraction": ("retracted", "reinstated", "", ""),
    "merge": ("merged", "parted", "", ""),
    "knowledge": ("added", "removed", "", ""),
    "knowledge_link": ("linked", "unlinked", "", ""),
    "knowledge_label": ("labelled", "unlabelled", "", ""),
}
_MENTIONED = {
    "connection": ("from_id", "to_id"),
    "tag": ("entity_id",),
    "merge": ("survivor_id",),
    "knowledge_link": ("knowledge_id", "entity_id"),
    "knowledge_label": ("knowledge_id",),
}
_OTHERS = ("created", "removed", "archived", "restored")


@dataclass(frozen=True, slots=True)
class Logged:
    """What one change did to one row.

    `before` and `after` are what the log keeps of both sides: None where the row was not there.
    `image` is the whole row as the change left it, or as it was when the change removed it.
    After a purge all are empty, and `purged_by` is the number of the change that purged.
    """

    change: int
    kind: Kind
    id: str
    before: JsonObject | None
    after: JsonObject | None
    image: JsonObject
    purged_by: int | None = None

    @classmethod
    def from_row(cls, row: Row, image: JsonObject | None) -> "Logged":
        return cls(
            change=row["change"],
            kind=row["kind"],
            id=row["row_id"],
            before=None if row["before"] is None else images.load(row["before"]),
            after=None if row["after"] is None else images.load(row["after"]),
            image=image or {},
            purged_by=row["purged_by"],
        )

    @property
    def did(self) -> str:
        """The verb for what happened to the row, such as created or archived."""
        made, removed, hidden, shown = _DONE.get(self.kind, _OTHERS)
        if self.before is None:
            return made
        if self.after is None:
            return "purged" if self.purged_by == self.change else removed
        was, is_now = self.before.get("deleted_at"), self.after.get("deleted_at")
        if (was is None) == (is_now is None):
            return "updated"
        return hidden if was is None else shown

    @property
    def mentions(self) -> tuple[str, ...]:
        """Ids of the entities and documents that must have names to say what this row is."""
        fields = _MENTIONED.get(self.kind, ())
        return tuple(str(self.image[field]) for field in fields if field in self.image)

    @property
    def ends(self) -> tuple[str, str]:
        """The ids that a connection leads from and to."""
        return str(self.image.get("from_id")), str(self.image.get("to_id"))

    def label(self, work: Work, names: dict[str, str]) -> str | None:
        """Say which row this is, for people; None for what a purge made nameless."""
        image = self.image
        if not image:
            return None
        if self.kind in ("tag", "knowledge_label"):
            (subject,) = self.mentions
            return f"{image['key']}:{image['value']} on {names.get(subject, subject)}"
        if self.kind == "knowledge_link":
            document, entity = self.mentions
            return f"{names.get(document, document)} to {names.get(entity, entity)}"
        if self.kind == "connection":
            kind = work.ontology.relationship_types.get(str(image["type"]))
            reading = kind.reading if kind else str(image["type"])
            start, end = self.ends
            return f"{names.get(start, start)} {reading} {names.get(end, end)}"
        if self.kind == "knowledge":
            return _quoted(str(image["title"]))
        into = "".join(f" into {names.get(id, id)}" for id in self.mentions)
        return str(image["type"] if self.kind == "retraction" else image["name"]) + into

    def fields(self, ontology: Ontology) -> JsonObject:
        """Field by field, [before, after] of what differs; null where there was nothing."""
        then, now = _sides(self.before, self.image if self.after is not None else {})
        before = _flat(self._spelled(ontology, then))
        after = _flat(self._spelled(ontology, now))
        if self.kind == "entity" and then.get("type") and now:
            before["type"], after["type"] = then["type"], now["type"]
        return {
            field: _pair(before.get(field), after.get(field))
            for field in {**before, **after}
            if not jsons.same(before.get(field), after.get(field))
        }

    def _spelled(self, ontology: Ontology, side: JsonObject) -> JsonObject:
        """Write the times of a side out, as the type says that it had by then."""
        type = str(side.get("type") or self.image.get("type"))
        match self.kind:
            case "entity":
                column, declared = "properties", ontology.shape("entity", type)
            case "connection":
                side = {**side, **_validity(side)}
                column, declared = "metadata", ontology.shape("relationship", type)
            case "organization":
                column, declared = "properties", ontology.organization
            case _:
                column, declared = "properties", ontology.person
        values = side.get(column)
        return (
            {**side, column: shape.spelled(declared, values)} if isinstance(values, dict) else side
        )


def _validity(side: JsonObject) -> JsonObject:
    """Write out from when until when a connection holds."""
    times = {name: side[name] for name in ("valid_from", "valid_until") if name in side}
    return {name: clock.shown(ms) if isinstance(ms, int) else ms for name, ms in times.items()}


def read(work: Work, rows: Sequence[Row]) -> list[Logged]:
    """Read entries of the log."""
    left = images.left(work, rows)
    return [Logged.from_row(row, left.get(row["seq"])) for row in rows]


def names_of(work: Work, rows: Iterable[Logged]) -> dict[str, str]:
    """Look up what the entities and documents are called that logged rows mention, if there."""
    ids = sorted({id for row in rows for id in row.mentions})
    if not ids:
        return {}
    found = work.all(
        f"""
        SELECT id, name, NULL AS title
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        UNION ALL
        SELECT id, NULL, title
        FROM knowledge
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        """,
        ids=ids,
    )
    return {row["id"]: row["name"] or _quoted(row["title"]) for row in found}


def _quoted(title: str) -> str:
    """Set a title off from the sentence that it stands in."""
    return f'"{title}"'


def _sides(kept: JsonObject | None, image: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Return what a row was and what it became, as far as the log may have kept a difference."""
    if kept is None or not image:
        return kept or {}, image
    then: JsonObject = {}
    now: JsonObject = {}
    for name, value in kept.items():
        if isinstance(value, list):
            whole = image.get(name)
            became = whole if isinstance(whole, dict) else {}
            then[name] = patches.changed(value)
            now[name] = {key: became[key] for key in became if key in patches.keys(value)}
        else:
            then[name], now[name] = value, image.get(name)
    return then, now


def _flat(image: JsonObject) -> JsonObject:
    flat: JsonObject = {}
    for field, value in image.items():
        if isinstance(value, dict):
            _flatten(flat, field, value)
        elif field == "hash":
            flat[field] = str(value)[:HASH_SHOWN]
        elif field not in _BOOKKEEPING:
            flat[field] = value
    return flat


def _flatten(flat: JsonObject, path: str, value: JsonObject) -> None:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            _flatten(flat, f"{path}.{key}", inner)
        else:
            flat[f"{path}.{key}"] = inner


def _pair(before: JsonValue, after: JsonValue) -> JsonValue:
    """Put two values side by side; long ones are cut to where they begin to differ."""
    texts = [jsons.dumps(value) for value in (before, after)]
    if max(map(len, texts)) <= LONGEST:
        return [before, after]
    shown = [
        value if isinstance(value, str) else text
        for value, text in zip((before, after), texts, strict=True)
    ]
    start = max(0, _first_difference(*shown) - KEPT_BEFORE) if None not in (before, after) else 0
    return [
        None if value is None else _window(text, start)
        for value, text in zip((before, after), shown, strict=True)
    ]


def _first_difference(left: str, right: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )


def _window(text: str, start: int) -> str:
    if len(text) <= LONGEST:
        return text
    end = start + LONGEST
    more = f"… ({len(text):,} characters)" if end < len(text) else ""
    return f"{'…' if start else ''}{text[start:end]}{more}"
