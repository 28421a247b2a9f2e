"""Doubles: new rows that seem to be there already, by their name, e-mail address or external id.

Each is compared with the oldest that there is, so that a name which very many have costs no more.
"""

from one_mcp import jsons
from one_mcp.dimensions.entities import alike
from one_mcp.dimensions.entities.rows import EntityRow
from one_mcp.dimensions.exchange.context import Lines, Loading
from one_mcp.dimensions.exchange.notices import Notice
from one_mcp.store import dialect, property_values
from one_mcp.store.work import Row, Work


def tell(loading: Loading, new: Lines[EntityRow]) -> None:
    """Tell of rows that are about to be written which the import itself has not made before."""
    work = loading.work
    named = _first(loading, _of_name(work, [(row.kind.name, row.name) for _, row in new]))
    addresses = {row.id: address for _, row in new if (address := _address(row)) is not None}
    mailed = _first(loading, _of_address(work, sorted({*addresses.values()})))
    called = _first(loading, _of_external_id(work, [row.external_id for _, row in new]))
    for line, row in new:
        for what, other in (
            ("name", named.get(jsons.dumps([row.kind.name, row.name]))),
            ("e-mail", mailed.get(addresses.get(row.id, ""))),
            ("external_id", called.get(row.external_id or "")),
        ):
            if other is not None:
                loading.report.notice(Notice.DOUBLE, line, f"{what} of {other}")
                break


def _address(row: EntityRow) -> str | None:
    """Return the address of a row whose type does not forbid a second one anyway."""
    address = alike.email(row.kind, row.properties) if row.identity is None else None
    return None if address is None else address.casefold()


def _first(loading: Loading, rows: list[Row]) -> dict[str, str]:
    return {row["wanted"]: row["id"] for row in rows if row["version"] not in loading.file.changes}


def _of_name(work: Work, names: list[tuple[str, str]]) -> list[Row]:
    return work.all(
        f"""
        SELECT wanted.value AS wanted, entities.id, entities.version
        FROM {dialect.each_list("names", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = (
              SELECT other.seq
              FROM entities AS other
              WHERE other.organization_id = :organization
                AND other.type = wanted.value ->> 0
                AND lower(other.name) = lower(wanted.value ->> 1)
                AND other.deleted_at IS NULL
              ORDER BY other.seq
              LIMIT 1
          )
        """,
        names=sorted(set(names)),
    )


def _of_address(work: Work, addresses: list[str]) -> list[Row]:
    indexed = property_values.indexed(work, alike.EMAILS, None) if addresses else {}
    fields = [field.number for some in indexed.values() for field in some]
    if not fields:
        return []
    return work.all(
        f"""
        SELECT wanted.value AS wanted, entities.id, entities.version
        FROM {dialect.each("addresses", "wanted")}
        CROSS JOIN {dialect.each_number("fields", "field")}
        CROSS JOIN entities
        WHERE entities.seq = (
                SELECT min(entity)
                FROM property_texts
                WHERE property_texts.organization_id = :organization
                  AND property_texts.field = field.value
                  AND property_texts.value = substr(wanted.value, 1, :longest)
            )
          AND {dialect.unindexed("entities.organization_id")} = :organization
          AND entities.deleted_at IS NULL
        ORDER BY entities.seq DESC
        """,
        addresses=addresses,
        fields=fields,
        longest=property_values.LONGEST,
    )


def _of_external_id(work: Work, external: list[str | None]) -> list[Row]:
    wanted = sorted({each for each in external if each is not None})
    return work.all(
        f"""
        SELECT external_id AS wanted, id, version
        FROM entities
        WHERE organization_id = :organization
          AND external_id {dialect.any_of("external")}
          AND deleted_at IS NULL
        ORDER BY seq DESC
        """,
        external=wanted,
    )
