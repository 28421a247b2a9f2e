"""Reads every SQL statement in the code: whatever names a tenant's table names the tenant too."""

import re

import pytest

from one_mcp.dimensions.undo import tables
from one_mcp.store.table import TENANT
from one_mcp.store.tables import LOGGED, TABLES
from tests.store.statements import UNKNOWN, statements

NAMED = re.compile(r"(?<!DISTINCT )\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)")
FILTER = re.compile(r"\borganization_id\s*=\s*(?::organization|\w+\.organization_id)\b")
INSERT = re.compile(r"\bINSERT(?: OR \w+)? INTO (\w+)\s*\(\s*organization_id\b")
REASONS = {
    "dimensions/graph/summary/wholes.py: WITH told AS MATERIALIZED": (
        "the statement that makes its table has the condition, and so have the lists joined"
    ),
    "dimensions/knowledge/search/scope.py: SELECT knowledge_links.knowledge_id AS id FROM": (
        "the table that links are joined with has its own condition on the organization"
    ),
    "dimensions/organizations/founding.py: SELECT organization_id FROM organizations": (
        "lists the organizations themselves, for those who look after the file as a whole"
    ),
    "dimensions/undo/tables.py: UPDATE some_table": "composed, and tested below",
    "dimensions/undo/tables.py: DELETE FROM some_table": "composed, and tested below",
    "store/merged_scans.py: SELECT some_table FROM some_table some_table WHERE": (
        "the condition on the organization is the first that it joins on"
    ),
    "store/sqlite/erasing.py: INSERT INTO some_table": "merges a search index, the file's own",
    "store/sqlite/health.py: SELECT count(DISTINCT some_table)": (
        "compares a search index with its table, both of them whole"
    ),
    "dimensions/knowledge/index/backlog.py: SELECT organization_id FROM organizations": (
        "lists the organizations that wait for the indexer, which works for all of them"
    ),
    "dimensions/operations/homes.py: UPDATE operations SET was": (
        "holds the money of a file that was restored or copied, whosever it is"
    ),
    "dimensions/operations/homes.py: SELECT EXISTS": "asks whether any money moved from the file",
    "dimensions/operations/unfinished.py: SELECT id, kind, organization_id": (
        "lists what is to be resumed, each for its own organization, for who looks after all"
    ),
    "dimensions/operations/unfinished.py: SELECT DISTINCT operations.id, operations.kind": (
        "lists what is to be watched, each for its own organization, for who looks after all"
    ),
    "dimensions/operations/approved.py: SELECT plans.id, plans.organization_id": (
        "lists what waits with a yes, each for its own organization, for who looks after all"
    ),
    "dimensions/operations/homes.py: UPDATE mails": (
        "doubts the mails of a file that was restored or copied, whosever they are"
    ),
    "dimensions/commerce/renewals.py: SELECT entity_id, organization_id": (
        "lists what is to be looked at, each for its own organization, for who looks after all"
    ),
    "dimensions/commerce/unsent.py: SELECT organization_id": (
        "lists what is to be sent, each for its own organization, for who sends for all"
    ),
    "dimensions/commerce/model_uses.py: SELECT DISTINCT organization_id": (
        "lists the organizations with costs to be told, for who tells them for all"
    ),
    "store/heads.py: SELECT organization_id, number FROM heads": (
        "asks for the organizations that are named, for the one who follows them all"
    ),
    "store/fulltext.py: SELECT": "a word in an index begins with its tenant's number",
    "store/unindexed.py: SELECT seq, one_": "its condition follows, where it is used",
    "store/sqlite/health.py: DELETE FROM unindexed": "fills a search index, which is the file's",
    "store/sqlite/health.py: UPDATE text_counts": "fills a search index, which is the file's",
    "store/sqlite/health.py: SELECT count(*) FROM ( SELECT organization_id, texts": (
        "compares each organization's count with its rows"
    ),
    "store/sqlite/values.py: DELETE FROM some_table": (
        "takes out what the row of a trigger had, by keys that begin with its organization"
    ),
    "store/sqlite/health.py: INSERT INTO some_table": "fills a search index, which is the file's",
}


def tenant_tables() -> set[str]:
    """Tables with an organization_id."""
    return {table.name for table in TABLES.values() if TENANT in table.names}


def unfiltered(statement: str, tenants: set[str]) -> list[str]:
    """Tenant tables that a statement names more often than it names the tenant."""
    named = [name for name in NAMED.findall(statement) if name in tenants or name == UNKNOWN]
    filters = len(FILTER.findall(statement)) + len(INSERT.findall(statement))
    return named if len(named) > filters else []


def test_every_statement_on_a_tenants_table_names_the_tenant() -> None:
    tenants = tenant_tables()
    assert {"entities", "connections", "events", "tags", "change_log", "change_rows"} <= tenants

    wrong = [place for place, statement in statements() if unfiltered(statement, tenants)]
    excused = {place: reason for place in wrong for reason in REASONS if place.startswith(reason)}

    assert [place for place in wrong if place not in excused] == []
    assert set(excused.values()) == set(REASONS)


def test_the_statements_are_found() -> None:
    found = {place.partition(":")[0] for place, _ in statements()}

    assert {
        "dimensions/entities/rows.py",
        "dimensions/changes/log.py",
        "dimensions/undo/undo.py",
    } <= found


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT id FROM entities", ["entities"]),
        ("SELECT id FROM entities WHERE organization_id = :organization", []),
        ("DELETE FROM tags WHERE key = :key", ["tags"]),
        ("UPDATE entities SET name = 'x'", ["entities"]),
        ("INSERT INTO tags (organization_id, key) VALUES (:organization, :key)", []),
        ("INSERT INTO tags (key) VALUES (:key)", ["tags"]),
        (
            "SELECT 1 FROM entities JOIN tags USING (id) WHERE organization_id = :organization",
            ["entities", "tags"],
        ),
        ("SELECT value FROM json_each(:ids)", []),
    ],
)
def test_a_forgotten_tenant_is_noticed(statement: str, named: list[str]) -> None:
    assert unfiltered(statement, tenant_tables()) == named


def test_the_statements_that_undo_composes_name_the_tenant() -> None:
    for kind, table in tables.TABLES.items():
        for statement in (table.insert, table.update, table.delete):
            assert unfiltered(statement, {LOGGED[kind].name}) == []


def test_no_statement_of_every_write_is_planned_anew_for_its_limit() -> None:
    """SQLite plans a statement whose LIMIT is a bare parameter each time it runs: dialect.most."""
    limit = re.compile(r"\bLIMIT\s+:")
    always = ("dimensions/changes/log.py", "dimensions/changes/touched.py", "store/")

    found = [place for place, statement in statements() if limit.search(statement)]

    assert [place for place in found if place.startswith(always)] == []
