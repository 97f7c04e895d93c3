"""What people of the office may do: four roles, and the rights that each of them has.

Pure. Rights are what pages, commands and API keys ask for; roles are what people are given. A right is asked for by name, so
that a new page cannot be open to somebody because nobody thought of them: what is not granted here is refused.
"""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """One kind of act. The names are also the scopes of API keys."""

    READ = "read"
    """See pages and figures."""
    CAMPAIGN_EDIT = "campaign_edit"
    """Draft and change offers that are not published."""
    CAMPAIGN_PUBLISH = "campaign_publish"
    """Let offers run, pause and end them; call coupons back, take redemptions back."""
    DEVICE = "device"
    """Pair, configure, withdraw devices; keys and tags."""
    PEOPLE = "people"
    """Staff and their PINs; invite and change managers, none above oneself."""
    SHOP = "shop"
    """What the shop is called, how it looks, where its hub belongs."""
    IMPORT_DATA = "import_data"
    EXPORT_DATA = "export_data"
    MEMBERS = "members"
    """See and change the personal fields of members, merge memberships."""
    ERASE = "erase"
    """Forget people for good."""
    API_KEYS = "api_keys"
    """Keys and web addresses by which other programs take part."""
    BACKUP = "backup"
    """Make, check and look after backups."""
    MESSAGES = "messages"
    """Write to members; an editor drafts what others send."""


class Role(StrEnum):
    """What somebody is in the office."""

    OWNER = "owner"
    MANAGER = "manager"
    EDITOR = "editor"
    VIEWER = "viewer"


_READS = frozenset({Right.READ})
_DRAFTS = _READS | {Right.CAMPAIGN_EDIT}
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.MANAGER: frozenset(Right) - {Right.ERASE, Right.API_KEYS},
    Role.EDITOR: _DRAFTS,
    Role.VIEWER: _READS,
}
"""Each role has every right of the one below it."""


def may(role: Role, right: Right) -> bool:
    """Whether somebody of this role may do that."""
    return right in RIGHTS[role]


def may_give(giver: Role, role: Role) -> bool:
    """Whether somebody may make or change a person of that role: nobody hands out, or takes, what they do not have."""
    return may(giver, Right.PEOPLE) and RIGHTS[role] <= RIGHTS[giver]


def roles_below(giver: Role) -> list[Role]:
    """The roles that somebody may give, the highest first."""
    return [role for role in Role if may_give(giver, role)]
