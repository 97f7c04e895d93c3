"""Advertising reports out of HCI events.

Pure, but for a short memory that only speed depends on: fed with packets by the raw driver and the capture readers.

Source: Core Specification 5.4, Vol 4 Part E: 5.4.4 (event packets), 7.7.65.2 (LE Advertising Report), 7.7.65.13
(LE Extended Advertising Report). The air is whatever somebody sent: every length is checked before it is an index.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from hardware.ble.advertisement import UNKNOWN_RSSI_DBM, AddressType, Advertisement
from hardware.ble.codec import BadPayload

H4_EVENT = 0x04
LE_META = 0x3E
LEGACY, EXTENDED = 0x02, 0x0D
# Event type, address type, address, length of data.
_LEGACY_HEAD = Struct("<BB6sB")
# Event type, address type, address, both PHYs, set, TX power, RSSI, interval, direct address and its type, length.
_EXTENDED_HEAD = Struct("<HB6s2xBbb2x7xB")
# Where things stand in an event with a single report: the length of its data, its strength, where its data begins.
_LEGACY_LENGTH, _LEGACY_DATA = 12, 13
_EXTENDED_LENGTH, _EXTENDED_RSSI, _EXTENDED_DATA = 27, 17, 28
_NO_RSSI = 127
_MORE_TO_COME = 0b01
_ADDRESS_TYPES: dict[int, AddressType] = {0: "public", 1: "random", 2: "public", 3: "random"}
_STRENGTHS = tuple(UNKNOWN_RSSI_DBM if octet == _NO_RSSI else (octet ^ 0x80) - 0x80 for octet in range(256))

MOST_HALF_HEARD = 64
"""Pieces of one long advertisement follow each other at once; more half-finished ones than this are a broken sender."""

LONGEST_JOINED_OCTETS = 1650
"""The most that an advertisement can carry (Core Specification 5.4, Vol 4 Part E, 7.8.54); a longer one is broken."""

REMEMBERED_REPORTS = 2048
"""Different reports of a packed street in a minute; more only fill memory (about 1 MB). Fewer, and a crowd empties it."""

REMEMBERED_S = 60.0
"""A phone says the same for some minutes; what leads to it stays here a minute at most, far shorter than in `edge.subjects`."""


def address_text(octets: bytes) -> str:
    """An address as people write it, from six octets in the order of the air."""
    return octets[::-1].hex(":")


class HciReports:
    """Turns HCI events into advertisements, and joins the pieces of long extended ones.

    `broken` counts events that `feed_all` passed over because they are shorter than they say.
    """

    def __init__(self) -> None:
        self.broken = 0
        self._pieces: dict[bytes, bytes] = {}
        # An event without its strength -> what it says. The air repeats itself: only the strength is new.
        self._same: dict[bytes, tuple[str, AddressType, bytes]] = {}
        self._forget_at = 0.0

    def feed_all(self, packets: Iterable[bytes], at: float, before: int = 0) -> list[Advertisement]:
        """The advertisements in event packets that came together at `at` (seconds since 1970), in their order.

        `before` octets stand in front of each event (an H4 octet, a monitor's header). Never raises: events that are
        shorter than they say are counted in `broken`, other events say nothing.
        """
        if not self._forget_at - REMEMBERED_S <= at < self._forget_at:
            self._same.clear()
            self._forget_at = at + REMEMBERED_S
        same, strengths = self._same.get, _STRENGTHS
        heard: list[Advertisement] = []
        for packet in packets:
            # The strength is the last octet of an ordinary report, so that all before it is the same again and again.
            known = same(packet[:-1])
            if known is None:
                heard += self._learn(packet, at, before)
            else:
                address, kind, payload = known
                heard.append(Advertisement(address, kind, strengths[packet[-1]], payload, at))
        return heard

    def forget(self) -> None:
        """Let go of every address in memory; nothing but speed and half-heard pieces depend on it."""
        self._same.clear()
        self._pieces.clear()

    def feed(self, packet: bytes, at: float) -> list[Advertisement]:
        """The advertisements in one event packet (without its H4 octet); [] for any other event.

        Raises BadPayload when the event is shorter than it says.
        """
        if len(packet) < 3 or packet[0] != LE_META:
            return []
        if len(packet) < 2 + packet[1]:
            raise BadPayload(f"The event says {packet[1]} octets, but {len(packet) - 2} are there.")
        body = packet[2 : 2 + packet[1]]
        if len(body) < 2 or body[0] not in (LEGACY, EXTENDED):
            return []
        return self._extended(body, at) if body[0] == EXTENDED else _legacy(body, at)

    def _learn(self, packet: bytes, at: float, before: int) -> list[Advertisement]:
        """What a packet says that is not known but for its strength; remembered where it holds one whole report."""
        event = packet[before:]
        key = b""
        rssi_at = before + _EXTENDED_RSSI
        if len(event) >= _EXTENDED_DATA and event[2] == EXTENDED and not self._pieces:
            key = packet[:rssi_at] + packet[rssi_at + 1 :]
            known = self._same.get(key)
            if known is not None:
                address, kind, payload = known
                return [Advertisement(address, kind, _STRENGTHS[packet[rssi_at]], payload, at)]
        try:
            found = self.feed(event, at)
        except BadPayload:
            self.broken += 1
            return []
        if len(found) == 1 and event[3] == 1:
            if event[2] == LEGACY and len(event) == _LEGACY_DATA + event[_LEGACY_LENGTH] + 1:
                key = packet[:-1]
            elif not key or len(event) != _EXTENDED_DATA + event[_EXTENDED_LENGTH]:
                return found
            if len(self._same) >= REMEMBERED_REPORTS:
                self._same.clear()
            self._same[key] = (found[0].address, found[0].address_type, found[0].payload)
        return found

    def _extended(self, body: bytes, at: float) -> list[Advertisement]:
        heard: list[Advertisement] = []
        place = 2
        for _ in range(body[1]):
            if place + _EXTENDED_HEAD.size > len(body):
                raise BadPayload("The extended advertising report ends in the middle of its head.")
            kind, who, address, part_of, _power, rssi, length = _EXTENDED_HEAD.unpack_from(body, place)
            place += _EXTENDED_HEAD.size
            payload = body[place : place + length]
            if len(payload) < length:
                raise BadPayload(f"The report says {length} octets of data, but {len(payload)} are there.")
            place += length
            if self._pieces:
                payload = self._pieces.pop(bytes((who, part_of)) + address, b"") + payload
            if kind >> 5 & 0b11 == _MORE_TO_COME:
                if len(self._pieces) >= MOST_HALF_HEARD:
                    self._pieces.clear()
                if len(payload) <= LONGEST_JOINED_OCTETS:
                    self._pieces[bytes((who, part_of)) + address] = payload
            elif who in _ADDRESS_TYPES and len(payload) <= LONGEST_JOINED_OCTETS:
                heard.append(_advertisement(who, address, rssi, payload, at))
        return heard


def _legacy(body: bytes, at: float) -> list[Advertisement]:
    heard: list[Advertisement] = []
    place = 2
    for _ in range(body[1]):
        if place + _LEGACY_HEAD.size > len(body):
            raise BadPayload("The advertising report ends in the middle of its head.")
        _kind, who, address, length = _LEGACY_HEAD.unpack_from(body, place)
        place += _LEGACY_HEAD.size
        if place + length + 1 > len(body):
            raise BadPayload(f"The report says {length} octets of data, but {len(body) - place} are left.")
        rssi = body[place + length]
        if who in _ADDRESS_TYPES:
            heard.append(_advertisement(who, address, rssi, body[place : place + length], at))
        place += length + 1
    return heard


def _advertisement(who: int, address: bytes, rssi: int, payload: bytes, at: float) -> Advertisement:
    return Advertisement(address_text(address), _ADDRESS_TYPES[who], _STRENGTHS[rssi & 0xFF], payload, at)
