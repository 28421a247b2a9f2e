"""Sight: which connections can be seen, and how many.

Hidden are those that say so, and all those of an entity in `hidden_hubs`, whatever they say.
"""


def unmasked(alias: str) -> str:
    """Write SQL for whether a connection is out of sight for none of its ends' sake."""
    return (
        "(NOT EXISTS (SELECT 1 FROM hidden_hubs WHERE organization_id = :organization)"
        " OR NOT EXISTS (SELECT 1 FROM hidden_hubs AS hub"
        " WHERE hub.organization_id = :organization"
        f" AND hub.entity_id IN ({alias}.from_id, {alias}.to_id)))"
    )


def visible(alias: str) -> str:
    """Write SQL for whether a connection can be seen."""
    return f"{alias}.deleted_at IS NULL AND {unmasked(alias)}"


def counted(kept: str) -> str:
    """Write SQL for how many connections a row of `connection_counts` stands for, in sight."""
    masked = " + ".join(
        "(SELECT count(*) FROM hidden_hubs AS hub CROSS JOIN connections AS masked"
        " WHERE hub.organization_id = :organization AND masked.organization_id = :organization"
        f" AND {kept}.direction = '{way}' AND masked.{near} = {kept}.entity_id"
        f" AND masked.{far} = hub.entity_id AND masked.type = {kept}.type"
        " AND masked.deleted_at IS NULL)"
        for way, near, far in (("out", "from_id", "to_id"), ("in", "to_id", "from_id"))
    )
    return (
        "CASE WHEN NOT EXISTS (SELECT 1 FROM hidden_hubs WHERE organization_id = :organization)"
        f" THEN {kept}.live"
        " WHEN EXISTS (SELECT 1 FROM hidden_hubs AS hub WHERE hub.organization_id = :organization"
        f" AND hub.entity_id = {kept}.entity_id) THEN 0"
        f" ELSE {kept}.live - ({masked}) END"
    )
