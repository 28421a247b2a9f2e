"""Choice: which changes a history tells of: made when, by whom, with which tool."""

from dataclasses import dataclass, field

from one_mcp.jsons import JsonValue


@dataclass(frozen=True, slots=True)
class Choice:
    """Conditions on rows of the change log, and the parameters that they bind."""

    conditions: list[str] = field(default_factory=list[str])
    parameters: dict[str, object] = field(default_factory=dict[str, object])

    def among(self, number: str) -> str:
        """Say in SQL, after an AND of its own, that the change of a number is among the chosen."""
        if not self.conditions:
            return ""
        return (
            "AND EXISTS (SELECT 1 FROM change_log WHERE organization_id = :organization"
            f" AND number = {number} AND {' AND '.join(self.conditions)})"
        )

    def subject(self, id: str | None) -> JsonValue:
        """Return what a cursor belongs to."""
        return [id, *map(str, self.parameters.values())] if self.conditions else id


ALL = Choice()
