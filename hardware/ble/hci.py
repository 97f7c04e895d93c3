"""Advertising reports out of HCI events.

Pure: fed with packets by the capture readers.

Source: Core Specification 5.4, Vol 4 Part E: 5.4.4 (event packets), 7.7.65.2 (LE Advertising Report), 7.7.65.13
(LE Extended Advertising Report).
"""

from __future__ import annotations

from struct import Struct

from hardware.ble.advertisement import UNKNOWN_RSSI_DBM, AddressType, Advertisement
from hardware.ble.codec import BadPayload

H4_EVENT = 0x04
_LE_META = 0x3E
_LEGACY, _EXTENDED = 0x02, 0x0D
# Event type, address type, address, length of data.
_LEGACY_HEAD = Struct("<BB6sB")
# Event type, address type, address, three of radio, TX power, RSSI, interval, direct address and its type, length.
_EXTENDED_HEAD = Struct("<HB6s3xbb2x7xB")
_NO_RSSI = 127
_MORE_TO_COME = 0b01
# Pieces of one long advertisement follow each other at once; more half-finished ones than this are a broken sender.
_MOST_HALF_HEARD = 64
_ADDRESS_TYPES: dict[int, AddressType] = {0: "public", 1: "random", 2: "public", 3: "random"}


def address_text(octets: bytes) -> str:
    """An address as people write it, from six octets in the order of the air."""
    return octets[::-1].hex(":")


class HciReports:
    """Turns HCI events into advertisements, and joins the pieces of long extended ones."""

    def __init__(self) -> None:
        self._pieces: dict[bytes, bytes] = {}

    def feed(self, packet: bytes, at: float) -> list[Advertisement]:
        """The advertisements in one event packet (without its H4 octet); [] for any other event.

        Raises BadPayload when the event is shorter than it says.
        """
        if len(packet) < 3 or packet[0] != _LE_META:
            return []
        if len(packet) < 2 + packet[1]:
            raise BadPayload(f"The event says {packet[1]} octets, but {len(packet) - 2} are there.")
        body = packet[2 : 2 + packet[1]]
        if len(body) < 2 or body[0] not in (_LEGACY, _EXTENDED):
            return []
        return self._extended(body, at) if body[0] == _EXTENDED else _legacy(body, at)

    def _extended(self, body: bytes, at: float) -> list[Advertisement]:
        heard: list[Advertisement] = []
        place = 2
        for _ in range(body[1]):
            if place + _EXTENDED_HEAD.size > len(body):
                raise BadPayload("The extended advertising report ends in the middle of its head.")
            kind, who, address, _power, rssi, length = _EXTENDED_HEAD.unpack_from(body, place)
            place += _EXTENDED_HEAD.size
            payload = body[place : place + length]
            if len(payload) < length:
                raise BadPayload(f"The report says {length} octets of data, but {len(payload)} are there.")
            place += length
            key = bytes((who,)) + address
            payload = self._pieces.pop(key, b"") + payload
            if kind >> 5 & 0b11 == _MORE_TO_COME:
                if len(self._pieces) >= _MOST_HALF_HEARD:
                    self._pieces.clear()
                self._pieces[key] = payload
            elif who in _ADDRESS_TYPES:
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
        rssi = (body[place + length] ^ 0x80) - 0x80
        if who in _ADDRESS_TYPES:
            heard.append(_advertisement(who, address, rssi, body[place : place + length], at))
        place += length + 1
    return heard


def _advertisement(who: int, address: bytes, rssi: int, payload: bytes, at: float) -> Advertisement:
    strength = UNKNOWN_RSSI_DBM if rssi == _NO_RSSI else rssi
    return Advertisement(address_text(address), _ADDRESS_TYPES[who], strength, payload, at)
