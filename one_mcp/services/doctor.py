"""The doctor: examines a database and its surroundings, and repairs what can be repaired."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from one_mcp import clock
from one_mcp.access import Principal, Role
from one_mcp.dimensions import consistency, counts
from one_mcp.dimensions.consistency import Gone, Mended, Soundness
from one_mcp.dimensions.knowledge.index.repair import Upkeep
from one_mcp.dimensions.organizations import founding
from one_mcp.dimensions.purge import marks
from one_mcp.errors import OneError
from one_mcp.ontology import load
from one_mcp.ontology.model import Ontology
from one_mcp.services import compaction, erasure, findings
from one_mcp.services.findings import Finding
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import backup, driver, health, lock, unfinished
from one_mcp.store.sqlite.connection import Raw, snapshot
from one_mcp.store.sqlite.migrate import check, newest, version
from one_mcp.store.work import Work

FAULTS_SHOWN = 5
LARGE_LOG_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Patient:
    path: Path
    ontology: Ontology
    raw: Raw

    def works(self) -> list[Work]:
        """Open one room for each organization in the file."""
        known = founding.known(self.raw)
        return [
            Work(self.raw, caretaker(name), self.ontology, now=clock.system()) for name in known
        ]


def caretaker(organization: str) -> Principal:
    """Stand in for whoever looks after the file as a whole."""
    return Principal(organization, "doctor", "doctor", Role.PLATFORM_OWNER)


def examine(settings: Settings) -> Iterator[Finding]:
    """Check one thing after another; a check that makes the later ones useless is the last.

    Only reads, from one snapshot, so servers may go on working.
    """
    yield _library()
    try:
        ontology = load.in_use(settings.packs)
    except OneError as error:
        yield Finding(check="ontology", state="problem", says=str(error))
        return
    yield _vocabulary(ontology)
    try:
        backup.present(settings.database)
        shared = lock.shared(settings.database)
        with snapshot(str(settings.database)) as raw:
            check(raw, str(settings.database))
            yield _file(settings.database, shared=shared)
            yield from _left_over(settings.database.parent)
            yield from _schema(_Patient(settings.database, ontology, raw))
    except OneError as error:
        yield Finding(check="file", state="problem", says=str(error))


def organizations_in(raw: Raw) -> list[str]:
    """List the organizations that a repair has to go through."""
    return founding.known(raw)


async def repair(one: Session) -> Mended:
    """Repair what an organization's rows disagree on, as one change, and the search indexes.

    Purges that could not be finished at once are finished.
    """
    mended = await one.write(consistency.mend, health.fill_search)
    await erasure.finish(one, patient=True)
    return mended


def _library() -> Finding:
    says = f"SQLite {driver.VERSION}"
    if driver.SAFE:
        return Finding(check="library", state="ok", says=f"{says}, safe for several processes")
    return Finding(
        check="library",
        state="warning",
        says=f"{says} may corrupt a file that several processes share, so only one is let on it; "
        "pip install 'pysqlite3>=0.6.1' brings a safe one.",
    )


def _vocabulary(ontology: Ontology) -> Finding:
    says = (
        f"{len(ontology.entity_types)} entity, {len(ontology.relationship_types)} relationship "
        f"and {len(ontology.event_types)} event types"
    )
    packs = f"; packs: {', '.join(ontology.packs)}" if ontology.packs else ""
    return Finding(check="ontology", state="ok", says=says + packs)


def _file(path: Path, *, shared: bool) -> Finding:
    log = path.with_name(path.name + "-wal")
    log_bytes = log.stat().st_size if log.exists() else 0
    says = f"{path}, {findings.size(path.stat().st_size)}" + (", in use" if shared else "")
    if log_bytes > LARGE_LOG_BYTES:
        return Finding(
            check="file",
            state="warning",
            says=f"{says}; its write-ahead log has grown to {findings.size(log_bytes)}, which a "
            "reader that never ends can cause: restart the servers on it.",
        )
    return Finding(check="file", state="ok", says=says)


def _left_over(folder: Path) -> Iterator[Finding]:
    left = unfinished.left_over(folder)
    if left:
        names = ", ".join(f"{path.name} ({findings.size(path.stat().st_size)})" for path in left)
        yield Finding(
            check="copies",
            state="note",
            says=f"unfinished copies of a killed backup or restore: {names}; "
            "the next backup to this folder removes them",
        )


def _schema(patient: _Patient) -> Iterator[Finding]:
    have = version(patient.raw)
    if have < newest():
        yield Finding(
            check="schema",
            state="note",
            says=f"version {have}; the next start of a server brings it to {newest()}, "
            "after which the rest can be checked",
        )
        return
    yield Finding(check="schema", state="ok", says=f"version {have}")
    yield _journal(patient.raw)
    yield (whole := _integrity(patient.raw))
    if whole.state == "ok":
        yield from _rows(patient)


def _journal(raw: Raw) -> Finding:
    mode = health.journal_mode(raw)
    if mode == "wal":
        return Finding(check="journal", state="ok", says="write-ahead log")
    return Finding(
        check="journal",
        state="note",
        says=f"{mode}; the next start of a server turns the write-ahead log on",
    )


def _integrity(raw: Raw) -> Finding:
    faults = health.damage(raw) + health.dangling(raw)
    if not faults:
        return Finding(
            check="integrity", state="ok", says="pages, indexes and references are whole"
        )
    more = f" and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
    return Finding(
        check="integrity",
        state="problem",
        says=f"{'; '.join(faults[:FAULTS_SHOWN])}{more}. "
        "Put a backup in its place with `one-mcp restore`.",
    )


def _rows(patient: _Patient) -> Iterator[Finding]:
    entities, words = health.search_drift(patient.raw, health.ENTITIES)
    yield findings.agreement(
        "search",
        entities + words,
        good="the index holds every entity's words",
        bad=f"{entities} entities and {words} words differ from what should be in the index",
    )
    passages, words = health.search_drift(patient.raw, health.PASSAGES)
    yield findings.agreement(
        "passages",
        passages + words,
        good="the index holds every passage's words",
        bad=f"{passages} passages and {words} words differ from what should be in the index",
    )
    works = patient.works()
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
    yield _types(works, patient.ontology)
    yield compaction.examine(works)
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
