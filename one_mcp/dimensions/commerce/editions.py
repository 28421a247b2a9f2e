"""Editions: NFTs that are sold as they are minted, each number once (D-85).

An nft is one of a kind, or a series where it has a `maxSupply`. Its edition and its number in the
contract are taken in the transaction that begins the sale, so that of two buyers one is refused
before anything is charged.
"""

import base64

from one_mcp import jsons
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import SoldOutError
from one_mcp.store.work import Row, Work

NFT = "nft"
ERC721 = "ERC721"
LONGEST_URI = 2_000  # characters that go onto the chain with every mint
_SHOWN = ("description", "image", "attributes")  # of the metadata that marketplaces read


def sale(work: Work, sold: Row, properties: JsonObject, *, simulated: bool) -> JsonObject:
    """Say what the sale of an nft has beside any other; raises SoldOutError where none is left."""
    _require_unminted(work, sold, properties)
    most = _most(properties)
    _require_left(work, sold, most, simulated=simulated)
    _uri(sold["name"], properties, 0)
    return {"standard": ERC721, "maxSupply": most}


def contract(work: Work, row: Row, properties: JsonObject) -> str | None:
    """Find the contract of an nft: its own, else that of the collection that it is part of."""
    own = properties.get("contractAddress")
    if own:
        return str(own)
    return work.value(
        """
        SELECT collections.properties ->> 'contractAddress'
        FROM connections
        JOIN entities AS collections
          ON collections.organization_id = :organization
         AND collections.id = connections.to_id
        WHERE connections.organization_id = :organization
          AND connections.from_id = :id
          AND connections.type = 'part_of'
          AND connections.deleted_at IS NULL
          AND collections.type IN ('nft', 'token_contract')
          AND collections.deleted_at IS NULL
          AND collections.properties ->> 'contractAddress' IS NOT NULL
        ORDER BY connections.id
        LIMIT 1
        """,
        id=row["id"],
    )


def taken(work: Work, sold: Row, body: JsonObject) -> JsonObject:
    """Say which edition and number a sale that begins now has, and what is written on them."""
    simulated, most = bool(body["simulated"]), int(str(body["maxSupply"]))
    _require_left(work, sold, most, simulated=simulated)
    number = work.value(
        """
        SELECT coalesce(max(token_id), 0) + 1
        FROM nft_mints
        WHERE organization_id = :organization
          AND contract = :contract
        """,
        contract=str(body["contract"]).lower(),
    )
    edition = _next_edition(work, sold["id"], simulated=simulated)
    name = sold["name"] if most == 1 else _name(sold["name"], edition)
    uri = _uri(name, jsons.load_object(sold["properties"]), number)
    return {"tokenId": str(number), "edition": edition, "metadataUri": uri}


def take(work: Work, at: Operation) -> None:
    """Take edition and number for an operation; constraints hold that nobody else has them."""
    work.run(
        """
        INSERT INTO nft_mints
            (organization_id, operation_id, item_id, simulated, edition, contract, token_id)
        VALUES
            (:organization, :operation, :item, :simulated, :edition, :contract, :number)
        """,
        operation=at.id,
        item=at.body["item"],
        simulated=int(at.simulated),
        edition=at.body["edition"],
        contract=str(at.body["contract"]).lower(),
        number=int(str(at.body["tokenId"])),
    )


def free(work: Work, operation: str) -> None:
    """Let an edition be sold again, by another number: its own came to nothing or was burned."""
    work.run(
        """
        UPDATE nft_mints
        SET edition = NULL
        WHERE organization_id = :organization
          AND operation_id = :operation
        """,
        operation=operation,
    )


def record(work: Work, at: Operation) -> str:
    """Write down an nft that is minted, and return its entity: its own, or one of the series."""
    body = at.body
    about: JsonObject = {
        name: body[name] for name in ("blockchain", "standard", "tokenId", "metadataUri")
    }
    about["contractAddress"] = body["contract"]
    nft = str(body["item"])
    if body["maxSupply"] == 1:
        entity.update(work, nft, about)
    else:
        nft = _numbered(work, at, about)
    work.run(
        """
        UPDATE nft_mints
        SET nft_id = :nft
        WHERE organization_id = :organization
          AND operation_id = :operation
        """,
        nft=nft,
        operation=at.id,
    )
    return nft


def of(work: Work, id: str) -> list[str]:
    """List the entities that the ledger counts of an nft: those of a series, else itself."""
    rows = work.all(
        """
        SELECT DISTINCT nft_id
        FROM nft_mints
        WHERE organization_id = :organization
          AND item_id = :id
          AND nft_id IS NOT NULL
        ORDER BY nft_id
        """,
        id=id,
    )
    return [row["nft_id"] for row in rows] or [id]


def numbers(work: Work, id: str, *, simulated: bool) -> set[int]:
    """List the numbers in the contract that are of an nft, or of a series, and not given up."""
    rows = work.all(
        """
        SELECT token_id
        FROM nft_mints
        WHERE organization_id = :organization
          AND item_id = :id
          AND simulated = :simulated
          AND edition IS NOT NULL
        UNION
        SELECT token_id
        FROM nft_mints
        WHERE organization_id = :organization
          AND nft_id = :id
          AND simulated = :simulated
          AND edition IS NOT NULL
        """,
        id=id,
        simulated=int(simulated),
    )
    return {row["token_id"] for row in rows}


def _require_unminted(work: Work, sold: Row, properties: JsonObject) -> None:
    """Raise for one that exists already: what its holder has is not sold here again."""
    known = work.one(
        "SELECT 1 FROM nft_mints WHERE organization_id = :organization AND item_id = :id LIMIT 1",
        id=sold["id"],
    )
    if properties.get("tokenId") is not None and known is None:
        raise InvalidArgumentError(
            f"{sold['id']} ({sold['name'][:80]}) is minted already, as number "
            f"{properties['tokenId']}; a sale mints a new one, of what has no tokenId.",
            argument="item",
        )


def _require_left(work: Work, sold: Row, most: int, *, simulated: bool) -> None:
    """Raise where none is left; what was sold as one of a kind stays that, whatever is said now."""
    taken = work.one(
        """
        SELECT count(*) AS count, max(CASE WHEN nft_id = item_id THEN 1 ELSE 0 END) AS is_itself
        FROM nft_mints
        WHERE organization_id = :organization
          AND item_id = :id
          AND simulated = :simulated
          AND edition IS NOT NULL
        """,
        id=sold["id"],
        simulated=int(simulated),
    )
    assert taken is not None  # noqa: S101  # a count always has a row
    most = 1 if taken["is_itself"] else most
    if taken["count"] >= most:
        what = "is one of a kind" if most == 1 else f"is a series of {most}"
        raise SoldOutError(
            f"{sold['id']} ({sold['name'][:80]}) {what}, and none is left: each is sold, or about "
            "to be.",
            item=sold["id"],
            most=most,
        )


def _next_edition(work: Work, item: str, *, simulated: bool) -> int:
    """Return the smallest edition that nobody has."""
    rows = work.all(
        """
        SELECT edition
        FROM nft_mints
        WHERE organization_id = :organization
          AND item_id = :item
          AND simulated = :simulated
          AND edition IS NOT NULL
        ORDER BY edition
        """,
        item=item,
        simulated=int(simulated),
    )
    has = {row["edition"] for row in rows}
    return next(it for it in range(1, len(has) + 2) if it not in has)


def _numbered(work: Work, at: Operation, about: JsonObject) -> str:
    series = work.one(
        """
        SELECT name, properties
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=at.body["item"],
    )
    assert series is not None  # noqa: S101  # an open operation needs it
    shown = jsons.load_object(series["properties"])
    properties: JsonObject = {name: shown[name] for name in _SHOWN if name in shown}
    edition = int(str(at.body["edition"]))
    made = entity.create(
        work,
        NFT,
        _name(series["name"], edition),
        {**properties, **about, "edition": edition, **at.mark},
        external_id=at.id,
    )
    connection.connect(work, made.id, "part_of", str(at.body["item"]))
    return made.id


def _name(series: str, edition: int) -> str:
    return f"{series[:400]} #{edition}"


def _most(properties: JsonObject) -> int:
    most = properties.get("maxSupply")
    return most if isinstance(most, int) and most > 0 else 1


def _uri(name: str, properties: JsonObject, number: int) -> str:
    """Say where the metadata of a number is: at the item's `metadataUri`, else in the text itself.

    A `data:` address needs no server, and cannot change.
    """
    given = properties.get("metadataUri")
    if isinstance(given, str) and not given.startswith("data:"):
        return given.replace("{id}", str(number))
    shown = {key: properties[key] for key in _SHOWN if properties.get(key)}
    body = jsons.dumps({"name": name, **shown}).encode()
    uri = f"data:application/json;base64,{base64.b64encode(body).decode()}"
    if len(uri) > LONGEST_URI:
        raise InvalidArgumentError(
            f"Its name, description, image and attributes are too long to be minted with it "
            f"({len(uri)} characters of {LONGEST_URI}); publish them as JSON, and say where: "
            'metadataUri, in which {id} is the number: "https://…/{id}.json".',
            argument="item",
        )
    return uri
