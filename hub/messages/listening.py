"""What channels give is kept here: messages by `heard`, reports by `reporting`. One for all channels of a shop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from hardware.modem.awaited import same_number
from hub.devices import hub_key
from hub.members.book import Book
from hub.members.people_key import people_key
from hub.messages.channel import ChannelName, Heard, HeardPart, Reported
from hub.messages.heard import Ears, heard, key_mark
from hub.messages.parts import hear_part
from hub.messages.reporting import keep_report
from hub.messages.sealed import BadLetter, open_letter
from hub.store.base import Store
from hub.store.message_records import Kept
from hub.up.whereabouts import country_of
from hub.wire.events import ClockState
from hub.wire.identity import public_text

logger = logging.getLogger(__name__)


def ears_of(store: Store, folder: Path, clock: Callable[[], ClockState]) -> Ears:
    """What the hub of this folder hears with. StorageError where its keys cannot be read."""
    people = people_key(folder)
    shop = store.shop.get()
    country = country_of(shop.timezone) if shop is not None else None
    book = Book(store, people, public_text(hub_key(folder)))
    return Ears(store, book, people.secret, clock, country or "")


class Listening:
    """A `hub.messages.channel.Listener`. `wake` is told that something came that may need an answer; `now`: seconds of UTC."""

    def __init__(self, ears: Ears, now: Callable[[], float], wake: Callable[[], None] = lambda: None) -> None:
        self._ears = ears
        self._now = now
        self._wake = wake

    def heard(self, heard: Heard) -> None:
        """Keep a message; one whose key is there already is passed over. Raises StorageError: then it comes again."""
        understood = keep(self._ears, heard, self._now())
        if understood:
            self._wake()

    def heard_part(self, part: HeardPart) -> None:
        """Keep a part of a message; the same way. The last one makes it heard."""
        if hear_part(self._ears, part, self._now()):
            self._wake()

    def acknowledged(self, channel: ChannelName, key: str) -> None:
        """From now on this key is another message's."""
        self._ears.store.inbox.forget_key(key_mark(self._ears.key, channel, key))

    def reported(self, reported: Reported) -> None:
        """Keep a report; the same way."""
        keep_report(self._ears.store, reported, self._now(), self._ears.clock(), self._went_there)

    def _went_there(self, message: Kept, address: str) -> bool:
        """Whether a message went to this address. A network writes a number in several ways."""
        return same_number(address_of(self._ears, message), address)


def keep(ears: Ears, message: Heard, now: float) -> bool:
    """Keep a message; False where it was here before."""
    return not heard(ears, message, now).again


def address_of(ears: Ears, message: Kept) -> str:
    """Where a message of the outbox goes; "" where nobody knows any more."""
    if message.closed:
        try:
            number = open_letter(ears.key, message.id, message.closed).number
        except BadLetter:
            return ""
        if number:
            return number
    return ears.book.address(message.member, message.medium) or ""
