"""Merged: the survivors that lines of an import mean which tell of what was merged into them."""

from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


def survivors(work: Work, ids: list[str], external: list[str]) -> dict[str, Row]:
    """Read the survivors of what was merged, by its id, and by its type and external id."""
    found: dict[str, Row] = {}
    for column, values in (("id", ids), ("external_id", external)):
        for row in work.all(
            f"""
            SELECT
                entities.seq, entities.id, entities.type, entities.name, entities.properties,
                entities.status, entities.external_id, entities.deleted_at, entities.version,
                merged.id AS old_id, merged.type AS old_type, merged.external_id AS old_external_id
            FROM merged_entities AS merged
            JOIN entities
              ON entities.organization_id = :organization
             AND entities.id = merged.survivor_id
            WHERE merged.organization_id = :organization
              AND merged.{column} {dialect.any_of("values")}
            """,
            values=values,
        ):
            old = f"{row['old_type']} {row['old_external_id']}"
            if column == "id":
                found[row["old_id"]] = row
            elif row["external_id"] != row["old_external_id"]:
                found[old] = row
    return found
