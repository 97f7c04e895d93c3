"""What a payload says, worked out as slowly and plainly as possible: what the codec is compared with."""

from __future__ import annotations

from hardware.ble.advertisement import AdvertisementData
from hardware.ble.codec import BASE_UUID, BadPayload


def spelled_out(payload: bytes) -> AdvertisementData:
    """The same rules as the codec's, written down as slowly and plainly as possible."""
    structures: list[tuple[int, bytes]] = []
    rest = payload
    while rest and rest[0]:
        if len(rest) < 1 + rest[0]:
            raise BadPayload("past the end")
        structures.append((rest[1], rest[2 : 1 + rest[0]]))
        rest = rest[1 + rest[0] :]

    def uuid(octets: bytes) -> str:
        if len(octets) < 16:
            return octets[::-1].hex().rjust(8, "0") + BASE_UUID
        h = octets[::-1].hex()
        return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))

    whole = [v.decode("utf-8", "replace") for t, v in structures if t == 0x09 and v]
    short = [v.decode("utf-8", "replace") for t, v in structures if t == 0x08 and v]
    powers = [int.from_bytes(v, "big", signed=True) for t, v in structures if t == 0x0A and len(v) == 1]
    flags = [v[0] for t, v in structures if t == 0x01 and v]
    lists = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
    keyed = {0x16: 2, 0x20: 4, 0x21: 16}
    return AdvertisementData(
        local_name=whole[-1] if whole else short[0] if short else None,
        service_uuids=tuple(
            uuid(v[i : i + lists[t]])
            for t, v in structures
            if t in lists
            for i in range(0, len(v) // lists[t] * lists[t], lists[t])
        ),
        manufacturer_data={
            int.from_bytes(v[:2], "little"): v[2:] for t, v in structures if t == 0xFF and len(v) > 1
        },
        service_data={
            uuid(v[: keyed[t]]): v[keyed[t] :] for t, v in structures if t in keyed and len(v) >= keyed[t]
        },
        tx_power=powers[-1] if powers else None,
        flags=flags[-1] if flags else None,
        frames=tuple(
            bytes((t,)) + v
            for t, v in structures
            if (t == 0xFF and v[2:4] in (b"\x02\x15", b"\xbe\xac")) or (t == 0x16 and v[:2] == b"\xaa\xfe")
        ),
    )
