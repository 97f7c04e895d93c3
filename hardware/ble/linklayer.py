"""Advertisements out of packets as a sniffer hears them.

Pure: fed by the capture readers.

Sources: Core Specification 5.4, Vol 6 Part B: 2.1 (packet), 2.3 (advertising PDUs), 2.3.4 (extended ones), 3.1.1 (CRC);
the link types LINKTYPE_BLUETOOTH_LE_LL and _WITH_PHDR of tcpdump.org; the header of Nordic's nRF Sniffer, versions 1
to 3, as its manual gives it.

A packet that is no advertisement answers with the reason (a short word) for which it is passed over.
"""

from __future__ import annotations

from struct import Struct
from typing import Literal

from hardware.ble.advertisement import UNKNOWN_RSSI_DBM, Advertisement
from hardware.ble.hci import address_text

Reason = Literal["bad_crc", "not_advertising", "no_address", "cut_short", "other_packet"]

ADVERTISING_ACCESS = bytes.fromhex("d6be898e")
_ADV_IND, _ADV_NONCONN, _SCAN_RSP, _ADV_SCAN, _ADV_EXT = 0, 2, 4, 6, 7
_WITH_ADDRESS_FIRST = frozenset((_ADV_IND, _ADV_NONCONN, _SCAN_RSP, _ADV_SCAN))
_CRC_OCTETS = 3

_PHDR = Struct("<BbbB4sH")
_PHDR_SIGNAL_VALID, _PHDR_CRC_CHECKED, _PHDR_CRC_VALID = 0x0002, 0x0400, 0x0800
# Behind the board: two of length, version, counter, packet id; then header length, flags, channel, RSSI, event, time.
_NRF = Struct("<xHBHBBBBBHI")
_NRF_CRC_OK = 0x01
_NRF_ADVERTISING_PACKET = 0x06
# Version 3 tells advertising (2) from connection (6) packets by the id; earlier ones call all of them 6.
_NRF_PACKETS = {1: (6,), 2: (6,), 3: (2, 6)}


def from_nrf(packet: bytes, at: float) -> Advertisement | Reason:
    """A packet of the nRF Sniffer (link type 272), versions 1 to 3 of its header."""
    if len(packet) < _NRF.size:
        return "cut_short"
    _, version, _, kind, size, flags, _channel, rssi, _, _ = _NRF.unpack_from(packet)
    if kind not in _NRF_PACKETS.get(version, ()):
        return "other_packet"
    if not flags & _NRF_CRC_OK:
        return "bad_crc"
    # The header carries the strength without its sign.
    return _from_air(packet[_NRF.size - 10 + size :], -rssi, at)


def from_phdr(packet: bytes, at: float) -> Advertisement | Reason:
    """A packet with the pseudo-header of link type 256."""
    if len(packet) < _PHDR.size:
        return "cut_short"
    _channel, signal, _noise, _offences, _access, flags = _PHDR.unpack_from(packet)
    if flags & _PHDR_CRC_CHECKED and not flags & _PHDR_CRC_VALID:
        return "bad_crc"
    rssi = signal if flags & _PHDR_SIGNAL_VALID else UNKNOWN_RSSI_DBM
    if flags & _PHDR_CRC_CHECKED:
        return _from_air(packet[_PHDR.size :], rssi, at)
    return from_bare(packet[_PHDR.size :], at, rssi)


def from_bare(packet: bytes, at: float, rssi_dbm: int = UNKNOWN_RSSI_DBM) -> Advertisement | Reason:
    """A packet of link type 251: nobody has checked its CRC, so it is done here."""
    if len(packet) < 9 or len(packet) < 6 + packet[5] + _CRC_OCTETS:
        return "cut_short"
    end = 6 + packet[5]
    if packet.startswith(ADVERTISING_ACCESS) and crc24(packet[4:end]) != packet[end : end + _CRC_OCTETS]:
        return "bad_crc"
    return _from_air(packet, rssi_dbm, at)


def crc24(pdu: bytes) -> bytes:
    """The CRC of an advertising PDU, in the order of the air (Vol 6 Part B, 3.1.1)."""
    # The register runs backwards, so that octets can be taken least significant bit first, as they are sent.
    register = 0xAAAAAA
    for octet in pdu:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0xDA6000 if register & 1 else 0)
    return register.to_bytes(3, "little")


def _from_air(packet: bytes, rssi_dbm: int, at: float) -> Advertisement | Reason:
    """Access address, header of two octets, payload; a CRC may follow."""
    if len(packet) < 6:
        return "cut_short"
    if not packet.startswith(ADVERTISING_ACCESS):
        return "not_advertising"
    header, length = packet[4], packet[5]
    body = packet[6 : 6 + length]
    if len(body) < length:
        return "cut_short"
    kind = header & 0x0F
    if kind == _ADV_EXT:
        address, payload = _extended(body)
    elif kind in _WITH_ADDRESS_FIRST:
        address, payload = body[:6], body[6:]
    else:
        return "not_advertising"
    if len(address) < 6:
        return "no_address"
    return Advertisement(
        address_text(address), "random" if header & 0x40 else "public", rssi_dbm, payload, at
    )


def _extended(body: bytes) -> tuple[bytes, bytes]:
    """Address and data of an extended advertising PDU (2.3.4); an empty address where it is not in this part."""
    head = body[0] & 0x3F if body else 0
    if head < 7 or len(body) < 1 + head or not body[1] & 0x01:
        return b"", b""
    return body[2:8], body[1 + head :]
