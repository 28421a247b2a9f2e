"""Soundness: what the doctor says of the rows of all organizations in a file."""

from collections import Counter
from collections.abc import Iterator

from one_mcp import chain_settings, clock
from one_mcp.dimensions import consistency, counts
from one_mcp.dimensions.consistency import Gone, Soundness
from one_mcp.dimensions.knowledge.index.repair import Upkeep
from one_mcp.dimensions.operations import approvers, listing
from one_mcp.dimensions.operations.operation import State
from one_mcp.dimensions.purge import marks
from one_mcp.errors import SettingsError
from one_mcp.ontology.model import Ontology
from one_mcp.services import compaction, findings, postbox
from one_mcp.services.findings import Finding
from one_mcp.settings import Settings
from one_mcp.store.work import Work


def examine(works: list[Work], ontology: Ontology, settings: Settings) -> Iterator[Finding]:
    """Check whether the rows of each organization agree; `works` has one for each."""
    sound = [consistency.examine(work) for work in works]
    hidden = sum(each.wrongly_hidden for each in sound)
    yield findings.agreement(
        "visibility",
        hidden,
        good="connections are hidden exactly where an end is archived",
        bad=f"{hidden} connections are hidden or shown against the state of their ends",
    )
    miscounted = sum(each.wrong_counts for each in sound)
    yield findings.agreement(
        "counts",
        miscounted,
        good="the kept connection counts are right",
        bad=f"{miscounted} kept connection counts are wrong",
    )
    yield _knowledge([each.knowledge for each in sound])
    yield _erasure([number for work in works for number in marks.waiting(work)])
    yield _strangers([each.events_about_gone for each in sound])
    yield _types(works, ontology)
    yield compaction.examine(works)
    yield _operations(works)
    yield _approvals(works, settings)
    yield postbox.examine(works)
    yield _clocks(sound)


def _knowledge(found: list[Upkeep]) -> Finding:
    wrong = {
        "texts are neither cut into passages nor queued for it": sum(it.uncut for it in found),
        "passages have no vector and wait for none": sum(it.unembedded for it in found),
        "vectors fit no passage or have a wrong length": sum(it.wrong_vectors for it in found),
        "rows belong to no text": sum(it.left_over for it in found),
    }
    return findings.agreement(
        "knowledge",
        sum(wrong.values()),
        good="texts, passages and vectors belong together",
        bad=", ".join(f"{rows} {what}" for what, rows in wrong.items() if rows),
    )


def _erasure(waiting: list[int]) -> Finding:
    purges = len([number for number in waiting if number != marks.UPGRADED])
    if waiting and not purges:
        return Finding(
            check="erasure",
            state="note",
            says="free space may hold what an older version deleted; a purge looks after that, "
            f"and so does `{findings.REPAIR}`",
            repairable=True,
        )
    return findings.agreement(
        "erasure",
        purges,
        good="nothing is left of what was purged",
        bad=f"the bytes of {purges} purges may still be in the file or its write-ahead log",
    )


def _strangers(found: list[Gone]) -> Finding:
    """Say how many events tell of what is gone, and why it is: none of that is a fault."""
    gone = {
        "purged": sum(it.purged for it in found),
        "merged into others": sum(it.merged for it in found),
        "gone since their creation was undone": sum(it.undone for it in found),
        "gone, and history does not say why": sum(it.unknown for it in found),
    }
    told = [f"{events} tell of entities that are {why}" for why, events in gone.items() if events]
    if not told:
        return Finding(check="events", state="ok", says="everybody they name is there")
    return Finding(check="events", state="note", says=f"{', '.join(told)}; they are kept")


def _clocks(sound: list[Soundness]) -> Finding:
    ahead = max((each.ahead_ms for each in sound), default=0)
    leases = sum(each.leases_ahead for each in sound)
    if ahead < clock.DAY_MS and not leases:
        return Finding(check="clocks", state="ok", says="no change lies in the future")
    dated = (
        f"the newest change is dated {ahead // clock.DAY_MS} days from now, and so is what follows"
    )
    lent = f"{leases} leases end later than any could, and count as over"
    told = [*([dated] if ahead >= clock.DAY_MS else []), *([lent] if leases else [])]
    return Finding(
        check="clocks",
        state="warning",
        says=f"{'; '.join(told)}. Set the clock of each machine that writes to this file.",
    )


def _operations(works: list[Work]) -> Finding:
    """Say what waits for a person where money or tokens move."""
    totals = Counter[State]()
    for work in works:
        totals.update(listing.counts(work))
    waiting = {
        "can end neither way by themselves": totals[State.NEEDS_REVIEW],
        "are held, since the file was restored or copied": totals[State.HELD],
    }
    told = [f"{count} {what}" for what, count in waiting.items() if count]
    if not told:
        return Finding(check="operations", state="ok", says="none waits for a person")
    return Finding(
        check="operations",
        state="warning",
        says=f"{', '.join(told)}; `one-mcp operations` lists them, and lets a person decide.",
    )


def _approvals(works: list[Work], settings: Settings) -> Finding:
    """Say whether a person can approve what live vendors do; without a passphrase nobody can."""
    try:
        live = _live(settings)
    except SettingsError as error:
        return Finding(check="approvals", state="problem", says=str(error))
    pinned = settings.approver_key
    if pinned is not None and not any(approvers.has_key(work, pinned) for work in works):
        return Finding(
            check="approvals",
            state="warning",
            says="ONE_MCP_APPROVER_KEY names a key that nobody here has, so nothing can be "
            "approved; `one-mcp passphrase` shows the one to set.",
        )
    if any(approvers.is_any(work) for work in works):
        return Finding(check="approvals", state="ok", says="a passphrase to approve with is set")
    if not live:
        return Finding(check="approvals", state="ok", says="no vendor is live: no yes is needed")
    return Finding(
        check="approvals",
        state="warning",
        says=f"live: {', '.join(live)}; and nobody has a passphrase, so nothing of value can be "
        "approved: set one with `one-mcp passphrase`.",
    )


def _live(settings: Settings) -> list[str]:
    """Name the vendors that move something real."""
    payments = settings.stripe_access()
    chain = settings.chain_access(live_money=settings.live_money)
    return [
        *(["payments"] if payments is not None and payments.mode == "live" else []),
        *(["chain"] if chain is not None and not chain_settings.is_test(chain.chain_id) else []),
    ]


def _types(works: list[Work], ontology: Ontology) -> Finding:
    unknown: dict[str, int] = {}
    for work in works:
        taken = counts.take(work)
        for rows, types in (
            (taken.entities, ontology.entity_types),
            (taken.connections, ontology.relationship_types),
            (taken.events, ontology.event_types),
        ):
            for name in rows.keys() - types.keys():
                unknown[name] = unknown.get(name, 0) + rows[name]
    if not unknown:
        return Finding(check="types", state="ok", says="the ontology knows every type in use")
    listed = ", ".join(f"{name} ({rows})" for name, rows in sorted(unknown.items())[:10])
    return Finding(
        check="types",
        state="warning",
        says=f"the ontology does not know {listed}; name the pack that has them in ONE_MCP_PACKS.",
    )
