"""One caller's door to the backend: read, write, rehearse."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Concatenate, ParamSpec, TypeVar

from one_mcp.access import Permission, Principal
from one_mcp.answers import Written, few
from one_mcp.clock import Clock
from one_mcp.dimensions import changes, events, replays
from one_mcp.ontology.model import Ontology
from one_mcp.providers.engine import Engine
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.sqlite.database import Database
from one_mcp.store.work import Work

P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W", bound=Written)
Publish = Callable[[frozenset[str]], None]
Report = Callable[[float, float | None, str | None], Awaitable[None]]

log = logging.getLogger(__name__)


async def _silent(done: float, total: float | None, message: str | None) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a call beside its arguments.

    `key` and `digest` stand for the idempotency key and the arguments it was first used with;
    `report` tells the client how far long work has come (done, total, message).
    """

    tool: str
    reason: str | None = None
    key: str | None = None
    digest: str | None = None
    report: Report = _silent


class _Rehearsed(Exception):  # noqa: N818  # no failure: it carries an answer past the rollback
    def __init__(self, answer: object) -> None:
        self.answer = answer


@cache
def _answer_type(rule: Callable[..., object]) -> type[Written]:
    return signature(rule).return_annotation


class Session:
    """One caller, one call: every rule runs through here."""

    def __init__(
        self,
        database: Database,
        ontology: Ontology,
        clock: Clock,
        publish: Publish,
        *,
        principal: Principal,
        call: Call,
        settings: Settings,
        engine: Engine,
    ) -> None:
        self.ontology = ontology
        self.settings = settings
        self.engine = engine
        self.principal = principal
        self.call = call
        self._database = database
        self._clock = clock
        self._publish = publish

    async def read(
        self, rule: Callable[Concatenate[Work, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a rule on a snapshot."""
        self.principal.require(Permission.READ)
        return await self._database.read(lambda raw: rule(self._work(raw), *args, **kwargs))

    async def write(
        self, rule: Callable[Concatenate[Work, P], W], *args: P.args, **kwargs: P.kwargs
    ) -> W:
        """Run a rule as one change, in one durable transaction.

        With an idempotency key, the first answer is kept in the same transaction, and a repeat
        returns it. A rule that writes nothing leaves no change behind.
        """
        self.principal.require(Permission.WRITE)
        touched: set[str] = set()

        def transaction(raw: Raw) -> W:
            work = self._work(raw)
            replay = replays.find(work, self.call.key, self.call.digest)
            if replay is not None:
                first = _answer_type(rule).model_validate_json(replay)
                return first.model_copy(update={"replayed": True})  # pyright: ignore[reportReturnType]  # the rule's own type
            answer = self._changed(work, lambda: rule(work, *args, **kwargs))
            replays.keep(work, self.call.key, self.call.digest, answer)
            touched.update(work.touched)
            return answer

        answer = await self._database.write(transaction)
        if touched:
            self._publish(frozenset(touched))
        return answer

    async def rehearse(
        self, rule: Callable[Concatenate[Work, P], W], *args: P.args, **kwargs: P.kwargs
    ) -> W:
        """Run a rule as `write` does and roll everything back: a dry run with a true answer."""
        self.principal.require(Permission.WRITE)

        def transaction(raw: Raw) -> W:
            work = self._work(raw)
            raise _Rehearsed(self._changed(work, lambda: rule(work, *args, **kwargs)))

        try:
            return await self._database.write(transaction)
        except _Rehearsed as end:
            answer: W = end.answer  # pyright: ignore[reportAssignmentType]  # raised three lines above
            return answer.model_copy(update={"change": None})

    async def derive(
        self, rule: Callable[Concatenate[Work, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a rule that writes only what follows from other rows: no change, nothing to undo."""
        return await self._database.write(lambda raw: rule(self._work(raw), *args, **kwargs))

    def _work(self, raw: Raw) -> Work:
        return Work(raw, self.principal, self.ontology, self._clock())

    def _changed(self, work: Work, rule: Callable[[], W]) -> W:
        changes.open_change(work, self.call.tool, self.call.reason)
        answer = rule()
        events.flush(work)
        written = changes.close_change(work)
        return answer.model_copy(
            update={"change": written, "warnings": few(work.warnings) or answer.warnings}
        )
