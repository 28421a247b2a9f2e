"""What a store's engine has to offer: connections for rules, and transactions for sessions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

Row = Mapping[str, Any]  # a row's columns; `from_row` of each dimension gives them their types
R = TypeVar("R")


class Rows(Protocol):
    """What a statement gave: the rows still to be read, and how many it changed."""

    @property
    def rowcount(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any: ...  # noqa: ANN401  # rows are read by name or by place

    def fetchall(self) -> list[Any]: ...


class Raw(Protocol):
    """A connection inside a transaction; parameters are named.

    Its driver's exceptions are its attributes (https://peps.python.org/pep-0249/#optional-db-api-extensions).
    """

    @property
    def IntegrityError(self) -> type[Exception]: ...  # noqa: N802  # the drivers' own name

    def execute(self, sql: str, parameters: Mapping[str, object] = ..., /) -> Rows: ...

    def executemany(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> Rows: ...


class Database(Protocol):
    """Runs whole functions, each in a transaction of its own."""

    async def read(self, function: Callable[[Raw], R]) -> R:
        """Run `function` on a snapshot."""
        ...

    async def write(self, function: Callable[[Raw], R], *, keep: bool = True) -> R:
        """Run `function` as one durable transaction; its exception rolls everything back.

        Without `keep` everything is rolled back in any case: a rehearsal.
        """
        ...

    async def erase(self, *, rewrite: bool) -> bool:
        """Leave nothing of what was deleted before; False where a reader holds some of it back.

        `rewrite` also clears what was deleted without being overwritten.
        """
        ...
