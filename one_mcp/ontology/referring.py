"""Referring: what the references of a proposed mapping stand for, and which stand for nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from one_mcp import ids
from one_mcp.errors import shown
from one_mcp.ontology import names
from one_mcp.ontology.completeness import Referent
from one_mcp.ontology.model import EntityType, Ontology
from one_mcp.ontology.proposal import Placed, ProposedEntity
from one_mcp.ontology.report import Findings

_LOCAL = re.compile(r"\$[A-Za-z][A-Za-z0-9_]{0,62}")
_ID = re.compile(r"(ent|per|org|con|evt|kno|chg)_[0-9a-z]{1,60}")
_T = TypeVar("_T")
FindType = Callable[[str, str], EntityType | None]


@dataclass(frozen=True, slots=True)
class Existing:
    """What an id that a mapping names stands for; a merged one stands for its survivor."""

    type: str
    archived: bool = False
    survivor: str | None = None


@dataclass(slots=True)
class KnownEnds:
    """The local names that are defined, and what is there already where that is known.

    `turned` says at which steps operations archive or restore an entity.
    """

    ontology: Ontology
    found: Findings
    find_type: FindType
    existing: Mapping[str, Existing]
    turned: dict[str, list[tuple[int, bool]]] = field(
        default_factory=dict[str, list[tuple[int, bool]]]
    )
    locals: dict[str, tuple[str | None, int]] = field(
        default_factory=dict[str, tuple[str | None, int]]
    )

    def define(self, placed: Placed[ProposedEntity], type: str | None) -> None:
        """Define the local name of an entity, or refuse it."""
        local = placed.it.as_
        if local is None:
            return
        if not _LOCAL.fullmatch(local):
            wrong = "a local name is $ and a letter, then letters, digits and _"
            self.found.refuse(placed.at, "INVALID_NAME", wrong, "write it like $course")
        elif local in self.locals:
            wrong = f"{local} is defined twice"
            self.found.refuse(placed.at, "DUPLICATE_NAME", wrong, "choose another name")
        else:
            self.locals[local] = (type, placed.step)

    def end(
        self, ref: str, placed: Placed[_T], key: str, *, hidden: bool = False
    ) -> Referent | None:
        """Return what a reference stands for, or None after refusing it.

        With `hidden`, what is archived may be meant.
        """
        at = f"{placed.at}.{key}"
        if ref.startswith("$"):
            return self._local(ref, placed.step, at)
        if _ID.fullmatch(ref):
            return self._id(ref, placed.step, at, hidden=hidden)
        type = self.find_type(ref, at)
        if type is None:
            return None
        if placed.exact:
            wrong = f"{ref} is a type; an operation needs an id or a local name"
            self.found.refuse(
                at, "INVALID_ARGUMENT", wrong, "create it with `as`, or look up its id"
            )
            return None
        return Referent(ref, type.name, one=False)

    def turn(self, ref: str, step: int, *, archived: bool) -> None:
        """Note that an operation archives or restores an entity."""
        self.turned.setdefault(ref, []).append((step, archived))

    def _local(self, ref: str, step: int, at: str) -> Referent | None:
        if ref not in self.locals:
            near = names.near(ref, tuple(self.locals))
            fix = f"use {near[0]}" if near else 'give an entity this name with "as"'
            self.found.refuse(at, "UNDEFINED_NAME", f"{shown(ref)} is not defined", fix)
            return None
        type, defined = self.locals[ref]
        if defined >= step:
            fix = "move the operation that creates it before this one"
            self.found.refuse(at, "UNDEFINED_NAME", f"{ref} is used before it is created", fix)
            return None
        return Referent(ref, type, one=True)

    def _id(self, ref: str, step: int, at: str, *, hidden: bool) -> Referent | None:
        if not ref.startswith(f"{ids.ENTITY}_"):
            if at.endswith(".actor"):
                return Referent(ref, None, one=True)  # people act, too
            self.found.refuse(
                at,
                "INVALID_ARGUMENT",
                f"{ref} is no id of an entity",
                "use an id that begins with ent_; find_entities finds it",
            )
            return None
        there = self.existing.get(ref)
        if there is None:
            fix = "look its id up with find_entities, or create it and give it a name with `as`"
            self.found.refuse(at, "NOT_FOUND", f"there is no entity {ref}", fix)
            return None
        if there.survivor is not None:
            self.found.advise(at, "MERGED", f"{ref} was merged into {there.survivor}; use that id")
            ref = there.survivor
        if self._is_archived(ref, there, step) and not hidden:
            fix = f'restore it first: {{"op": "restore_entity", "id": "{ref}"}}'
            self.found.refuse(at, "ARCHIVED", f"{ref} is archived", fix)
            return None
        known = there.type if there.type in self.ontology.entity_types else None
        return Referent(ref, known, one=True)

    def _is_archived(self, ref: str, there: Existing, step: int) -> bool:
        turns: Sequence[tuple[int, bool]] = self.turned.get(ref, ())
        return next((to for at, to in reversed(turns) if at < step), there.archived)
