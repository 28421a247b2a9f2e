"""Logged rows: what one change did to one row, and how to say so in a few words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from one_mcp import jsons
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Row, Work

Kind = Literal[
    "organization",
    "person",
    "entity",
    "connection",
    "tag",
    "knowledge",
    "knowledge_link",
    "knowledge_label",
]
LONGEST = 120
KEPT_BEFORE = 20
HASH_SHOWN = 12
_DOCUMENTS = frozenset({"properties", "metadata"})
_BOOKKEEPING = frozenset(
    {"row", "id", "version", "created_at", "updated_at", "deleted_at", "status_before", "identity"}
    | {"from_id", "type", "to_id", "entity_id", "key", "value", "knowledge_id"}
    | {"text"}  # of a document: as long as it likes; a changed hash says that it changed
)
_DONE: dict[str, tuple[str, str, str, str]] = {  # made, removed, hidden, shown
    "entity": ("created", "removed", "archived", "restored"),
    "connection": ("connected", "disconnected", "hidden", "shown"),
    "tag": ("added", "removed", "", ""),
    "knowledge": ("added", "removed", "", ""),
    "knowledge_link": ("linked", "unlinked", "", ""),
    "knowledge_label": ("labelled", "unlabelled", "", ""),
}
_MENTIONED = {
    "connection": ("from_id", "to_id"),
    "tag": ("entity_id",),
    "knowledge_link": ("knowledge_id", "entity_id"),
    "knowledge_label": ("knowledge_id",),
}
_OTHERS = ("created", "removed", "archived", "restored")


@dataclass(frozen=True, slots=True)
class Logged:
    """One row before and after one change; None where it was not there.

    After a purge the images are empty, and `purged_by` is the number of the change that purged.
    """

    change: int
    kind: Kind
    id: str
    before: JsonObject | None
    after: JsonObject | None
    purged_by: int | None = None

    @classmethod
    def from_row(cls, row: Row) -> "Logged":
        return cls(
            change=row["change"],
            kind=row["kind"],
            id=row["row_id"],
            before=_image(row["before"]),
            after=_image(row["after"]),
            purged_by=row["purged_by"],
        )

    @property
    def image(self) -> JsonObject:
        """The row as the change left it, or as it was when the change removed it."""
        return self.before or {} if self.after is None else self.after

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
        return str(image["name"])

    def fields(self) -> JsonObject:
        """Field by field, [before, after] of what differs; null where there was nothing."""
        before, after = _flat(self.before), _flat(self.after)
        return {
            field: _pair(before.get(field), after.get(field))
            for field in {**before, **after}
            if not jsons.same(before.get(field), after.get(field))
        }


def names_of(work: Work, rows: Iterable[Logged]) -> dict[str, str]:
    """Look up what the entities and documents are called that logged rows mention, if there."""
    ids = jsons.dumps(sorted({id for row in rows for id in row.mentions}))
    entities = work.all(
        """
        SELECT id, name
        FROM entities
        WHERE organization_id = :organization
          AND id IN (SELECT value FROM json_each(:ids))
        """,
        ids=ids,
    )
    documents = work.all(
        """
        SELECT id, title
        FROM knowledge
        WHERE organization_id = :organization
          AND id IN (SELECT value FROM json_each(:ids))
        """,
        ids=ids,
    )
    return {row["id"]: row["name"] for row in entities} | {
        row["id"]: _quoted(row["title"]) for row in documents
    }


def _quoted(title: str) -> str:
    """Set a title off from the sentence that it stands in."""
    return f'"{title}"'


def _image(text: str | None) -> JsonObject | None:
    if text is None:
        return None
    image = jsons.load_object(text)
    for field in _DOCUMENTS & image.keys():
        image[field] = jsons.load_object(str(image[field]))
    return image


def _flat(image: JsonObject | None) -> JsonObject:
    flat: JsonObject = {}
    for field, value in (image or {}).items():
        if field in _DOCUMENTS and isinstance(value, dict):
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
