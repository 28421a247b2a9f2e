"""Approvers: whose word lets value move, and how a word of theirs is known.

A person's passphrase makes a pair of keys whenever it is typed in. Only the public half is kept, so
that whoever reads the file can check what was signed and sign nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.access import ALLOWS, Permission
from one_mcp.clock import DAY_MS
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work

_ROLES = {role.value for role, allowed in ALLOWS.items() if Permission.ADMIN in allowed}
Verify = Callable[[str, str, bytes], bool]  # a public key, a signature, what was signed


@dataclass(frozen=True, slots=True)
class Approver:
    """A person with a passphrase; `public_key` and `salt` are hexadecimal."""

    person: str
    public_key: str
    salt: str
    valid_from: int


def read(work: Work, person: str) -> Approver | None:
    """Return a person's public key, if there is one."""
    row = work.one(
        """
        SELECT person_id, public_key, salt, valid_from
        FROM approvers
        WHERE organization_id = :organization
          AND person_id = :person
        """,
        person=person,
    )
    if row is None:
        return None
    return Approver(row["person_id"], row["public_key"], row["salt"], row["valid_from"])


def is_any(work: Work) -> bool:
    """Tell whether anybody here has a passphrase."""
    found = work.value(
        """
        SELECT 1
        FROM approvers
        WHERE organization_id = :organization
        LIMIT 1
        """
    )
    return found is not None


def has_key(work: Work, public_key: str) -> bool:
    """Tell whether a public key is that of anybody here."""
    found = work.value(
        """
        SELECT 1
        FROM approvers
        WHERE organization_id = :organization
          AND public_key = :public_key
        LIMIT 1
        """,
        public_key=public_key,
    )
    return found is not None


def keep(work: Work, public_key: str, salt: str, before: Approver | None, *, known: bool) -> int:
    """Keep the caller's public key, and return from when on it counts.

    At once where it is the first, or the passphrase before it was `known`; else a day later, so
    that somebody notices. Nothing happens where the key is not `before` any more.
    """
    work.principal.require(Permission.ADMIN)
    valid_from = work.now
    if before is not None:
        valid_from = max(work.now, before.valid_from) if known else work.now + DAY_MS
    work.run(
        """
        INSERT INTO approvers
            (organization_id, person_id, public_key, salt, valid_from, created_at)
        VALUES
            (:organization, :person, :public_key, :salt, :valid_from, :now)
        ON CONFLICT (organization_id, person_id) DO UPDATE
        SET public_key = excluded.public_key, salt = excluded.salt,
            valid_from = excluded.valid_from, created_at = excluded.created_at
        WHERE approvers.public_key = :before
        """,
        person=work.principal.person,
        public_key=public_key,
        salt=salt,
        valid_from=valid_from,
        now=work.now,
        before=before.public_key if before else "",
    )
    return valid_from


def statement(work: Work, act: str, person: str, at: int, about: JsonObject) -> bytes:
    """Write out what is signed: canonical JSON of who says what of what, where and when."""
    said: JsonObject = {
        "act": act,
        "organization": work.organization,
        "person": person,
        "at": at,
        "about": about,
    }
    return jsons.canonical(said)


@dataclass(frozen=True, slots=True)
class Notary:
    """Checks signatures. `pinned` is the only public key that counts, where one is set."""

    verify: Verify
    pinned: str | None = None

    def confirms(self, work: Work, person: str, signature: str, said: bytes) -> bool:
        """Tell whether a person who may has signed this."""
        approver = read(work, person)
        if approver is None or approver.valid_from > work.now or not _may_approve(work, person):
            return False
        if self.pinned is not None and approver.public_key != self.pinned:
            return False
        return self.verify(approver.public_key, signature, said)


def _may_approve(work: Work, person: str) -> bool:
    role = work.value(
        """
        SELECT role
        FROM people
        WHERE organization_id = :organization
          AND id = :person
        """,
        person=person,
    )
    return role in _ROLES
