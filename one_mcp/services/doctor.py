"""The doctor: examines a database and its surroundings, and repairs what can be repaired."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from one_mcp.access import Principal, Role
from one_mcp.answers import Answer
from one_mcp.dimensions import census, organizations, soundness
from one_mcp.dimensions.knowledge.upkeep import Upkeep
from one_mcp.dimensions.soundness import Mended
from one_mcp.errors import OneError
from one_mcp.ontology.load import load
from one_mcp.ontology.model import Ontology
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite import copies, health, library, presence
from one_mcp.store.sqlite.connection import Raw, connect, failures
from one_mcp.store.sqlite.migrate import check, newest, version
from one_mcp.store.work import Work

State = Literal["ok", "note", "warning", "problem"]
FAULTS_SHOWN = 5
LARGE_LOG_BYTES = 256 * 1024 * 1024
REPAIR = "one-mcp doctor --repair"


class Finding(Answer):
    """What one check found. `repairable` says that a repair takes it away."""

    check: str
    state: State
    says: str
    repairable: bool | None = None


@dataclass(frozen=True, slots=True)
class _Patient:
    path: Path
    ontology: Ontology
    raw: Raw

    def works(self) -> list[Work]:
        """Open one room for each organization in the file."""
        known = organizations.known(self.raw)
        return [Work(self.raw, caretaker(name), self.ontology, now=0) for name in known]


def caretaker(organization: str) -> Principal:
    """Stand in for whoever looks after the file as a whole."""
    return Principal(organization, organizations.LOCAL_OWNER, "doctor", Role.PLATFORM_OWNER)


def examine(settings: Settings) -> Iterator[Finding]:
    """Check one thing after another; a check that makes the later ones useless is the last.

    Only reads, from one snapshot, so servers may go on working.
    """
    yield _library()
    try:
        ontology = load(settings.packs)
    except OneError as error:
        yield Finding(check="ontology", state="problem", says=str(error))
        return
    yield _vocabulary(ontology)
    try:
        copies.present(settings.database)
        shared = presence.shared(settings.database)
        with _snapshot(settings.database) as raw:
            yield _file(settings.database, shared=shared)
            yield from _schema(_Patient(settings.database, ontology, raw))
    except OneError as error:
        yield Finding(check="file", state="problem", says=str(error))


def organizations_in(raw: Raw) -> list[str]:
    """List the organizations that a repair has to go through."""
    return organizations.known(raw)


async def repair(one: Session) -> Mended:
    """Repair what an organization's rows disagree on, as one change, and the search indexes."""
    return await one.write(soundness.mend)


@contextmanager
def _snapshot(path: Path) -> Generator[Raw]:
    with closing(connect(str(path), read_only=True)) as raw, failures(str(path)):
        raw.execute("PRAGMA temp_store = FILE")  # the comparison of a search index is large
        raw.execute("BEGIN")
        check(raw, str(path))
        yield raw


def _library() -> Finding:
    says = f"SQLite {library.VERSION}"
    if library.SAFE:
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
    says = f"{path}, {size(path.stat().st_size)}" + (", in use" if shared else "")
    if log_bytes > LARGE_LOG_BYTES:
        return Finding(
            check="file",
            state="warning",
            says=f"{says}; its write-ahead log has grown to {size(log_bytes)}, which a reader that "
            "never ends can cause: restart the servers on it.",
        )
    return Finding(check="file", state="ok", says=says)


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
    yield _agreement(
        "search",
        entities + words,
        good="the index holds every entity's words",
        bad=f"{entities} entities and {words} words differ from what should be in the index",
    )
    passages, words = health.search_drift(patient.raw, health.PASSAGES)
    yield _agreement(
        "passages",
        passages + words,
        good="the index holds every passage's words",
        bad=f"{passages} passages and {words} words differ from what should be in the index",
    )
    works = patient.works()
    sound = [soundness.examine(work) for work in works]
    hidden = sum(each.wrongly_hidden for each in sound)
    yield _agreement(
        "visibility",
        hidden,
        good="connections are hidden exactly where an end is archived",
        bad=f"{hidden} connections are hidden or shown against the state of their ends",
    )
    counts = sum(each.wrong_counts for each in sound)
    yield _agreement(
        "counts",
        counts,
        good="the kept connection counts are right",
        bad=f"{counts} kept connection counts are wrong",
    )
    yield _knowledge([each.knowledge for each in sound])
    yield _strangers(sum(each.events_about_nobody for each in sound))
    yield _types(works, patient.ontology)


def _agreement(check: str, faults: int, *, good: str, bad: str) -> Finding:
    if not faults:
        return Finding(check=check, state="ok", says=good)
    return Finding(
        check=check, state="problem", says=f"{bad}; `{REPAIR}` mends this.", repairable=True
    )


def _knowledge(found: list[Upkeep]) -> Finding:
    wrong = {
        "texts are neither cut into passages nor queued for it": sum(it.uncut for it in found),
        "passages have no vector and wait for none": sum(it.unembedded for it in found),
        "vectors fit no passage or have a wrong length": sum(it.wrong_vectors for it in found),
        "rows belong to no text": sum(it.left_over for it in found),
    }
    return _agreement(
        "knowledge",
        sum(wrong.values()),
        good="texts, passages and vectors belong together",
        bad=", ".join(f"{rows} {what}" for what, rows in wrong.items() if rows),
    )


def _strangers(events: int) -> Finding:
    if not events:
        return Finding(check="events", state="ok", says="everybody they name is there")
    return Finding(
        check="events", state="note", says=f"{events} are about purged entities, as they should be"
    )


def _types(works: list[Work], ontology: Ontology) -> Finding:
    unknown: dict[str, int] = {}
    for work in works:
        taken = census.take(work)
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


def size(number: float) -> str:
    """Write a number of bytes as people read it."""
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:  # noqa: PLR2004  # of the next unit
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
