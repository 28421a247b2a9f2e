"""One caller's door to the backend: read, write, rehearse."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache
from inspect import signature
from typing import Concatenate, ParamSpec, TypeVar

from pydantic import BaseModel, TypeAdapter

from one_mcp import answers
from one_mcp.access import Permission, Principal
from one_mcp.answers import Written
from one_mcp.clock import Clock
from one_mcp.dimensions.changes import groups, idempotency
from one_mcp.dimensions.changes import log as changes
from one_mcp.dimensions.changes.idempotency import CallStep
from one_mcp.dimensions.commerce import forging
from one_mcp.dimensions.events import event
from one_mcp.dimensions.organizations import moments
from one_mcp.ontology.model import Ontology
from one_mcp.providers.providers import Providers
from one_mcp.settings import Settings
from one_mcp.store import heads
from one_mcp.store.ports import Database, Raw
from one_mcp.store.work import Work

P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W", bound=Written)
A = TypeVar("A", bound=BaseModel)
Publish = Callable[[frozenset[str]], None]
Report = Callable[[float, float | None, str | None], Awaitable[None]]
Begun = Callable[[str], None]


async def _silent(done: float, total: float | None, message: str | None) -> None:
    """Report progress to nobody."""


def _unheard(operation: str) -> None:
    """Tell nobody that an operation goes on."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a call beside its arguments.

    `client` is the program that asks, by its name and version. `key` and `digest` stand for the
    idempotency key and the arguments it was first used with; `report` tells the client how far long
    work has come (done, total, message). `begun` is told which operation the call waits for;
    `traceparent` is the span that it belongs to.
    """

    tool: str
    reason: str | None = None
    key: str | None = None
    digest: str | None = None
    report: Report = _silent
    client: str | None = None
    begun: Begun = _unheard
    traceparent: str | None = None


class Session:
    """One caller, one call: every rule runs through here.

    A call with an idempotency key counts its transactions: what `write` and `derive_once` run is
    its next step, and a repeat of the call gets the first answer of a step that was done.
    """

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
        providers: Providers,
    ) -> None:
        self.ontology = ontology
        self.settings = settings
        self.providers = providers
        self.principal = principal
        self.call = call
        self._database = database
        self.clock = clock
        self._publish = publish
        self._steps = 0
        self._last: object = None
        self._finished = False

    async def once(self, answer: type[A], run: Callable[[], Awaitable[A]]) -> A:
        """Run all that a call does, or return what it answered the first time.

        The answer of a single `write` is kept by that; what several steps add up to is kept here.
        """
        key, digest = self.call.key, self.call.digest
        if key is None or digest is None:
            return await run()
        kept = await self._database.read(
            lambda raw: idempotency.whole(self._work(raw), key, digest)
        )
        if kept is not None:
            return answers.replayed(answer, kept)
        done = await run()
        if self._steps and not self._finished and done is not self._last:
            last = CallStep(key, digest, self._steps + 1)
            await self.derive(idempotency.conclude, last, answers.kept(done))
        return done

    async def read(
        self, rule: Callable[Concatenate[Work, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a rule on a snapshot."""
        self.principal.require(Permission.READ)
        return await self._database.read(lambda raw: _here(self._work(raw), rule, *args, **kwargs))

    async def write(
        self, rule: Callable[Concatenate[Work, P], W], *args: P.args, **kwargs: P.kwargs
    ) -> W:
        """Run a rule as one change, in one durable transaction.

        A rule that writes nothing leaves no change behind.
        """
        return await self._write(_answer_type(rule), lambda work: rule(work, *args, **kwargs))

    async def finish(
        self, rule: Callable[Concatenate[Work, P], W], *args: P.args, **kwargs: P.kwargs
    ) -> W:
        """Run a rule as `write` does, whose answer is the whole call's.

        For a call that looks elsewhere before it writes: a repeat answers before it looks again.
        """
        answer = await self._write(
            _answer_type(rule), lambda work: rule(work, *args, **kwargs), whole=True
        )
        self._finished = True
        return answer

    async def write_part(
        self,
        part_of: int,
        rule: Callable[Concatenate[Work, P], W],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> W:
        """Run a rule as `write` does, as the next change of a group.

        `part_of` is the number of the group's first change, or BEGINS for that one. Raises
        UndoneError where somebody has undone the group meanwhile.
        """
        return await self._write(
            _answer_type(rule), lambda work: rule(work, *args, **kwargs), part_of=part_of
        )

    async def rehearse(
        self, rule: Callable[Concatenate[Work, P], W], *args: P.args, **kwargs: P.kwargs
    ) -> W:
        """Run a rule as `write` does and roll everything back: a dry run with a true answer."""
        self.principal.require(Permission.WRITE)

        def transaction(raw: Raw) -> W:
            work = self._begun(raw)
            return self._closed(work, _here(work, rule, *args, **kwargs))

        answer = await self._database.write(transaction, keep=False)
        return answer.model_copy(update={"change": None})

    async def derive(
        self, rule: Callable[Concatenate[Work, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a rule that writes only what follows from other rows: no change, nothing to undo."""
        return await self._database.write(
            lambda raw: _here(self._begun(raw), rule, *args, **kwargs)
        )

    async def erase(self, *, rewrite: bool) -> bool:
        """Leave no byte of what was deleted in the file; False where a reader holds some back."""
        self.principal.require(Permission.ADMIN)
        return await self._database.erase(rewrite=rewrite)

    async def derive_once(
        self, rule: Callable[Concatenate[Work, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a rule as `derive` does, as a step that a repeat of the call does not run again."""
        step = self._step()
        if step is None:
            return await self.derive(rule, *args, **kwargs)
        answer: TypeAdapter[R] = TypeAdapter(signature(rule).return_annotation)

        def settled(work: Work) -> R:
            kept = idempotency.find(work, step)
            if kept is not None:
                return answer.validate_json(kept)
            done = rule(work, *args, **kwargs)
            idempotency.keep(work, step, answer.dump_json(done).decode())
            return done

        return await self.derive(settled)

    def apart(self) -> "Session":
        """Open the same caller's door for what has an identity of its own, such as an operation.

        The call's idempotency key does not count there.
        """
        return Session(
            self._database,
            self.ontology,
            self.clock,
            self._publish,
            principal=self.principal,
            call=replace(self.call, key=None, digest=None),
            settings=self.settings,
            providers=self.providers,
        )

    async def forget_steps(self) -> None:
        """Forget what the call has done, and its key with it: that is about to be taken back.

        A repeat begins anew. It does so before the taking back, as what is cut off in the midst of
        that must not count as done.
        """
        key = self.call.key
        if key is not None and self._steps:
            await self.derive(idempotency.forget_steps, key)
        self.call = replace(self.call, key=None, digest=None)
        self._steps = 0

    async def _write(
        self,
        answer: type[W],
        run: Callable[[Work], W],
        *,
        whole: bool = False,
        part_of: int | None = None,
    ) -> W:
        self.principal.require(Permission.WRITE)
        step = self._step()

        def transaction(raw: Raw) -> tuple[W, frozenset[str]]:
            work = self._begun(raw)
            work.part_of = part_of
            if part_of:
                groups.require_in_effect(work, part_of)
            kept = step and idempotency.find(work, step)
            if kept is not None:
                return answers.replayed(answer, kept), frozenset()
            done = self._closed(work, _here(work, run))
            if step is not None:
                idempotency.keep(work, step, answers.kept(done), whole=whole)
            return done, frozenset(work.touched)

        done, touched = await self._database.write(transaction)
        if touched:
            self._publish(touched)
        self._last = done
        return done

    def _step(self) -> CallStep | None:
        if self.call.key is None or self.call.digest is None:
            return None
        self._steps += 1
        return CallStep(self.call.key, self.call.digest, self._steps)

    def _work(self, raw: Raw) -> Work:
        now, call = self.clock(), self.call
        return Work(raw, self.principal, self.ontology, now, traceparent=call.traceparent)

    def _begun(self, raw: Raw) -> Work:
        work = self._work(raw)
        heads.take(work)
        return work

    def _closed(self, work: Work, answer: W) -> W:
        event.flush(work)
        forging.require_untouched(work)
        call = self.call
        written = changes.close_change(work, call.tool, call.reason, call.client)
        warnings = [*(answers.few(work.warnings) or ()), *(answer.warnings or ())]
        return answer.model_copy(update={"change": written, "warnings": warnings or None})


def _here(
    work: Work, rule: Callable[Concatenate[Work, P], R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Run a rule where times without a zone are the organization's."""
    with moments.local(work):
        return rule(work, *args, **kwargs)


@cache
def _answer_type(rule: Callable[..., W]) -> type[W]:
    return signature(rule).return_annotation
