"""Judging: looking at a proposal by the ontology, and by the entities that it names."""

from one_mcp.dimensions import lookup
from one_mcp.ontology import mapping, proposal
from one_mcp.ontology.proposal import Mapping
from one_mcp.ontology.referring import Existing
from one_mcp.ontology.report import Report
from one_mcp.store.work import Work


def check(work: Work, proposed: Mapping) -> Report:
    """Report what would be refused, what is unusual, and what usually comes with it."""
    named = proposal.ids_in(proposed)
    return mapping.check_mapping(work.ontology, proposed, _existing(work, named) if named else {})


def _existing(work: Work, ids: list[str]) -> dict[str, Existing]:
    """Read the types of entities, and of the survivors of those that were merged."""
    return {
        row["given"]: Existing(
            row["type"],
            row["deleted_at"] is not None,
            row["id"] if row["id"] != row["given"] else None,
        )
        for row in lookup.named(work, ids)
    }
