"""One address book for several doors: who is heard by two of them is one person.

Pure. `edge.neighbours` carries names from door to door, `edge.door` uses this book where there are neighbours.

A door that listens for another (an *ear*) tells what each phone is called under the salt of the door that counts (the *main*
door); an address never leaves the node that heard it. In a batch of the main door's a neighbour's packet has such a *name* in
place of an address: `=`, a rank and 16 hexadecimal digits for a pseudonym, `=known ` and the opaque id for somebody who is
enrolled. When the salt is renewed, the ear tells which name has become which; a phone that only an ear has heard keeps its row
that way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from edge.subjects import EXAMINED_PACKETS, KNOWN, NOBODY, AddressBook, Rank, Subject, SubjectBook
from hardware.ble.advertisement import Advertisement

MARK = "="
"""No address begins with it."""

_ENROLLED = MARK + KNOWN


def name_of(subject: Subject, known: str = "") -> str:
    """Somebody's name as it stands in place of an address."""
    return _ENROLLED + known if known else f"{MARK}{subject.rank:d}{subject.id:016x}"


class SharedBook(AddressBook):
    """An address book that also takes names of neighbours. `turn` counts the salts, so that both sides mean the same."""

    __slots__ = ("_of_before", "_row_of_id", "turn")

    def __init__(self, salt: bytes, tags: Iterable[str] = ()) -> None:
        super().__init__(salt, tags)
        self.turn = 0
        self._row_of_id: dict[int, int] = {}
        self._of_before: dict[int, int] = {}

    @property
    def salt(self) -> bytes:
        """The salt in force: for ears of this very shop, over a line that nobody else can read."""
        return self._salt

    def renew(self, salt: bytes) -> None:
        """As ever; whom only an ear has heard gets a new name when that ear tells it (`renamed`)."""
        here = {row for address, row in self._row_of.items() if not address.startswith(MARK)} | set(
            self._name_of
        )
        self._of_before = {name: row for name, row in self._row_of_id.items() if row not in here}
        for address in [address for address in self._row_of if address.startswith(MARK)]:
            del self._row_of[address]
        super().renew(salt)
        self.turn += 1
        self._row_of_id = {self.ids[row]: row for row in here}

    def renamed(self, pairs: Iterable[tuple[int, int]]) -> None:
        """What an ear says of names under the salt before: the old one, the new one. What nobody had is passed over."""
        for old, new in pairs:
            row = self._of_before.pop(old, None)
            if row is not None and new not in self._row_of_id:
                self.ids[row] = new
                self._row_of_id[new] = row

    def forget(self, gone: Collection[int]) -> None:
        """These have gone, under every name."""
        if gone:
            self._row_of_id = {name: row for name, row in self._row_of_id.items() if row not in gone}
            self._of_before = {name: row for name, row in self._of_before.items() if row not in gone}
        super().forget(gone)

    def _meet(self, packet: Advertisement) -> int:
        address = packet.address
        if address.startswith(_ENROLLED):
            return self._meet_known(packet, address.removeprefix(MARK))
        by_name = address.startswith(MARK)
        name = int.from_bytes(bytes.fromhex(address[2:])) if by_name else self._hash(address)
        row = self._row_of_id.get(name, NOBODY)
        if row != NOBODY:
            self._row_of[address] = row
            return row
        row = super()._meet(packet)
        if row != NOBODY:
            self.ids[row] = name
            self._row_of_id[name] = row
            if by_name:
                # The ear has looked into it.
                self.ranks[row] = Rank(int(address[1]))
                self._looked[row] = EXAMINED_PACKETS
        return row

    def _meet_known(self, packet: Advertisement, name: str) -> int:
        """Somebody whom the ear recognised, and whom we may recognise too."""
        row = self._row_named.get(name, NOBODY)
        if row != NOBODY:
            self._row_of[packet.address] = row
            return row
        if not self.may_be_known(name):
            return NOBODY
        row = super()._meet(packet)
        if row != NOBODY:
            self.ranks[row] = Rank.MEMBER
            self._looked[row] = EXAMINED_PACKETS
            self._call(row, name)
        return row

    def _call(self, row: int, name: str | None) -> None:
        before = self.ids[row]
        super()._call(row, name)
        if self.ids[row] != before:
            self._row_of_id.pop(before, None)
            self._row_of_id[self.ids[row]] = row


class EarBook(SubjectBook):
    """What an ear calls those whom it hears, under the main door's salt."""

    __slots__ = ()

    def named(self, packets: Sequence[Advertisement]) -> list[tuple[str, Advertisement]]:
        """The name of each sender beside what was heard; parts of the shop are left out."""
        told: list[tuple[str, Advertisement]] = []
        for packet, row in zip(packets, self.looked_into(packets), strict=True):
            if row != NOBODY and self.ranks[row] != Rank.BEACON:
                told.append((name_of(self.subject(row), self.known(row)), packet))
        return told

    def renewed(self, salt: bytes) -> list[tuple[int, int]]:
        """Put the main door's new salt in force; every pseudonym that has changed, old and new."""
        before = list(self.ids)
        self.renew(salt)
        return [(old, new) for old, new in zip(before, self.ids, strict=True) if old and old != new]
