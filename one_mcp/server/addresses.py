"""URIs: what of the graph an address shows."""

from collections.abc import Collection
from urllib.parse import parse_qs, unquote, urlsplit

from one_mcp.dimensions.changes import EVERYTHING

SCHEME = "one"
ALIAS, CANONICAL = "one://things", "one://entities"  # D-03
NEVER_CHANGE = frozenset({"ontology", "guide", "types"})
ROW_PREFIXES = {"entities": "ent_", "connections": "con_", "events": "evt_", "organization": "org_"}


def canonical(uri: str) -> str:
    """Write an address with the word the server uses: entities, not things."""
    if uri == ALIAS or uri.startswith((f"{ALIAS}/", f"{ALIAS}?")):
        return CANONICAL + uri.removeprefix(ALIAS)
    return uri


def concerns(uri: str, touched: Collection[str]) -> bool:
    """Tell whether what an address shows may be another after a change that touched these rows.

    A graph may change through rows that lie further away, so any entity or connection concerns it.
    """
    if EVERYTHING in touched:
        return True
    parts = urlsplit(canonical(uri))
    kind = parts.netloc
    if parts.scheme != SCHEME or kind in NEVER_CHANGE:
        return False
    path = [unquote(part) for part in parts.path.split("/") if part]
    if kind == "entities" and path:
        near = path[1:] and path[1].startswith("graph")
        return path[0] in touched or (bool(near) and _any(touched, "ent_", "con_"))
    wanted = [values[-1] for name, values in parse_qs(parts.query).items() if name in FILTERS]
    return _any(touched, ROW_PREFIXES.get(kind, "\0")) and all(value in touched for value in wanted)


FILTERS = ("type", "from", "to", "actor", "target")


def _any(touched: Collection[str], *prefixes: str) -> bool:
    return any(id.startswith(prefixes) for id in touched)
