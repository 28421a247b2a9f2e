"""Purchases, and all else that moves value, while servers are killed, stopped, or many at once.

    python -m benchmarks.purchases [part …] [--random 500] [--random-acts 300] [--retries 200]
        [--buyers 50] [--shops 2] [--in-file]

Servers are real ones over stdio. With CHAIN_MODULES, a `node_modules` with anvil, Stripe and the
chain are processes of their own, and everything is done as with real money; else, and with
`--in-file`, both are the simulation in the file of the business. What came of each act is asked of
the vendors, and what is due is worked out here. At the end of each part all sums are compared.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks import accidents, acts, crowds, shop, vendors
from benchmarks.accidents import Counts
from benchmarks.acts import FINE, TROUBLES
from benchmarks.shop import Shop

SPARE = 5  # buyers for whom the allowance has no room


def commits(run: "Run") -> None:
    """Killed at each commit of a purchase, with one trouble at a time."""
    for trouble in TROUBLES:
        plan = partial(acts.purchase, trouble=trouble)
        trial = partial(accidents.killed, plan, trouble)
        run.each_commit(f"killed at every commit; {trouble.name}", trial)


def others(run: "Run") -> None:
    """Killed at each commit of everything else, and at random moments of it."""
    for act in acts.ACTS:
        trial = partial(accidents.killed, act, FINE)
        run.each_commit(f"{act.__name__}, killed at every commit", trial)
    what = "refund, spend, grant, mint, burn, transfer, deploy, killed at a random moment"
    run.each_moment(what, [*acts.ACTS], run.given.random_acts)


def moments(run: "Run") -> None:
    """Killed at random moments of a purchase."""
    run.each_moment("killed at a random moment", [acts.purchase], run.given.random)


def sleepers(run: "Run") -> None:
    """Stopped past the lease, ended by another, and woken.

    Right after commits only: right before one a server has the file's lock, and all others wait.
    """
    for trouble in (FINE, acts.LATE):
        what = f"stopped past its lease after every commit, ended by another, woken; {trouble.name}"
        run.each_commit(what, partial(accidents.stopped, trouble), step=1.0)


def two(run: "Run") -> None:
    """Resumed by two servers at once."""
    what = "killed at every commit, resumed by two servers at once"
    run.each_commit(what, accidents.resumed_by_two)


def copies(run: "Run") -> None:
    """A backup of the midst of a purchase is opened while the original ends."""
    what = "killed after every commit, and a backup of that moment opened: held"
    run.each_commit(what, accidents.copied, step=1.0)


def retries(run: "Run") -> None:
    """Asked for again and again, with fresh keys."""
    times = run.given.retries
    what = f"asked for {times} times, each with a fresh key, no answer read"
    run.row(what, crowds.retried(run.shops[0], times))


def crowd(run: "Run") -> None:
    """Many buyers at once, in a shop of their own."""
    buyers = run.given.buyers
    room = f"{buyers * crowds.AMOUNT_MINOR / 100:.2f} usd"
    with shop.opened(run.folder / "crowd", beside=run.beside, most_sales=room) as one:
        asking = buyers + (SPARE if run.beside else 0)  # what is simulated needs no allowance
        counts = crowds.at_once(one, asking, buyers)
        counts.wrong += accidents.balanced(one)
    run.row(f"{asking} at once from {crowds.PROCESSES} processes, {buyers} allowed", counts)


def overhead(run: "Run") -> None:
    """What a purchase takes, with simulated vendors, and beside the bare calls of real ones."""
    for beside in (False, True) if run.beside else (False,):
        with shop.opened(run.folder / f"overhead-{beside}", beside=beside) as one:
            taken = crowds.overhead(one, 40)
        run.say(
            f"\nA purchase {'with vendors beside' if beside else 'simulated'} takes "
            f"{taken.purchase:.1f} ms at the median, a plain write {taken.write:.1f}, the "
            f"vendors' calls alone {taken.bare:.1f} ({taken.purchase / taken.bare:.2f} times)."
        )


PARTS = (commits, others, moments, sleepers, two, copies, retries, crowd, overhead)
NEEDS_VENDORS = (copies,)  # what is simulated goes on in a copy, where its vendors are, too


class Run:
    """Some shops, each with a thread, and the table of what came of it."""

    def __init__(self, given: argparse.Namespace, folder: Path, shops: list[Shop]) -> None:
        self.given = given
        self.folder = folder
        self.shops = shops
        self.beside = not given.in_file
        self.wrong = 0

    def each_commit(self, what: str, trial: accidents.Trial, step: float = 0.5) -> None:
        """Try an accident at each commit; every shop has its share of them."""
        far = step * len(self.shops)
        shares = [
            partial(accidents.at_each_commit, one, trial, step * place, far)
            for place, one in enumerate(self.shops, start=1)
        ]
        self._each(what, shares)

    def each_moment(self, what: str, plans: list[accidents.Plan], times: int) -> None:
        """Kill acts at random moments, so many times in all shops together."""
        share = times // len(self.shops)
        self._each(what, [partial(accidents.at_random, it, plans, share) for it in self.shops])

    def _each(self, what: str, shares: list[Callable[[], Counts]]) -> None:
        counts, begun = Counts(), time.monotonic()
        with ThreadPoolExecutor(len(shares)) as pool:
            for done in [pool.submit(share) for share in shares]:
                counts.add(done.result())
        print(f"{what}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
        self.row(what, counts)

    def row(self, what: str, counts: Counts) -> None:
        self.wrong += len(counts.wrong)
        self.say(counts.row(what))
        for wrong in counts.wrong:
            print(f"WRONG: {wrong}", file=sys.stderr)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def balance(self, part: str) -> None:
        """Compare all sums of the shops; from here on nothing waits for a person."""
        for one in self.shops:
            for wrong in accidents.balanced(one):
                self.wrong += 1
                self.say(f"| after {part}: {wrong} | | | | 1 |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.purchases")
    names = {part.__name__: part for part in PARTS}
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(names)}; else all")
    parser.add_argument("--random", type=int, default=500)
    parser.add_argument("--random-acts", type=int, default=300)
    parser.add_argument("--retries", type=int, default=200)
    parser.add_argument("--buyers", type=int, default=50)
    parser.add_argument("--shops", type=int, default=2)
    parser.add_argument("--in-file", action="store_true", default=vendors.MODULES is None)
    given = parser.parse_args()
    chosen = [names[name] for name in given.parts] or [*PARTS]
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        shops = [
            stack.enter_context(shop.opened(folder / f"shop-{number}", beside=not given.in_file))
            for number in range(given.shops)
        ]
        run = Run(given, folder, shops)
        run.say("| what | times | cut off | ended | wrong |\n|---|---:|---:|---|---:|")
        for part in chosen:
            if part in NEEDS_VENDORS and given.in_file:
                continue
            part(run)
            run.balance(part.__name__)
    sys.exit(1 if run.wrong else 0)


if __name__ == "__main__":
    main()
