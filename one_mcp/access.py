"""Who asks, for which organization, and what that allows."""

from dataclasses import dataclass
from enum import StrEnum

from one_mcp.errors import ForbiddenError


class Permission(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Role(StrEnum):
    PLATFORM_OWNER = "platform_owner"
    ORG_OWNER = "org_owner"
    ORG_USER = "org_user"
    CUSTOMER = "customer"


ALLOWS: dict[Role, frozenset[Permission]] = {
    Role.PLATFORM_OWNER: frozenset(Permission),
    Role.ORG_OWNER: frozenset(Permission),
    Role.ORG_USER: frozenset({Permission.READ, Permission.WRITE}),
    Role.CUSTOMER: frozenset({Permission.READ}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The one form in which every transport says who is calling (D-42)."""

    organization: str
    person: str
    name: str
    role: Role
    scopes: frozenset[Permission] = frozenset(Permission)

    def may(self, permission: Permission) -> bool:
        return permission in self.scopes and permission in ALLOWS[self.role]

    def require(self, permission: Permission) -> None:
        """Raise ForbiddenError where role or scopes do not allow `permission`."""
        if not self.may(permission):
            raise ForbiddenError(
                f"Your role {self.role} may not {permission}; "
                "ask an owner of the organization to do this or to change your role.",
                needs=permission.value,
                role=self.role.value,
            )
