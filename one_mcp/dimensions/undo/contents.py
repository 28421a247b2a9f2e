"""Contents: what a change wrote, counted, so that an undo asks only what may matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from one_mcp.dimensions.undo import later_changes
from one_mcp.store.work import Row, Work

Act = Literal["made", "gone", "turned", "changed"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a change wrote, by kind and by what it did to the rows.

    `turned` is what it hid or showed; a row of which the log keeps all columns may be that, too.
    """

    groups: Sequence[Row]

    def has(self, kind: str, *acts: Act) -> bool:
        """Tell whether the change did any of this to rows of a kind."""
        return any(it["kind"] == kind and it["act"] in acts for it in self.groups)

    @property
    def rows(self) -> int:
        return sum(it["rows"] for it in self.groups)

    @property
    def purged(self) -> int:
        """How many rows a purge has emptied."""
        return sum(it["purged"] for it in self.groups)

    @property
    def purged_by(self) -> int:
        """The number of the newest change that purged any."""
        return max(it["purged_by"] or 0 for it in self.groups)

    @property
    def has_keys(self) -> bool:
        """Tell whether values come back that no two rows may share."""
        return any(it["keys"] for it in self.groups)

    @property
    def has_documents(self) -> bool:
        return any(it["kind"].startswith("knowledge") for it in self.groups)

    def subjects(self, kind: str) -> int:
        """Count the rows of a kind, each once, that no purge has emptied."""
        return sum(it["subjects"] for it in self.groups if it["kind"] == kind)


def read(work: Work, number: int) -> Contents:
    """Count what a change wrote."""
    return Contents(
        work.all(
            f"""
            SELECT
                kind, act, count(*) AS rows, max(purged_by) AS purged_by,
                count(*) FILTER (WHERE purged_by IS NOT NULL) AS purged,
                count(*) FILTER (WHERE purged_by IS NULL AND is_first) AS subjects,
                count(*) FILTER (WHERE has_key) AS keys
            FROM (
                SELECT
                    mine.kind,
                    mine.purged_by,
                    CASE
                        WHEN mine.before IS NULL THEN 'made'
                        WHEN mine.after IS NULL THEN 'gone'
                        WHEN mine.before -> 'deleted_at' IS NOT NULL THEN 'turned'
                        ELSE 'changed'
                    END AS act,
                    mine.before -> 'identity' IS NOT NULL
                        OR mine.before -> 'external_id' IS NOT NULL
                        OR mine.before -> 'source' IS NOT NULL
                        -- under its old type it may share a key with another one
                        OR mine.kind = 'entity' AND mine.before -> 'type' IS NOT NULL AS has_key,
                    {later_changes.FIRST_OF_ITS_ROW} AS is_first
                FROM change_rows AS mine
                WHERE mine.organization_id = :organization
                  AND mine.change = :number
            ) AS written
            GROUP BY kind, act
            """,
            number=number,
        )
    )
