"""Settings: what an organization calls itself, and in which money and days it counts."""

from zoneinfo import ZoneInfo

from one_mcp import jsons
from one_mcp.access import Permission, Role
from one_mcp.answers import Written
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import currencies
from one_mcp.store.work import Work

UTC = "UTC"
LONGEST_NAME = 500


class Settled(Written):
    """An organization's settings as they are now. Without a time zone, days are those of UTC."""

    id: str
    name: str
    owner: str | None = None
    currency: str | None = None
    time_zone: str
    changed: list[str] | None = None


def currency(work: Work) -> str | None:
    """Return the currency in which the organization counts, such as EUR, where it has said so."""
    found = _text(_properties(work), "currency")
    return found and found.upper()  # older files keep it in small letters


def time_zone(work: Work) -> str:
    """Return the time zone in which the organization's days begin; UTC where it has said none."""
    return _text(_properties(work), "timeZone") or UTC


def show(work: Work) -> Settled:
    """Show the settings."""
    owner, properties = _owner(work), _properties(work)
    return Settled(
        id=work.organization,
        name=work.value("SELECT name FROM organizations WHERE organization_id = :organization"),
        owner=owner and owner[1],
        currency=currency(work),
        time_zone=_text(properties, "timeZone") or UTC,
    )


def update(
    work: Work,
    *,
    name: str | None = None,
    owner: str | None = None,
    currency: str | None = None,
    time_zone: str | None = None,
) -> Settled:
    """Set what is given: the organization's name, its owner's name, its currency and time zone.

    Needs the admin permission. Raises InvalidArgumentError for what is no currency of ISO 4217 and
    no time zone of the IANA's.
    """
    work.principal.require(Permission.ADMIN)
    before = show(work)
    given: JsonObject = {
        "currency": None if currency is None else _currency(currency),
        "timeZone": None if time_zone is None else zone(time_zone),
    }
    after = {key: value for key, value in given.items() if value is not None}
    properties = {**_properties(work), **after}
    named = before.name if name is None else _named(name, "name")
    if named != before.name or properties != _properties(work):
        work.run(
            """
            UPDATE organizations
            SET name = :name, properties = :properties, updated_at = :now, version = :change
            WHERE organization_id = :organization
            """,
            name=named,
            properties=jsons.dumps(properties),
            now=work.now,
            change=work.change,
        )
    if owner is not None and owner != before.owner:
        _rename_owner(work, _named(owner, "owner"))
    now = show(work)
    names = ("name", "owner", "currency", "time_zone")
    changed = [name for name in names if getattr(now, name) != getattr(before, name)]
    return now.model_copy(update={"changed": changed or None})


def check(properties: JsonObject) -> None:
    """Refuse a currency or a time zone that is none, among an organization's properties."""
    for key, fits in (("currency", _currency), ("timeZone", zone)):
        value = properties.get(key)
        if isinstance(value, str):
            fits(value)


def _rename_owner(work: Work, name: str) -> None:
    owner = _owner(work)
    if owner is None:
        raise NotFoundError("The organization has no owner whose name could be set.")
    work.run(
        """
        UPDATE people
        SET name = :name, updated_at = :now, version = :change
        WHERE organization_id = :organization
          AND id = :id
        """,
        name=name,
        id=owner[0],
        now=work.now,
        change=work.change,
    )


def _owner(work: Work) -> tuple[str, str] | None:
    """Return the id and the name of the owner, of several the first."""
    row = work.one(
        """
        SELECT id, name
        FROM people
        WHERE organization_id = :organization
          AND role = :role
        ORDER BY created_at, id
        LIMIT 1
        """,
        role=Role.ORG_OWNER.value,
    )
    return None if row is None else (row["id"], row["name"])


def _properties(work: Work) -> JsonObject:
    query = "SELECT properties FROM organizations WHERE organization_id = :organization"
    return jsons.load_object(work.value(query))


def _text(properties: JsonObject, name: str) -> str | None:
    value = properties.get(name)
    return value if isinstance(value, str) else None


def _named(name: str, argument: str) -> str:
    trimmed = name.strip()
    if not trimmed or len(trimmed) > LONGEST_NAME or not trimmed.isprintable():
        raise InvalidArgumentError(
            f"{argument} has 1 to {LONGEST_NAME} visible characters.", argument=argument
        )
    return trimmed


def _currency(code: str) -> str:
    kept = currencies.kept(code)
    if not isinstance(kept, str) or kept not in currencies.CODES:
        raise InvalidArgumentError(
            "currency is a code of ISO 4217, such as EUR or USD.", argument="currency"
        )
    return kept


def zone(name: str) -> str:
    """Read the name of a time zone. Raises InvalidArgumentError for what is none."""
    try:
        return ZoneInfo(name.strip()).key
    except (ValueError, OSError, KeyError):  # a folder of zones is an OSError
        raise InvalidArgumentError(
            "time_zone is a name of the IANA's list, such as Europe/Berlin or UTC.",
            argument="time_zone",
        ) from None
