"""Fill a database with a business to ask questions about: people, courses, payments, a year long.

Of N entities 2 in 5 are members, 1 in 5 each leads, videos and blog posts, and 500 are courses. N
connections enroll members in courses and 2 N lead from content to content; N of 3 N events are
payments for courses. Few members do most, and many did nothing lately.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate

from benchmarks.seed import START_MS, Row, entity_id, open_change
from one_mcp.dimensions.organizations.founding import LOCAL
from one_mcp.store.sqlite.connection import Raw

YEAR_MS = 365 * 86_400_000
COURSES = 500
WORDS = 5_000
WORDS_OF_A_TEXT = 12


def fill(raw: Raw, count: int) -> None:
    """Insert the rows of a business with so many entities, as one change."""
    change = open_change(raw)
    raw.executemany(
        "INSERT INTO entities (organization_id, id, type, name, properties, status, created_at,"
        f" updated_at, version) VALUES (?, ?, ?, ?, ?, 'active', ?, ?, {change})",
        entities(count),
    )
    raw.executemany(
        "INSERT OR IGNORE INTO connections (organization_id, id, from_id, type, to_id, metadata,"
        f" created_at, updated_at, version) VALUES (?, ?, ?, ?, ?, '{{}}', ?, ?, {change})",
        connections(count),
    )
    raw.executemany(
        "INSERT INTO events (organization_id, id, type, actor_id, target_id, at, metadata, version)"
        f" VALUES (?, ?, ?, ?, ?, ?, ?, {change})",
        events(count),
    )


def email(number: int) -> str:
    return f"l{number}@example.com"


def word(rank: int) -> str:
    """Name the word of a rank, which is as common as words of that rank are."""
    return f"w{rank}x"


def entities(count: int) -> Iterator[Row]:
    pick = random.Random(3)  # no secret
    weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
    words = [word(rank) for rank in range(WORDS)]
    for number in range(count):
        kind, properties = _entity(pick, number, words, weights)
        at = START_MS + number
        yield (LOCAL, entity_id(number), kind, f"Name {number}", properties, at, at)


def _entity(
    pick: random.Random, number: int, words: Sequence[str], weights: Sequence[float]
) -> tuple[str, str]:
    match number % 5:
        case 0 | 1:
            return "audience_member", f'{{"email":"{email(number)}","level":{pick.randrange(50)}}}'
        case 2:
            return "lead", (
                f'{{"email":"{email(number)}","stage":"{pick.choice(("new", "won"))}",'
                f'"score":{pick.randrange(100)},"source":"s{pick.randrange(1000)}"}}'
            )
        case 3:
            text = " ".join(pick.choices(words, cum_weights=weights, k=WORDS_OF_A_TEXT))
            return "video", f'{{"title":"Title {number}","description":"{text}"}}'
        case _:
            kind = "course" if number < 5 * COURSES else "blog_post"
            price = pick.randrange(100, 1_000_000) / 100
            return kind, f'{{"title":"Title {number}","price":{price}}}'


def connections(count: int) -> Iterator[Row]:
    pick = random.Random(4)  # no secret
    for number in range(3 * count):
        if number % 3 == 0:
            ends = _member(number // 3 % (2 * count // 5)), "enrolled_in", _course(pick, count)
        else:
            content = pick.randrange(count // 5) * 5 + 3
            ends = content, "references", pick.randrange(count // 5) * 5 + 4
        at = START_MS + number * YEAR_MS // (3 * count)
        yield (LOCAL, f"con_{number:016d}", entity_id(ends[0]), ends[1], entity_id(ends[2]), at, at)


def events(count: int) -> Iterator[Row]:
    pick = random.Random(5)  # no secret
    members = 2 * count // 5
    for number in range(3 * count):
        paid = number % 3 == 0
        amount, currency = pick.randrange(100, 50_000) / 100, pick.choice(("usd", "eur"))
        fee = pick.randrange(1, 1_000) / 100
        yield (
            LOCAL,
            f"evt_{number:016d}",
            "payment_processed" if paid else "content_interacted",
            entity_id(_member(int(members * pick.random() ** 3))),
            entity_id(_course(pick, count)) if paid else None,
            START_MS + number * YEAR_MS // (3 * count),
            f'{{"status":"completed","amount":{amount},"fee":{fee},"currency":"{currency}"}}'
            if paid
            else "{}",
        )


def _member(number: int) -> int:
    return number // 2 * 5 + number % 2


def _course(pick: random.Random, count: int) -> int:
    return pick.randrange(min(COURSES, count // 5)) * 5 + 4
