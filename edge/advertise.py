"""What this door says on Bluetooth: the campaigns that run now, and what each wants on the air, as frames.

Pure: `edge.broadcasting` feeds it with the snapshot and with what it knows of this machine.

The shop's numbers on the air:

    iBeacon         the shop's UUID, major = shop, minor = campaign                          (16 bits each)
    AltBeacon       the same as id1, id2, id3
    Eddystone UID   the UUID's first ten octets, then shop (2 octets) and campaign (4 octets)
    Eddystone URL   the campaign's link
    Eddystone TLM   this machine: warmth, packets sent, time since it was switched on; no battery
    Eddystone EID   this door, by a name that only who holds its key can tell

What two campaigns want alike goes on the air once, as often as the one that wants it oftener.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from hardware.ble.beacon import (
    AltBeacon,
    Beacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
)
from hardware.ble.broadcast import AT_0M_DBM, AT_1M_DBM, NO_COMPANY, Frame, OnAir
from hardware.ble.codec import BadPayload
from hub.wire.snapshot import AirFrame, Campaign, Shop, Text


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What this door knows of itself.

    `powers_dbm`: what the adapter really sends at, by what it was asked for (None: its own). `eid`: this door's changing name,
    in hex, None where it has none.
    """

    uptime_s: float = 0.0
    packets_sent: int = 0
    temperature_c: float | None = None
    eid: str | None = None
    powers_dbm: Mapping[int | None, int] = {}


class Unsaid(msgspec.Struct, frozen=True):
    """A frame that a campaign wants and that cannot be: which, and why, in every language."""

    campaign: int
    type: AirFrame
    why: Text


class _Wish(msgspec.Struct):
    interval_ms: int
    power_dbm: int | None


_NO_UUID: Text = {
    "en": "The hub has not said yet which number this shop has on the air.",
    "zh": "店内主机尚未告知本店的信标编号。",
}
_NO_EID: Text = {
    "en": "This door has no key for a changing identity: its folder takes no file beacon.json, or the file is damaged.",
    "zh": "本门没有可变身份的密钥：文件夹无法写入 beacon.json，或该文件已损坏。",
}


def frames_on_air(
    shop: Shop | None, campaigns: Iterable[Campaign], now: float, machine: Machine
) -> tuple[list[Frame], list[Unsaid]]:
    """The frames for this moment (seconds of UTC) in a steady order, and what cannot be said."""
    wishes: dict[str, tuple[Callable[[int], Beacon], _Wish]] = {}
    unsaid: list[Unsaid] = []
    for campaign in sorted(campaigns, key=lambda one: one.number):
        air = campaign.air
        if shop is None or air is None or not _runs(campaign, now):
            continue
        for kind in air.frames:
            making = _making(kind, shop, campaign, machine)
            if isinstance(making, dict):
                unsaid.append(Unsaid(campaign.number, kind, making))
                continue
            key, make = making
            _, before = wishes.get(key, (make, None))
            wishes[key] = make, _merged(before, _Wish(air.interval_ms, air.power_dbm))
    frames = []
    for key, (make, wish) in wishes.items():
        real_dbm = machine.powers_dbm.get(wish.power_dbm, wish.power_dbm or 0)
        frames.append(Frame(key, make(real_dbm), wish.interval_ms, wish.power_dbm))
    return frames, unsaid


def _runs(campaign: Campaign, now: float) -> bool:
    """A campaign that was paused or ended early stays in the snapshot without any channel, for the coupons that are out."""
    return bool(campaign.channels) and campaign.starts_at <= now < campaign.ends_at


def _merged(before: _Wish | None, wish: _Wish) -> _Wish:
    """The oftener and the stronger; an adapter's own power counts as the strongest, which it usually is."""
    if before is None:
        return wish
    powers = (before.power_dbm, wish.power_dbm)
    strongest = None if None in powers else max(power for power in powers if power is not None)
    return _Wish(min(before.interval_ms, wish.interval_ms), strongest)


def _making(
    kind: AirFrame, shop: Shop, campaign: Campaign, machine: Machine
) -> tuple[str, Callable[[int], Beacon]] | Text:
    """The key of a frame and what makes its beacon, given the power in dBm at which it is sent; or why it cannot be."""
    if kind == "eddystone-url":
        return _url(campaign.air.url if campaign.air else "")
    if kind == "eddystone-tlm":
        count = machine.packets_sent & 0xFFFFFFFF
        state = EddystoneTlm(None, machine.temperature_c, count, machine.uptime_s)
        return kind, lambda _: state
    if kind == "eddystone-eid":
        name = machine.eid
        return _NO_EID if name is None else (kind, lambda dbm: EddystoneEid(name, _octet(AT_0M_DBM + dbm)))
    if shop.beacon_uuid is None:
        return _NO_UUID
    return _named(kind, shop.beacon_uuid, shop.number & 0xFFFF, campaign.number)


def _named(kind: AirFrame, uuid: str, shop: int, campaign: int) -> tuple[str, Callable[[int], Beacon]]:
    minor = campaign & 0xFFFF
    if kind == "ibeacon":
        return f"{kind}:{minor}", lambda dbm: IBeacon(uuid, shop, minor, _octet(AT_1M_DBM + dbm))
    if kind == "altbeacon":
        return f"{kind}:{minor}", lambda dbm: AltBeacon(
            uuid, shop, minor, _octet(AT_1M_DBM + dbm), NO_COMPANY, 0
        )
    namespace, instance = uuid.replace("-", "")[:20], f"{shop:04x}{campaign:08x}"
    return f"{kind}:{campaign}", lambda dbm: EddystoneUid(namespace, instance, _octet(AT_0M_DBM + dbm))


def _url(url: str) -> tuple[str, Callable[[int], Beacon]] | Text:
    try:
        EddystoneUrl(url, 0).encode()
    except BadPayload as wrong:
        return {
            "en": str(wrong),
            "zh": f"链接 {url} 无法用蓝牙发送：开头须为 http:// 或 https://，其后最多 17 个字节。",
        }
    return f"eddystone-url:{url}", lambda dbm: EddystoneUrl(url, _octet(AT_0M_DBM + dbm))


def _octet(dbm: int) -> int:
    """A power as it fits into its octet."""
    return min(max(dbm, -128), 127)


def wants_eid(campaigns: Iterable[Campaign], now: float) -> bool:
    """Whether a campaign that runs now wants this door's changing name on the air."""
    return any(
        one.air is not None and "eddystone-eid" in one.air.frames and _runs(one, now) for one in campaigns
    )


def powers_read(on_air: Iterable[OnAir]) -> dict[int | None, int]:
    """What the adapter really sends at, by what it was asked for."""
    return {one.asked_power_dbm: one.power_dbm for one in on_air if one.power_dbm is not None}


def packets_in(on_air: Iterable[OnAir], seconds: float) -> float:
    """About how many packets went out in this time. Nobody counts them; the intervals are known."""
    return sum(seconds * 1000 / one.interval_ms for one in on_air if one.interval_ms)


def beacon_device(setting: str, radios: Sequence[str]) -> str | None:
    """Which broadcaster to open: the one that is set, or the one that goes with the first radio; None for silence.

    A recording has no air of its own; an adapter that a raw radio has for itself (`:user`) is out of BlueZ's reach.
    """
    if setting:
        return None if setting == "off" else setting
    family, driver, adapter, *more = [*radios[0].split(":"), "", ""]
    if family != "ble":
        return None
    if driver == "sim":
        return "beacon:sim"
    if driver == "raw":
        return None if more[0] == "user" or not adapter else f"beacon:{adapter}"
    return f"beacon:{driver}" if driver.startswith("hci") else None
