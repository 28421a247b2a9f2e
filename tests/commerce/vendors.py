"""The simulated vendors with accidents: an answer that is lost, a call that never arrives."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio

from one_mcp.chain_settings import BASE_SEPOLIA
from one_mcp.money_errors import ChainError, ProviderError
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.ports.payments import Payments
from one_mcp.providers.providers import Providers
from one_mcp.providers.simulated.cabinet import Cabinet
from one_mcp.providers.simulated.chain import SimulatedChain


@dataclass(frozen=True)
class Accident:
    """What befalls a call: `before` it has its effect, or after, when its answer is lost."""

    before: bool
    error: Exception


LOST = Accident(before=False, error=ProviderError("no answer", retryable=True, outcome="unknown"))
DOWN = Accident(before=True, error=ProviderError("not there", retryable=True))
REVERTED = Accident(before=True, error=ChainError("reverted", reason="ERC20InvalidReceiver"))


@dataclass
class Script:
    """Accidents to come, by the name of a method; `forever` are those that never end.

    A call in `until` has its effect once somebody lets it.
    """

    once: dict[str, list[Accident]] = field(default_factory=lambda: defaultdict(list))
    forever: dict[str, Accident] = field(default_factory=dict)
    until: dict[str, anyio.Event] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def next(self, name: str) -> Accident | None:
        self.calls.append(name)
        if self.once[name]:
            return self.once[name].pop(0)
        return self.forever.get(name)


class Wrapped:
    """A vendor whose methods follow a script."""

    def __init__(self, vendor: Any, script: Script) -> None:
        self._vendor = vendor
        self._script = script

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._vendor, name)
        return self._scripted(name, found) if callable(found) and name != "address" else found

    def _scripted(self, name: str, call: Callable[..., Awaitable[Any]]) -> Any:
        async def run(*given: Any) -> Any:
            step = f"prepare.{given[0].act}" if name == "prepare" else name
            accident = self._script.next(step)
            if step in self._script.until:
                await self._script.until[step].wait()
            if accident is not None and accident.before:
                raise accident.error
            answer = await call(*given)
            if accident is not None:
                raise accident.error
            return answer

        return run


@dataclass(frozen=True, slots=True)
class Scripted(Providers):
    """The product's providers, each call of which may meet with an accident."""

    script: Script = field(default_factory=Script)

    def payments(self, cabinet: Cabinet) -> Payments:
        return Wrapped(Providers.payments(self, cabinet), self.script)

    def chain(self, cabinet: Cabinet) -> Chain:
        return Wrapped(Providers.chain(self, cabinet), self.script)


class TestNetwork(SimulatedChain):
    """A chain of its own, as far as anybody can tell, whose coin is worth nothing."""

    __test__ = False
    simulated = False

    def __init__(self, cabinet: Cabinet) -> None:
        super().__init__(cabinet, chain_id=BASE_SEPOLIA)


@dataclass(frozen=True, slots=True)
class OnTestNetwork(Providers):
    """Vendors whose chain is a test network."""

    def chain(self, cabinet: Cabinet) -> Chain:
        return TestNetwork(cabinet)
