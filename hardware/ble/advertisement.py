"""The two values of the air: a packet as heard, and the fields in it.

Pure: radios and captures make the first, the codec makes the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

AddressType = Literal["public", "random"]

# What stands for a strength that nobody measured: weaker than anything a radio can hear, so that no rule about
# being near can be taken in by it.
UNKNOWN_RSSI_DBM = -127


class Advertisement(msgspec.Struct, frozen=True, gc=False):
    """One packet heard on the air.

    `address` is six octets in lower-case hex with colons, most significant first. `rssi_dbm` is the received strength.
    `payload` is the advertising data: a row of AD structures (Core Specification 5.4, Vol 3 Part C, 11).
    `at` is in seconds since 1970: wall time from a radio or the simulated street, the recording's time from a replay
    (`Radio.clock` says which).
    """

    address: str
    address_type: AddressType
    rssi_dbm: int
    payload: bytes
    at: float


class AdvertisementData(msgspec.Struct, frozen=True, gc=False):
    """The fields of a payload, by the names that bleak gives them; shared between callers, so read-only.

    UUIDs are full 128-bit lower-case strings. `flags` is the octet of the Flags structure, `tx_power` is in dBm.
    `frames` are the structures that look like beacons, as heard, in their order (see `hardware.ble.beacon`).
    """

    local_name: str | None
    service_uuids: tuple[str, ...]
    manufacturer_data: Mapping[int, bytes]
    service_data: Mapping[str, bytes]
    tx_power: int | None
    flags: int | None
    frames: tuple[bytes, ...] = ()
