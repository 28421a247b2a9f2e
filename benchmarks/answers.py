"""How long the rules take that answer a business's questions, on a small and on a large file.

    python -m benchmarks.answers [small] [large] [folder]

What is in the files `benchmarks/business.py` says. Times are of the rules inside the store, in
milliseconds of the processor, so that a busy machine hardly shows; making the large file takes a
while. Give a folder to keep both files for the next run.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from benchmarks import business
from benchmarks.business import email, word
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.entities import as_of, entity, finding
from one_mcp.dimensions.entities.existence import Existence
from one_mcp.dimensions.graph.summary import summarizing
from one_mcp.dimensions.graph.summary.sources import Conditions, Kind
from one_mcp.dimensions.organizations.founding import LOCAL as ORGANIZATION
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.work import Work

SMALL, LARGE = 10_000, 1_000_000
TIMES = 15
LONG_MS = 300
LATELY = "2024-09-14"
MONTH = ("2023-12-01", "2023-12-31")
Rule = Callable[[Work], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A rule to be timed, and how many milliseconds it may take on the large file."""

    what: str
    goal_ms: float
    rule: Rule


def find(type: str | None = None, **wanted: Any) -> Rule:  # arguments of the rule
    return lambda work: finding.find(work, type, **wanted)


def payments(measure: str, *group_by: str, month: bool, **also: Any) -> Rule:
    since, until = MONTH if month else (None, None)
    asked = Conditions(types=("payment_processed",), since=since, until=until, **also)
    return summary("events", measure, *group_by, asked=asked)


def summary(of: Kind, measure: str, *group_by: str, asked: Conditions) -> Rule:
    return lambda work: summarizing.summarize(work, of, (measure,), group_by, asked=asked)


def questions(count: int) -> list[Question]:
    one = count // 10 * 5
    seven = " ".join(word(rank) for rank in range(7))
    silent = Existence(event=["any"], since=LATELY)
    members = Conditions(types=("audience_member",), lacks=(silent,))
    return [
        Question("find by a common word", 10, find(text=word(0))),
        Question("find by seven common words", 25, find(text=seven)),
        Question("find by e-mail, no type", 2, find(where={"email": email(one)})),
        Question("find by a range of prices", 2, find(where={"price": {"gte": 10, "lt": 11}})),
        Question("find by two properties", 15, find(where={"stage": "won", "source": "s7"})),
        Question(
            "find by two common values", 15, find(where={"stage": "won", "score": {"lt": 20}})
        ),
        Question("sort all by price", 2, find(sort="-price")),
        Question("sort a type by a number", 2, find("lead", sort="-score")),
        Question("sort a type by a text", 2, find("lead", sort="source")),
        Question("sort those with a value", 2, find("lead", where={"stage": "won"}, sort="-score")),
        Question("find by an unmarked text", 5, find("video", where={"title": f"Title {one + 3}"})),
        Question("count a month by day", 10, payments("count", "day", month=True)),
        Question("count a year by month", 100, payments("count", "month", month=False)),
        Question("sum a month by day", 50, payments("sum:amount", "day", month=True)),
        Question("sum a year by month", 1_000, payments("sum:amount", "month", month=False)),
        Question("sum a month, no marked measure", 150, payments("sum:fee", "day", month=True)),
        Question("sum a year, no marked measure", 2_000, payments("sum:fee", "month", month=False)),
        Question("top 10 by count", 500, payments("count", "actor", month=False)),
        Question("top 10 by sum", 1_200, payments("sum:amount", "actor", month=False)),
        Question("no event for 60 days", 5, find("audience_member", lacks=(silent,))),
        Question("how many have none", 500, summary("entities", "count", asked=members)),
        Question(
            "a sum over the members of each course",
            6_000,
            payments("sum:amount", "actor.enrolled_in", month=False),
        ),
    ]


async def timed(app: App, rule: Rule) -> float:
    def measured(raw: Raw) -> float:
        begun = time.thread_time()
        rule(Work(raw, LOCAL, app.ontology, app.clock()))
        return (time.thread_time() - begun) * 1000

    first = await app.database.read(measured)
    if first > LONG_MS:
        return min(first, await app.database.read(measured))
    return statistics.median([await app.database.read(measured) for _ in range(TIMES)])


async def changes(app: App) -> list[tuple[str, float, float]]:
    """Time what the size of a file does not matter to: a long entity, and a long past."""
    one = app.session(Call("benchmark"), LOCAL)
    long = await one.write(
        entity.create, "blog_post", "Long", {"content": "word and another " * 3_000, "views": 0}
    )

    def update(number: int) -> Callable[[Raw], float]:
        def run(raw: Raw) -> float:
            begun = time.thread_time()
            raw.execute(
                "UPDATE entities SET properties = json_set(properties, '$.views', :views),"
                " version = version + 1 WHERE organization_id = :organization AND id = :id",
                {"views": number, "organization": ORGANIZATION, "id": long.id},
            )
            return (time.thread_time() - begun) * 1000

        return run

    updates = [await app.database.write(update(number)) for number in range(1, 40)]
    past = await one.write(entity.create, "course", "Old", {"price": 0})

    def age(raw: Raw) -> int:
        """Change it 50,000 times, each a change of its own, and return when the middle one was."""
        for number in range(50_000):
            change, at = raw.execute(
                "UPDATE heads SET number = number + 1, at = at + 1 RETURNING number, at"
            ).fetchone()
            raw.execute(
                "INSERT INTO change_log (organization_id, number, person_id, tool, at)"
                " VALUES (:organization, :number, 'per_local', 'benchmark', :at)",
                {"organization": ORGANIZATION, "number": change, "at": at},
            )
            raw.execute(
                "UPDATE entities SET properties = :properties"
                " WHERE organization_id = :organization AND id = :id",
                {
                    "properties": f'{{"price":{number}}}',
                    "organization": ORGANIZATION,
                    "id": past.id,
                },
            )
        return at - 25_000

    middle = await app.database.write(age)
    seen = await timed(app, lambda work: as_of.entity(work, past.id, middle))
    return [
        ("UPDATE of a number of a 50 KB entity", statistics.median(updates), 0.7),
        ("an entity as of the middle of 50,000 changes", seen, 1),
    ]


async def ask(path: Path, count: int) -> dict[str, float]:
    making = not path.exists()  # noqa: ASYNC240  # nothing else runs
    async with open_app(Settings(database=path, embedding_model="none")) as app:
        if making:
            await app.database.write(lambda raw: business.fill(raw, count))
        return {it.what: await timed(app, it.rule) for it in questions(count)}


async def past(path: Path) -> list[tuple[str, float, float]]:
    async with open_app(Settings(database=path, embedding_model="none")) as app:
        return await changes(app)


def run(folder: Path, small: int, large: int) -> None:
    taken = {
        count: anyio.run(ask, folder / f"answers-{count}.db", count) for count in (small, large)
    }
    print(f"| question | {small:,} entities, ms | {large:,}, ms | ratio (goal 1.5) | goal, ms |")
    print("|---|---:|---:|---:|---:|")
    for it in questions(small):
        before, after = taken[small][it.what], taken[large][it.what]
        print(f"| {it.what} | {before:.2f} | {after:.2f} | {after / before:.1f} | {it.goal_ms:g} |")
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as other:
        for what, ms, goal in anyio.run(past, Path(other) / "past.db"):
            print(f"| {what} | {ms:.2f} | | | {goal:g} |")


def main() -> None:
    small = int(sys.argv[1]) if len(sys.argv) > 1 else SMALL
    large = int(sys.argv[2]) if len(sys.argv) > 2 else LARGE
    if len(sys.argv) > 3:
        run(Path(sys.argv[3]), small, large)
    else:
        with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as folder:
            run(Path(folder), small, large)


if __name__ == "__main__":
    main()
