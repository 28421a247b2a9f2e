"""The triggers of text search: whatever writes a row, its words are in the index with it.

No rule, no undo and no import can forget them. The functions that they call are this program's
(texts/indexed.py), so another program may read the file, but not write entities or passages.
"""

from one_mcp.store.sqlite.connection import Raw

_NUMBER = "(SELECT number FROM tenants WHERE organization_id = {row}.organization_id)"
_TEXT = "(SELECT group_concat(value, ' ') FROM json_tree({row}.properties) WHERE type = 'text')"
_ENTITY = f"one_entity_words({_NUMBER}, {{row}}.name, {_TEXT})"
_PASSAGE = f"one_passage_words({_NUMBER}, {{row}}.heading, {{row}}.text)"
# an index without texts forgets a row by the very words it was given, and any others damage it: a
# row that is still to be put in must not be taken out (https://sqlite.org/fts5.html, "The 'delete'
# Command")
_INDEXED = """
    NOT EXISTS (
        SELECT 1 FROM unindexed
        WHERE organization_id = {row}.organization_id AND kind = '{kind}' AND below > {row}.seq
    )
"""
_ADD = """
    INSERT INTO {kind}_words (rowid, words) VALUES (NEW.seq, {words});
"""
_TAKE_OUT = """
    INSERT INTO {kind}_words ({kind}_words, rowid, words) VALUES ('delete', OLD.seq, {words});
"""
_COUNT = """
    INSERT INTO text_counts (organization_id, kind, texts, added)
    VALUES (NEW.organization_id, '{kind}', 1, 1)
    ON CONFLICT (organization_id, kind) DO UPDATE SET texts = texts + 1, added = added + 1;
"""
_COUNT_DOWN = """
    UPDATE text_counts SET texts = texts - 1
    WHERE organization_id = OLD.organization_id AND kind = '{kind}';
"""


def write(raw: Raw) -> None:
    """Put the triggers of this version into the file, in the place of those that are there."""
    for name, statement in _triggers().items():
        raw.execute(f"DROP TRIGGER IF EXISTS {name}")
        raw.execute(f"CREATE TRIGGER {name} {statement}")


def _triggers() -> dict[str, str]:
    changed = f"(OLD.name, {_TEXT.format(row='OLD')}) IS NOT (NEW.name, {_TEXT.format(row='NEW')})"
    add, out = (
        _ADD.format(kind="entity", words=_ENTITY),
        _TAKE_OUT.format(kind="entity", words=_ENTITY),
    )
    replaced = out.format(row="OLD") + add.format(row="NEW")
    return {
        "organizations_number": """
            AFTER INSERT ON organizations BEGIN
                INSERT INTO tenants (organization_id) VALUES (NEW.organization_id)
                ON CONFLICT (organization_id) DO NOTHING;
            END
        """,
        **_coming_and_going("entities", "entity", _ENTITY),
        "entities_words_update": f"""
            AFTER UPDATE OF name, properties ON entities
            WHEN {changed} AND {_INDEXED.format(row="NEW", kind="entity")} BEGIN {replaced} END
        """,
        **_coming_and_going("chunks", "passage", _PASSAGE),
    }


def _coming_and_going(table: str, kind: str, made: str) -> dict[str, str]:
    add = (_ADD + _COUNT).format(kind=kind, words=made.format(row="NEW"))
    out = (_TAKE_OUT + _COUNT_DOWN).format(kind=kind, words=made.format(row="OLD"))
    return {
        f"{table}_words_insert": f"""
            AFTER INSERT ON {table} WHEN {_INDEXED.format(row="NEW", kind=kind)} BEGIN {add} END
        """,
        f"{table}_words_delete": f"""
            BEFORE DELETE ON {table} WHEN {_INDEXED.format(row="OLD", kind=kind)} BEGIN {out} END
        """,
    }
