"""Local names: what an operation calls what it makes, for those that come after it."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from one_mcp import jsons
from one_mcp.answers import Answer
from one_mcp.errors import InvalidArgumentError, OneError, shown
from one_mcp.jsons import Json, JsonObject
from one_mcp.ontology import names
from one_mcp.store.work import Work


class Done(Answer):
    """What one operation did; in a dry run what is new has no id, or its local name.

    `now` is what increment, append and remove made of the fields that they name.
    """

    id: str | None = None
    did: str
    now: JsonObject | None = None
    as_: str | None = Field(default=None, alias="as")
    new: Annotated[bool, Field(exclude=True)] = False


@dataclass(slots=True)
class Names:
    """Local names, defined by the operations so far. `later` says where the others come from.

    `made` has the ids of all that is new, each with its name or with the place of its operation.
    """

    later: dict[str, int]
    ids: dict[str, str] = field(default_factory=dict[str, str])
    made: dict[str, str] = field(default_factory=dict[str, str])

    def id(self, text: str, argument: str) -> str:
        """Return the id that a local name stands for; ids are what they are.

        Raises InvalidArgumentError for a name that no earlier operation defines.
        """
        if not text.startswith("$"):
            return text
        if text not in self.ids:
            raise InvalidArgumentError(
                f"{argument}: no operation before this one defines {shown(text)}{self._hint(text)}",
                argument=argument,
            )
        return self.ids[text]

    def maybe(self, text: str | None, argument: str) -> str | None:
        return None if text is None else self.id(text, argument)

    def local(self, text: str) -> str:
        """Put local names where a text has ids of what is new."""
        for id, name in self.made.items():
            text = text.replace(id, name)
        return text

    def name_of(self, done: Done) -> str | None:
        """Return how a dry run calls what an operation is about: None where it has no name."""
        name = done.id and self.made.get(done.id, done.id)
        return name if name in self.ids or not done.new else None

    def in_local_words(self, error: OneError) -> OneError:
        """Return an error that shows no id of what is taken back with the change."""
        said = type(error)(self.local(str(error)), retryable=error.retryable)
        fields = jsons.loads(self.local(jsons.dumps(error.fields)))
        said.fields = fields if isinstance(fields, dict) else {}
        return said

    def inside(self, work: Work, value: JsonObject | None) -> JsonObject | None:
        """Put ids where properties or metadata hold a local name and nothing else.

        A text that only looks like a local name is kept, and warned of.
        """
        if value is None or "$" not in jsons.dumps(value):
            return value
        return {key: self._replaced(work, inner) for key, inner in value.items()}

    def _replaced(self, work: Work, value: Json) -> Json:
        if isinstance(value, dict):
            return {key: self._replaced(work, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._replaced(work, inner) for inner in value]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        hint = self._hint(value)
        if value not in self.ids and hint:
            work.warn(f"{shown(value)} is kept as text{hint}")
        return self.ids.get(value, value)

    def _hint(self, name: str) -> str:
        if name in self.later:
            return f"; operations[{self.later[name]}] does, so move that one up"
        near = names.near(name, tuple(self.ids))
        return f"; did you mean {near[0]}?" if near else ""
