"""Webs of entities that tests walk on: named by letters or words, made in one change."""

from one_mcp.answers import Written
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.session import Session
from one_mcp.store.work import Work


async def weave(one: Session, *sentences: str) -> dict[str, str]:
    """Make what sentences such as "a owns b" say; returns the ids by name."""
    ids: dict[str, str] = {}

    def rule(work: Work) -> Written:
        for sentence in sentences:
            start, type, end = sentence.split()
            for name in (start, end):
                if name not in ids:
                    ids[name] = entity.create(work, "community", name).id
            connection.connect(work, ids[start], type, ids[end])
        return Written()

    await one.write(rule)
    return ids
