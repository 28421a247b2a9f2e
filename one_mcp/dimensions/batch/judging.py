"""Judging: looking at a proposal by the ontology, and by the entities that it names."""

from one_mcp.ontology import mapping, proposal
from one_mcp.ontology.proposal import Mapping
from one_mcp.ontology.referring import Existing
from one_mcp.ontology.report import Report
from one_mcp.store import dialect
from one_mcp.store.work import Work


def check(work: Work, proposed: Mapping) -> Report:
    """Report what would be refused, what is unusual, and what usually comes with it."""
    named = proposal.ids_in(proposed)
    return mapping.check_mapping(work.ontology, proposed, _existing(work, named) if named else {})


def _existing(work: Work, ids: list[str]) -> dict[str, Existing]:
    """Read the types of entities, and of the survivors of those that were merged."""
    rows = work.all(
        f"""
        SELECT id AS named, type, deleted_at, NULL AS survivor
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        UNION ALL
        SELECT merged.id, entities.type, entities.deleted_at, entities.id
        FROM merged_entities AS merged
        JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = merged.survivor_id
        WHERE merged.organization_id = :organization
          AND merged.id {dialect.any_of("ids")}
        """,
        ids=ids,
    )
    return {
        row["named"]: Existing(row["type"], row["deleted_at"] is not None, row["survivor"])
        for row in rows
    }
