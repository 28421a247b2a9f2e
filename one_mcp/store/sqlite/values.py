"""The triggers of property values: whatever writes an entity, its values are in their tables.

They go by the names in `indexed_properties`, so that servers with other packs leave nothing out.
An update is told by the log, which has worked out what differs: the properties of an entity may be
long, and most updates are about no indexed one.
"""

from one_mcp.store import dialect
from one_mcp.store.property_values import KINDS, ValueTable
from one_mcp.store.sqlite.connection import Raw

# of a row as it came or goes; its fields are looked up, not its members, which may be many
_OF_ROW = f"""
    SELECT ROW.organization_id, field.number, VALUE, ROW.seq
    FROM property_fields AS field
    CROSS JOIN {dialect.each_value("ROW.properties", "field.name")}
    WHERE field.organization_id = ROW.organization_id
      AND field.type = ROW.type
      AND TEST
"""
_OF_ENTRY = """
    SELECT entities.organization_id, field.number, VALUE, entities.seq
    FROM entities
    CROSS JOIN property_fields AS field
    CROSS JOIN ELEMENTS
    WHERE entities.organization_id = NEW.organization_id
      AND entities.id = NEW.row_id
      AND field.organization_id = entities.organization_id
      AND field.type = entities.type
      AND TEST
"""
# the log's patch (store/patches.py): values that became others or went, then keys that came
_BEFORE = "NEW.before -> 'properties' -> 0"
_DIFFERS = f"""
    ({_BEFORE} -> NAME IS NOT NULL
     OR NAME IN (SELECT came.value FROM json_each(NEW.before, '$.properties[1]') AS came))
"""
_FIELDS = """
    INSERT INTO property_fields (organization_id, type, name)
    SELECT ROW.organization_id, ROW.type, indexed_properties.name
    FROM SOURCE
    WHERE ROW.properties -> indexed_properties.name IS NOT NULL
      AND NOT EXISTS (
          SELECT 1 FROM property_fields AS known
          WHERE known.organization_id = ROW.organization_id
            AND known.type = ROW.type
            AND known.name = indexed_properties.name
      )
"""


def write(raw: Raw) -> None:
    """Put the triggers of this version into the file, in the place of those that are there."""
    for name, statement in _triggers().items():
        raw.execute(f"DROP TRIGGER IF EXISTS {name}")
        raw.execute(f"CREATE TRIGGER {name} {statement}")


def _triggers() -> dict[str, str]:
    came = _FIELDS.replace("SOURCE", "indexed_properties").replace("ROW", "NEW") + ";"
    came += "".join(_put(table, _of_row(table, "NEW")) for table in KINDS)
    went = "".join(_take(table, _of_row(table, "OLD")) for table in KINDS)
    return {
        "entities_values_insert": f"AFTER INSERT ON entities BEGIN {came} END",
        "entities_values_delete": f"BEFORE DELETE ON entities BEGIN {went} END",
        "entities_values_type": f"""
            AFTER UPDATE OF type ON entities WHEN OLD.type IS NOT NEW.type BEGIN {went} {came} END
        """,
        "entities_values_update": f"""
            AFTER INSERT ON change_rows
            WHEN NEW.kind = 'entity'
              AND NEW.after IS NOT NULL
              AND NEW.before -> 'properties' IS NOT NULL
              AND NEW.before -> 'type' IS NULL
              AND EXISTS (
                  SELECT 1 FROM indexed_properties
                  WHERE {_DIFFERS.replace("NAME", "indexed_properties.name")}
              )
            BEGIN {_update()} END
        """,
    }


def _update() -> str:
    source = """
        entities CROSS JOIN indexed_properties
    """
    fields = _FIELDS.replace("SOURCE", source).replace("ROW", "entities")
    fields += f"""
        AND entities.organization_id = NEW.organization_id
        AND entities.id = NEW.row_id
        AND {_DIFFERS.replace("NAME", "indexed_properties.name")};
    """
    differs = _DIFFERS.replace("NAME", "field.name")
    before = dialect.each_value(_BEFORE, "field.name")
    after = dialect.each_value("entities.properties", "field.name")
    went = "".join(_take(table, _of_entry(table, before)) for table in KINDS)
    came = "".join(_put(table, f"{_of_entry(table, after)} AND {differs}") for table in KINDS)
    return went + fields + came


def _put(table: ValueTable, values: str) -> str:
    return f"""
        INSERT INTO {table.name} (organization_id, field, value, entity) {values}
        ON CONFLICT (organization_id, field, value, entity) DO NOTHING;
    """


def _take(table: ValueTable, values: str) -> str:
    return f"DELETE FROM {table.name} WHERE (organization_id, field, value, entity) IN ({values});"


def _of_row(table: ValueTable, row: str) -> str:
    written = _OF_ROW.replace("ROW", row).replace("VALUE", table.value)
    return written.replace("TEST", table.test)


def _of_entry(table: ValueTable, elements: str) -> str:
    written = _OF_ENTRY.replace("ELEMENTS", elements).replace("VALUE", table.value)
    return written.replace("TEST", table.test)
