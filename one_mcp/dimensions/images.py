"""Images: how a row that the log keeps is written back, in each of the logged tables."""

from dataclasses import dataclass

# rows that are told apart by all that they say, since their `row_id` is another row's
WHOLE_KINDS = "('tag', 'knowledge_link', 'knowledge_label')"


@dataclass(frozen=True, slots=True)
class Table:
    """A logged table: its columns without the organization, and which of them say the row."""

    name: str
    columns: str
    key: tuple[str, ...]

    @property
    def insert(self) -> str:
        names = self.columns.split()
        return (
            f"INSERT INTO {self.name} (organization_id, {', '.join(names)}) "
            f"VALUES (:organization, {', '.join(f':{name}' for name in names)})"
        )

    @property
    def update(self) -> str:
        fixed = {"row", *self.key}
        written = [f"{name} = :{name}" for name in self.columns.split() if name not in fixed]
        return f"UPDATE {self.name} SET {', '.join(written)} {self._where}"

    @property
    def delete(self) -> str:
        return f"DELETE FROM {self.name} {self._where}"

    @property
    def _where(self) -> str:
        keys = [f"{name} = :{name}" for name in ("organization_id", *self.key)]
        return f"WHERE {' AND '.join(keys)}".replace(":organization_id", ":organization")


TABLES = {
    "organization": Table(
        "organizations", "name status plan properties created_at updated_at version", ()
    ),
    "person": Table(
        "people", "id name email role properties created_at updated_at version", ("id",)
    ),
    "entity": Table(
        "entities",
        "row id type name properties status identity external_id created_at updated_at "
        "deleted_at status_before version",
        ("id",),
    ),
    "connection": Table(
        "connections",
        "row id from_id type to_id metadata created_at updated_at deleted_at version",
        ("id",),
    ),
    "tag": Table("tags", "entity_id key value", ("entity_id", "key", "value")),
    "knowledge": Table(
        "knowledge",
        "row id kind title text media_type language source hash redacted quality metadata "
        "created_at updated_at version",
        ("id",),
    ),
    "knowledge_link": Table(
        "knowledge_links",
        "knowledge_id entity_id role",
        ("knowledge_id", "entity_id", "role"),
    ),
    "knowledge_label": Table(
        "knowledge_labels", "knowledge_id key value", ("knowledge_id", "key", "value")
    ),
}
