"""Subjects: the entities that an open operation needs; no change may take one of them away.

Whether one did is asked once, at the end of every change, so that no door has to think of it: a
tool, an import, a merge, an undo, or whatever somebody adds.
"""

from one_mcp.money_errors import OperationOpenError
from one_mcp.store.work import Work


def require_kept(work: Work) -> None:
    """Raise OperationOpenError where the open change took away what an operation needs.

    That is an entity that is archived or gone by now, or of another type.
    """
    taken = work.one(
        """
        SELECT operation_subjects.operation_id AS operation, operation_subjects.entity_id AS entity
        FROM operation_subjects
        CROSS JOIN change_rows
        LEFT JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = operation_subjects.entity_id
        WHERE operation_subjects.organization_id = :organization
          AND change_rows.organization_id = :organization
          AND change_rows.row_id = operation_subjects.entity_id
          AND change_rows.change = :change
          AND change_rows.kind = 'entity'
          AND (
              entities.id IS NULL
              OR entities.deleted_at IS NOT NULL
              OR change_rows.before ->> 'type' IS NOT NULL
          )
        ORDER BY operation_subjects.operation_id
        LIMIT 1
        """,
        change=work.change,
    )
    if taken is not None:
        raise OperationOpenError(
            f"{taken['operation']} has not ended and needs {taken['entity']}, which so cannot be "
            "archived, purged, merged, converted or taken back now; "
            f'get_operation(id="{taken["operation"]}") shows how far it is.',
            operation=taken["operation"],
            entity=taken["entity"],
        )
