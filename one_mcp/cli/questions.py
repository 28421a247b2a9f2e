"""The demo's business questions: three about sales that are added up, the others about notes."""

from datetime import date, datetime
from typing import Any

from one_mcp import assets
from one_mcp.cli.storyteller import Storyteller, listed
from one_mcp.jsons import JsonObject

LINES, CUSTOMERS, PAYMENTS = 27, 6, 12  # of resources/demo/sales.jsonl
PAID, WRITTEN_TO = "payment_processed", "notification_delivered"
SALES: JsonObject = {
    "of": "events",
    "types": [PAID],
    "where": {"status": "completed"},
    "since": "2026-01-01",
    "until": "2026-04-30",
}
MONTHS = {"2026-01": 78, "2026-02": 127, "2026-03": 189, "2026-04": 209}
BEST = {"Ben Okafor": 238, "Farid Haddad": 129, "Chloé Martin": 109}
SILENT = {"Chloé Martin": "2026-02-01", "Eva Novak": "2026-02-12"}
NOTES, NOTE_LINKS = 6, 3
ANSWERED_BY = {  # a question in other words, and the note that answers it
    "Can I be reimbursed if I do not like it?": "Refunds",
    "At which hour can I enter on a weekend?": "Front desk",
    "What helps if my joint hurts when jogging?": "Knees",
}


async def on_sales(agent: Storyteller) -> None:
    """Bring in what her shop sold, and have it added up."""
    agent.chapter("Her shop's log of four months is brought in, too.")
    loaded = await agent.call("import_data", path=str(assets.resources("demo", "sales.jsonl")))
    agent.check(loaded["lines"] == LINES, "every line of the log is read")
    agent.say(f"{CUSTOMERS} customers, {PAYMENTS} payments, and the e-mails that went to them.")
    await _by_month(agent)
    await _best(agent)
    await _silent(agent)


async def _by_month(agent: Storyteller) -> None:
    agent.chapter("How much did she earn each month?")
    told = await agent.call("summarize", **SALES, measures=["sum:amount"], group_by=["month"])
    earned = {group["month"]: _euros(group) for group in told["groups"]}
    agent.check(earned == MONTHS, "the months add up to what was paid")
    months = [f"{date.fromisoformat(f'{month}-01'):%B} {sum}" for month, sum in earned.items()]
    agent.say(f"{listed(months)}: {_euros(told['total'])} euros, failed payments aside.")


async def _best(agent: Storyteller) -> None:
    agent.chapter("Who are her best customers?")
    told = await agent.call(
        "summarize", **SALES, measures=["sum:amount"], group_by=["actor"], limit=len(BEST)
    )
    paid = {group["actor_name"]: _euros(group) for group in told["groups"]}
    agent.check(paid == BEST, "the customers who paid most come first")
    others = told["other"]
    agent.say(
        f"{listed([f'{name} ({euros} euros)' for name, euros in paid.items()])}; "
        f"the other {others['groups']} paid {_euros(others)} together."
    )


async def _silent(agent: Storyteller) -> None:
    agent.chapter("Which customers did nobody write to since the first of March?")
    found = await agent.call(
        "find_entities",
        type="audience_member",
        has=[{"event": PAID}],
        lacks=[{"event": WRITTEN_TO, "since": "2026-03-01"}],
        sort=f"latest:{WRITTEN_TO}",
    )
    last = {item["name"]: item["sorted_by"][:10] for item in found["items"]}
    agent.check(last == SILENT, "two customers wait for a word")
    waiting = [f"{name} (last on {_day(day)})" for name, day in last.items()]
    agent.say(f"{listed(waiting)}.")


def _euros(group: dict[str, Any]) -> int:
    return group["sum:amount"]["EUR"]


def _day(text: str) -> str:
    when = datetime.fromisoformat(text)
    return f"{when.day} {when:%B}"


async def on_notes(agent: Storyteller) -> None:
    """Bring her notes in, and ask them in other words than theirs."""
    agent.chapter("She has notes, too: a folder of Markdown.")
    loaded = await agent.call("import_data", path=str(assets.resources("demo", "notes")))
    agent.check(loaded["created"]["entities"] == NOTES, "every note becomes an entity")
    agent.check(loaded["created"]["connections"] == NOTE_LINKS, "every link becomes a connection")
    await agent.call("reindex_knowledge")
    agent.say(f"{NOTES} notes, connected by their {NOTE_LINKS} links; no network is needed.")
    for question, title in ANSWERED_BY.items():
        agent.chapter(question)
        found = await agent.call("search_knowledge", query=question, limit=1)
        agent.check(found["mode"] == "hybrid", "search is by meaning")
        agent.check(found["hits"][0]["title"] == title, f"{question!r} leads to {title}")
        await _cite(agent, found["hits"][0])
    await _gather(agent)


async def _cite(agent: Storyteller, hit: JsonObject) -> None:
    """See that a quote stands where its offsets say."""
    start, quote = hit["start"], str(hit["quote"]).removesuffix("…")
    read = await agent.call("get_knowledge", id=hit["id"], start=start, characters=len(quote))
    agent.check(read["quote"] == quote, "the quote stands where its offsets say")
    sentence = " ".join(quote.partition("\n")[2].split()).partition(". ")[0]
    agent.say(f"“{sentence}.” ({hit['title']})")


async def _gather(agent: Storyteller) -> None:
    agent.chapter("What does an agent need in order to answer about refunds?")
    told = await agent.call("recall_context", question="Can customers get a refund?", tokens=500)
    agent.check("within thirty days" in told["context"], "the context holds the answer")
    agent.check(told["sources"][0]["title"] == "Refunds", "and its source")
    agent.say("One call: passages with numbers to cite, and what they belong to.")
