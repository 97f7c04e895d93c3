"""Which page needs which right of the person who asks. Without it nothing happens, a page says so, and the record has a row.

Every address that changes something has its right here or by `needs` on its view; one that has neither is for owners alone, so
that nothing is open because nobody thought of it (`tests/contract/test_people_rights.py` names those).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from flask import g

from hub.roles import Right, Role, may
from hub.signing.standing import read_role

if TYPE_CHECKING:
    from hub.admin.office import Route
    from hub.store.base import Store

V = TypeVar("V", bound=Callable[..., object])
_MARK = "shopbell_need"


@dataclass(frozen=True, slots=True)
class Need:
    """The right that an address needs. Where one form does several things, `others` has the right for other values of
    its field `by`. `fresh`: whoever asks must have proved who they are a short while ago. `owner`: and be an
    owner."""

    right: Right
    by: str = ""
    others: Mapping[str, Right] = field(default_factory=dict)
    fresh: bool = False
    owner: bool = False

    def of(self, form: Mapping[str, str]) -> Right:
        """The right that this form needs."""
        return self.others.get(form.get(self.by, ""), self.right) if self.by else self.right

    def wants_proof(self, form: Mapping[str, str]) -> bool:
        """Whether this form is only taken from somebody who has just proved who they are."""
        return self.fresh or self.of(form) in DANGEROUS


DANGEROUS = frozenset({Right.ERASE, Right.API_KEYS})
"""What cannot be undone, or outlasts a session that somebody left open."""

OWN = Need(Right.READ)
"""One's own matters: password, sessions, keys. Whoever is logged in may."""

_PUBLISHES = {"publish": Right.CAMPAIGN_PUBLISH}

NEEDS: dict[str, Need] = {
    **dict.fromkeys(("logout", "password", "session_end", "again"), OWN),
    **dict.fromkeys(("create", "change"), Need(Right.CAMPAIGN_EDIT, "action", _PUBLISHES)),
    **dict.fromkeys(("preview", "copy"), Need(Right.CAMPAIGN_EDIT)),
    "new": Need(Right.CAMPAIGN_EDIT),
    "turn": Need(Right.CAMPAIGN_PUBLISH),
    **dict.fromkeys(
        ("coupon_reverse", "coupon_call_back", "recall_add", "recall_remove"), Need(Right.CAMPAIGN_PUBLISH)
    ),
    **dict.fromkeys(("key_policy", "key_codes", "key_end", "key_renew"), Need(Right.DEVICE)),
    **dict.fromkeys(("pair", "withdraw", "device_join", "tag_add", "tag_remove"), Need(Right.DEVICE)),
    **dict.fromkeys(("staff_add", "staff_change"), Need(Right.PEOPLE)),
    "shop_save": Need(Right.SHOP),
    "nowhere": Need(Right.READ),
}
"""By endpoint. A view that has `needs` says it itself, and that goes first. Pages are here that only lead to what few may do."""


def needs(
    right: Right, by: str = "", *, fresh: bool = False, owner: bool = False, **others: Right
) -> Callable[[V], V]:
    """Say at a view which right it needs. `by`: the field of its form that decides, `others`: the right for other values.

    `fresh`: for what is dangerous, only from somebody who has proved who they are a short while ago. `owner`: only from owners.
    """

    def mark(view: V) -> V:
        setattr(view, _MARK, Need(right, by, others, fresh, owner))
        return view

    return mark


def need_of(route: Route) -> Need | None:
    """What this address needs: as its view says, as the table says, for reading the right to read; None where nobody said."""
    said: Need | None = getattr(route.view, _MARK, None) or NEEDS.get(route.endpoint)
    if said is None and set(route.methods) <= {"GET", "HEAD"}:
        return Need(Right.READ)
    return said


def all_needs(routes: Iterable[Route]) -> dict[str, Need | None]:
    """What every address needs, by endpoint."""
    return {route.endpoint: need_of(route) for route in routes}


def lets(role: Role, need: Need | None, form: Mapping[str, str]) -> bool:
    """Whether somebody of this role may send this form there. Where nobody said what it needs, owners may."""
    if need is None or need.owner:
        return role is Role.OWNER
    return may(role, need.of(form))


def role_of(store: Store, manager: str) -> Role:
    """What a manager is in the office."""
    return read_role(store.persons.role(manager))


def own_role() -> Role:
    """The role of whoever sent the request that is being answered; the least where nobody is logged in."""
    role: Role = g.get("shopbell_role", Role.VIEWER)
    return role


def allowed(right: Right) -> bool:
    """Whether whoever sent this request has a right: for what a page offers, and for acts within one."""
    return "shopbell_role" in g and may(own_role(), right)
