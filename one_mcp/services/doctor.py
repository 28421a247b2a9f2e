"""The doctor: examines a database and its surroundings, and repairs what can be repaired."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from one_mcp import clock
from one_mcp.access import Principal, Role
from one_mcp.dimensions import consistency
from one_mcp.dimensions.consistency import Mended
from one_mcp.dimensions.organizations import founding
from one_mcp.errors import OneError
from one_mcp.mail_settings import MailSettings
from one_mcp.ontology import load
from one_mcp.ontology.model import Ontology
from one_mcp.services import erasure, findings, postbox, soundness, vendor_findings
from one_mcp.services.findings import Finding
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import backup, driver, health, lock, schema, unfinished
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
    settings: Settings

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
    yield from vendor_findings.ignored()
    try:
        ontology = load.in_use(settings.packs)
    except OneError as error:
        yield Finding(check="ontology", state="problem", says=str(error))
        return
    yield _vocabulary(ontology)
    yield postbox.configured(settings.only(MailSettings), live_money=settings.live_money)
    try:
        backup.present(settings.database)
        shared = lock.shared(settings.database)
        with snapshot(str(settings.database)) as raw:
            check(raw, str(settings.database))
            yield _file(settings.database, shared=shared)
            yield from _left_over(settings.database.parent)
            yield from _schema(_Patient(settings.database, ontology, raw, settings))
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
    yield _tables(patient.raw, have)
    yield _journal(patient.raw)
    yield (whole := _integrity(patient.raw))
    if whole.state == "ok":
        yield from _rows(patient)


def _tables(raw: Raw, have: int) -> Finding:
    departs = schema.compare(raw)
    told = {
        "lacks": departs.lacking,
        "has beside it": departs.beside,
        "has otherwise": departs.otherwise,
    }
    listed = [f"{what} {schema.listed(names)}" for what, names in told.items() if names]
    if not listed:
        return Finding(check="schema", state="ok", says=f"version {have}")
    return Finding(
        check="schema",
        state="problem" if departs.lacking else "warning",
        says=f"version {have}, but it {'; it '.join(listed)}. {schema.ADVICE}",
    )


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
    yield from soundness.examine(patient.works(), patient.ontology, patient.settings)
