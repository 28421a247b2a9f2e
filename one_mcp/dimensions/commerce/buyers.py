"""Buyers: the entity by which a person buys, made on first use and kept with the person."""

from one_mcp import jsons
from one_mcp.answers import Written
from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.organizations import people
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Row, Work

LINKS = ("creator", "audience_member")  # properties of a person, and the types they lead to


class OwnBuyer(Written):
    """The entity that a person buys by; `made` where it is new."""

    id: str
    made: bool


def own(work: Work) -> OwnBuyer:
    """Return the entity of the caller, which is made, or found by its e-mail, on first use."""
    person = people.find(work, work.principal.person)
    if person is None:
        raise InvalidArgumentError(
            "Nobody here is known by your name; name the buyer: a creator or an audience_member.",
            argument="buyer",
        )
    properties = jsons.load_object(person["properties"])
    for name in LINKS:
        linked = properties.get(name)
        if isinstance(linked, str) and (found := _live(work, linked)):
            return OwnBuyer(id=found, made=False)
    found = _by_address(work, person)
    id = found or _made(work, person)
    people.write(
        work,
        {
            **dict(person),
            "properties": jsons.dumps({**properties, "audience_member": id}),
            "updated_at": work.now,
        },
    )
    return OwnBuyer(id=id, made=found is None)


def _live(work: Work, id: str) -> str | None:
    try:
        return lookup.any_state(work, id, follow=True)["id"]
    except (InvalidArgumentError, NotFoundError):
        return None


def _by_address(work: Work, person: Row) -> str | None:
    if not person["email"]:
        return None
    return work.value(
        """
        SELECT id
        FROM entities
        WHERE organization_id = :organization
          AND type = 'audience_member'
          AND deleted_at IS NULL
          AND lower(properties ->> 'email') = lower(:email)
        ORDER BY seq
        LIMIT 1
        """,
        email=person["email"],
    )


def _made(work: Work, person: Row) -> str:
    about: JsonObject = {"email": person["email"]} if person["email"] else {}
    return entity.create(work, "audience_member", person["name"], about).id
