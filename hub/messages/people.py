"""Who reads, as a hub knows them: consent, addresses and names from the members, quiet hours and caps from the care of them."""

from __future__ import annotations

import msgspec

from hub.care.caps import count, room, uncount
from hub.care.rules import may_send_at
from hub.members.book import Book
from hub.members.consent import all_of, standing
from hub.members.fields import first_name
from hub.members.links import member_link
from hub.members.people_key import PeopleKey
from hub.messages.heard import stopped_at
from hub.messages.outbox import OWN_WISH
from hub.messages.pushed import open_push
from hub.store.base import Store
from hub.wire.events_messages import Why
from hub.wire.fact import Medium

SCREEN_IS_THERE: Medium = "screen"
"""What a screen shows when somebody comes by disturbs nobody at night; caps count it like the rest."""

NEVER_S = 7 * 86_400.0
"""Where quiet hours have no end, it is asked again so much later; the message is late before."""


class People:
    """`hub.messages.readers.Readers` for a shop. `base`: the address at which others reach the hub, such as
    https://shop.example; empty: links cannot be made."""

    def __init__(self, store: Store, key: PeopleKey, base: str) -> None:
        self._store = store
        self._key = key
        self._book = Book(store, key)
        self._base = base.rstrip("/")

    @property
    def base(self) -> str:
        """The address at which others reach the hub; empty where nobody has said."""
        return self._base

    def standing(self, member: str, medium: Medium, now: float) -> bool:
        """Whether they agreed to messages by this channel and have not taken it back, nor paused."""
        if not standing(self._store, member, "messages", medium, now):
            return False
        # Somebody at that address said stop before anybody had it: only a yes that is newer counts.
        address = self.address(member, medium) if medium in ("sms", "mail") else None
        stopped = stopped_at(self._store, self._key.secret, address) if address else None
        if stopped is None:
            return True
        yes = all_of(self._store, member).given.get(("messages", medium))
        return yes is not None and yes.at > stopped

    def gone(self, member: str) -> bool:
        """Whether they asked to be forgotten."""
        return self._store.forgetting.any_asked(self._store.register.group(member))

    def address(self, member: str, medium: Medium) -> str | None:
        """Where they are reached; None where nobody knows."""
        if medium == "screen":
            return member
        if medium == "push":
            rows = self._store.mailings.push_of(member)
            found = [open_push(self._key.secret, row) for row in rows]
            return (
                msgspec.json.encode([one for one in found if one is not None]).decode()
                if any(found)
                else None
            )
        return self._book.address(member, medium)

    def name(self, member: str) -> str:
        """What they are called; "" where nobody knows."""
        return first_name(self._book.fields(member).name)

    def language(self, member: str) -> str:
        """The language that they read; "" where nobody knows."""
        return self._book.language(member)

    def page(self, member: str, now: float) -> str:
        """The whole address of their own page."""
        return self._base + member_link(self._key.secret, member, "page", now) if self._base else ""

    def stop(self, member: str, now: float) -> str:
        """A whole address that ends messages in one step."""
        return self._base + member_link(self._key.secret, member, "leave", now) if self._base else ""

    def moment(self, member: str, medium: Medium, why: Why, now: float) -> float:
        """When such a message may go: `now`, or a later time."""
        if why not in OWN_WISH:
            return now
        free = room(self._store, member, now)
        at = now if free.free else free.at
        if medium == SCREEN_IS_THERE:
            return at
        quiet_over = may_send_at(self._store, at)
        return now + NEVER_S if quiet_over is None else quiet_over

    def counted(self, member: str, message: str, why: Why, now: float) -> None:
        """A message is about to leave: caps count it."""
        if why in OWN_WISH:
            count(self._store, member, message, now)

    def uncounted(self, member: str, message: str) -> None:
        """It did not leave after all."""
        uncount(self._store, member, message)
