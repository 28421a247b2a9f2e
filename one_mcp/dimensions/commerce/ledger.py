"""The ledger: double entry, exact, append-only; only operations post to it (D-28).

An account is what a holder has of one unit, live or simulated apart. A posting sums to zero in each
unit. Only `issued`, which stands for the supply of a token, and `outside`, which stands for the
world that money comes from, may be below zero; a constraint holds it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from one_mcp import ids, money
from one_mcp.dimensions.commerce import opening
from one_mcp.money_errors import InsufficientTokensError
from one_mcp.store.work import Row, Work


class Account(StrEnum):
    """Kinds of accounts.

    Of tokens: `custody` is held in the treasury for somebody, `wallet` in a wallet of their own,
    `treasury` by the business itself; `reserved` is custody that an operation is about to take.
    `manual` was kept by hand before there was a ledger: shown, but neither spent nor summed.
    Of money: `revenue` is what was earned.
    """

    ISSUED = "issued"
    OUTSIDE = "outside"
    CUSTODY = "custody"
    WALLET = "wallet"
    TREASURY = "treasury"
    RESERVED = "reserved"
    MANUAL = "manual"
    REVENUE = "revenue"


Pocket = tuple[Account, str]  # an account and its holder
TREASURY = ""  # the holder of what the business itself has
OUR_OWN: Pocket = (Account.TREASURY, TREASURY)
SUPPLY: Pocket = (Account.ISSUED, "")
OUTSIDE: Pocket = (Account.OUTSIDE, "")
HELD = (Account.CUSTODY, Account.WALLET)
OPENING = "opening"  # the posting that takes over what was kept by hand
RESERVE, RELEASE = "reserve", "release"  # those of an operation on its way: no change tells of them
RECORD = "record"  # and the one of its end


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One side of a posting: `units` of `unit` (a token's id or a currency) more for a holder."""

    account: Account
    holder: str
    unit: str
    units: int


@dataclass(frozen=True, slots=True)
class Posting:
    """What is posted at once: `operation` and `name` say by which step, so that it is done once."""

    operation: str | None
    name: str
    simulated: bool
    lines: Sequence[LedgerLine]


def reserved(source: Pocket) -> Pocket:
    """Return where what is taken from an account lies until its operation ends."""
    return Account.RESERVED, source[1]


def transfer(
    unit: str, units: int, source: Pocket, target: Pocket
) -> tuple[LedgerLine, LedgerLine]:
    """Make the two sides of what goes from one account to another."""
    return LedgerLine(*source, unit, -units), LedgerLine(*target, unit, units)


def post(work: Work, posting: Posting) -> None:
    """Post; raises InsufficientTokensError where somebody has less than is taken.

    A posting that was made before changes nothing: a step may be recorded again after a crash.
    """
    sums: dict[str, int] = defaultdict(int)
    for line in posting.lines:
        sums[line.unit] += line.units
    if any(sums.values()):
        raise AssertionError(f"a posting must sum to zero: {dict(sums)}")
    if posting.operation is not None and _posted(work, posting):
        return
    change = 0 if posting.name in {RESERVE, RELEASE} else work.change
    if change:
        _open(work, sums)
    for line in _merged(posting.lines):
        _add(work, posting, line)
        _write(work, posting, line, change)


def balance(work: Work, account: Account, holder: str, unit: str, *, simulated: bool) -> int:
    """Return what is in an account, in units."""
    found = work.value(
        """
        SELECT balance
        FROM ledger_accounts
        WHERE organization_id = :organization
          AND unit = :unit
          AND simulated = :simulated
          AND kind = :kind
          AND holder = :holder
        """,
        unit=unit,
        simulated=int(simulated),
        kind=account.value,
        holder=holder,
    )
    return int(found or 0)


def is_known(work: Work, unit: str) -> bool:
    """Tell whether anything was ever posted of a unit."""
    found = work.one(
        """
        SELECT 1
        FROM ledger_accounts
        WHERE organization_id = :organization
          AND unit = :unit
        """,
        unit=unit,
    )
    return found is not None


def accounts_of(work: Work, holder: str) -> list[Row]:
    """List a holder's accounts, empty ones too: kind, unit, simulated, balance."""
    return work.all(
        """
        SELECT kind, unit, simulated, balance
        FROM ledger_accounts
        WHERE organization_id = :organization
          AND holder = :holder
        ORDER BY unit, simulated, kind
        """,
        holder=holder,
    )


def holders_of(work: Work, unit: str) -> list[Row]:
    """List the accounts of a unit that have something: kind, holder, simulated, balance."""
    return work.all(
        """
        SELECT kind, holder, simulated, balance
        FROM ledger_accounts
        WHERE organization_id = :organization
          AND unit = :unit
          AND balance <> '0'
        ORDER BY simulated, kind, holder
        """,
        unit=unit,
    )


def _open(work: Work, units: Iterable[str]) -> None:
    """Take over what was kept by hand of tokens that come into the ledger with this posting."""
    for unit in units:
        if not unit.startswith(ids.ENTITY) or is_known(work, unit):
            continue
        kept = opening.take_over(work, unit, decimals_of(work, unit))
        lines = [
            line
            for holder, held in kept
            for line in transfer(unit, held, OUTSIDE, (Account.MANUAL, holder))
        ]
        if lines:
            post(work, Posting(None, OPENING, simulated=False, lines=lines))


def _posted(work: Work, posting: Posting) -> bool:
    found = work.one(
        """
        SELECT 1
        FROM ledger_entries
        WHERE organization_id = :organization
          AND operation_id = :operation
          AND posting = :posting
        """,
        operation=posting.operation,
        posting=posting.name,
    )
    return found is not None


def _merged(lines: Iterable[LedgerLine]) -> list[LedgerLine]:
    """Add up the lines of one account; what is taken comes first, and is refused first."""
    sums: dict[tuple[Account, str, str], int] = defaultdict(int)
    for line in lines:
        sums[line.account, line.holder, line.unit] += line.units
    merged = [LedgerLine(*key, units) for key, units in sums.items() if units]
    return sorted(merged, key=lambda line: line.units)


def _add(work: Work, posting: Posting, line: LedgerLine) -> None:
    """Add to a balance: read and written under the organization's lock, which every write takes."""
    before = balance(work, line.account, line.holder, line.unit, simulated=posting.simulated)
    after = before + line.units
    if after < 0 and line.account not in {Account.ISSUED, Account.OUTSIDE}:
        source = (line.account, line.holder)
        raise insufficient(work, source, line.unit, -line.units, simulated=posting.simulated)
    work.run(
        """
        INSERT INTO ledger_accounts (organization_id, kind, holder, unit, simulated, balance)
        VALUES (:organization, :kind, :holder, :unit, :simulated, :balance)
        ON CONFLICT (organization_id, unit, simulated, kind, holder) DO UPDATE
        SET balance = excluded.balance
        """,
        kind=line.account.value,
        holder=line.holder,
        unit=line.unit,
        simulated=int(posting.simulated),
        balance=str(after),
    )


def insufficient(
    work: Work, source: Pocket, unit: str, required: int, *, simulated: bool
) -> InsufficientTokensError:
    """Say what somebody has, and what it would take (D-30)."""
    account, holder = source
    decimals = decimals_of(work, unit)
    needs, has, elsewhere = (
        money.decimal(units, decimals)
        for units in (
            required,
            balance(work, account, holder, unit, simulated=simulated),
            balance(work, Account.WALLET, holder, unit, simulated=simulated),
        )
    )
    own = f" {elsewhere} are in a wallet of the holder's own, which only they move."
    return InsufficientTokensError(
        f"It takes {needs} and {holder or 'the treasury'} has {has} that can be used here."
        + (own if elsewhere != "0" else ""),
        user=holder or "treasury",
        required=needs,
        available=has,
        token=unit,
    )


def decimals_of(work: Work, unit: str) -> int:
    """Say how many decimal places a unit has: a token's by its entity, else a currency's."""
    found = work.value(
        """
        SELECT CASE WHEN type = 'nft' THEN '0' ELSE properties ->> 'decimals' END
        FROM entities
        WHERE organization_id = :organization
          AND id = :unit
        """,
        unit=unit,
    )
    if found is not None:
        return int(found)
    return money.TOKEN_DECIMALS if unit.startswith("ent_") else money.exponent(unit)


def _write(work: Work, posting: Posting, line: LedgerLine, change: int) -> None:
    work.run(
        """
        INSERT INTO ledger_entries
            (organization_id, operation_id, posting, change, kind, holder, unit, simulated, units,
             at)
        VALUES
            (:organization, :operation, :posting, :change, :kind, :holder, :unit, :simulated,
             :units, :now)
        """,
        operation=posting.operation,
        posting=posting.name,
        change=change,
        kind=line.account.value,
        holder=line.holder,
        unit=line.unit,
        simulated=int(posting.simulated),
        units=str(line.units),
        now=work.now,
    )
