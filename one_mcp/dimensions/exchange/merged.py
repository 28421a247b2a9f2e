"""Merged: the survivors that lines of an import mean which tell of what was merged into them."""

from one_mcp.dimensions.changes import images
from one_mcp.dimensions.exchange.former import Former
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


def survivors(work: Work, ids: list[str], external: list[str]) -> dict[str, Former]:
    """Read the survivors of what was merged, by its id, and by its type and external id."""
    found: list[tuple[str, Row]] = []
    for column, values in (("id", ids), ("external_id", external)):
        for row in work.all(
            f"""
            SELECT
                entities.seq, entities.id, entities.type, entities.name, entities.properties,
                entities.status, entities.external_id, entities.deleted_at, entities.version,
                merged.id AS old_id, merged.type AS old_type,
                merged.external_id AS old_external_id, merged.version AS merged_in
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
            found.append((row["old_id"] if column == "id" else old, row))
    were = _were(work, [row["old_id"] for _, row in found]) if found else {}
    return {
        key: Former(row, row["old_id"], were.get(row["old_id"]), row["merged_in"])
        for key, row in found
    }


def _were(work: Work, ids: list[str]) -> dict[str, JsonObject]:
    """Read what entities were when they were merged, as far as the log has it still."""
    rows = work.all(
        f"""
        SELECT row_id, before
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id {dialect.any_of("ids")}
          AND kind = 'entity'
          AND after IS NULL
          AND purged_by IS NULL
        ORDER BY change, seq
        """,
        ids=ids,
    )
    return {row["row_id"]: images.load(row["before"]) for row in rows}
