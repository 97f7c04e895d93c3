"""A plan for the radio where one chip is access point and scanner: how much to listen, and on which Wi-Fi channel to serve.

Pure: `hardware.ble.chip` finds out what the machine has, `edge.radio_plan` prints and measures.

A chip with one antenna does one thing at a time: while it listens for phones it serves no Wi-Fi, and the other way round.

Sources: Core Specification 5.4, Vol 6 Part A, 2 and Part B, 1.4.1 (advertising channels 37, 38, 39 at 2402, 2426 and 2480 MHz,
2 MHz wide); IEEE 802.11-2020, 15.4.4.3 (channel n at 2407 + 5 n MHz, 20 MHz wide).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

ADVERTISING_MHZ = {37: 2402, 38: 2426, 39: 2480}
_BLE_HALF_MHZ, _WIFI_HALF_MHZ = 1, 10
WIFI_CHANNELS = range(1, 14)
CLEAR_CHANNEL = 11
"""Of 1, 6 and 11, which neighbours use so as not to disturb each other, the only one clear of all advertising channels."""

SLICE_S = 10.0
"""People present are counted in slices of so long (`edge.occupancy`): whoever is not heard in one is not counted in it."""

LOSS = 0.3
"""Of a phone's packets a radio in a busy room misses about so many: collisions, bodies, the other channels. With none every plan
looks good; with a half none does."""

INTERVALS_S = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Between packets of a phone: from one that wants to be found to one that sleeps."""

DUTIES = (1.0, 0.5, 0.25)
SHARED_DUTY = 0.5
"""Where the chip is shared. A quarter leaves Wi-Fi more and still hears quick phones, but slow ones only every second time; three
quarters leaves Wi-Fi too little for a page that opens at once."""


class Wlan(NamedTuple):
    """A Wi-Fi interface: how it is attached, its channel, whether it is an access point; None where that is not known."""

    name: str
    bus: str
    channel: int | None = None
    is_access_point: bool | None = None


class Chip(NamedTuple):
    """What the machine has: its model, where the Bluetooth adapter sits ("usb", "board", "unknown"), its Wi-Fi interfaces."""

    model: str
    adapter: str
    place: str
    wlans: tuple[Wlan, ...] = ()


def disturbed(channel: int) -> list[int]:
    """The advertising channels that a Wi-Fi channel of 20 MHz overlaps, if only at its edge."""
    centre = 2407 + 5 * channel
    return [
        number for number, at in ADVERTISING_MHZ.items() if abs(at - centre) <= _WIFI_HALF_MHZ + _BLE_HALF_MHZ
    ]


def sharing(chip: Chip) -> Wlan | None:
    """The Wi-Fi interface on the same chip as the adapter, as far as can be told; None where there is none.

    A Raspberry Pi's own radio is one chip with two buses: Wi-Fi on SDIO, Bluetooth on a serial line.
    """
    if not chip.model.startswith("Raspberry Pi") or chip.place != "board":
        return None
    return next((wlan for wlan in chip.wlans if wlan.bus == "sdio"), None)


def advice(chip: Chip) -> list[str]:
    """What to do, in sentences; the first says what was found."""
    wlan = sharing(chip)
    said = []
    if wlan is None:
        said.append(f"{chip.adapter} is not known to share its chip with Wi-Fi: let it listen all the time.")
    elif wlan.is_access_point:
        said.append(
            f"{chip.adapter} and the access point {wlan.name} are one chip with one antenna: let it listen half of the time, "
            f"EDGE_RADIO=ble:{chip.adapter}:duty={SHARED_DUTY:g}, or plug in a USB adapter and let that listen all the time."
        )
    elif wlan.is_access_point is None:
        said.append(
            f"{chip.adapter} and {wlan.name} are one chip with one antenna. If {wlan.name} is an access point (that could not be "
            f"found out), let it listen half of the time: EDGE_RADIO=ble:{chip.adapter}:duty={SHARED_DUTY:g}."
        )
    else:
        said.append(
            f"{chip.adapter} and {wlan.name} are one chip, but {wlan.name} is no access point: let it listen all the time."
        )
    said += [
        f"{one.name} is on Wi-Fi channel {one.channel}, which disturbs Bluetooth's channel "
        f"{' and '.join(map(str, disturbed(one.channel)))}. Channel {CLEAR_CHANNEL} disturbs none."
        for one in chip.wlans
        if one.channel is not None and one.channel in WIFI_CHANNELS and disturbed(one.channel)
    ]
    return said


def hearing_chance(interval_s: float, on_s: float, off_s: float, loss: float = LOSS) -> float:
    """The chance (0 to 1) to hear a phone in a slice of SLICE_S at least once, over every way in which its pace and ours meet.

    It sends every `interval_s` seconds; we listen `on_s` and rest `off_s` in turns; of what we could hear, `loss` is lost.
    """
    steps, period_s = 40, on_s + off_s
    total = 0.0
    for turn in range(steps):
        begin = period_s * turn / steps
        for phase in range(steps):
            first = begin + interval_s * phase / steps
            sent = range(int((begin + SLICE_S - first) / interval_s) + 1)
            heard = sum((first + number * interval_s) % period_s < on_s for number in sent)
            total += 1 - loss**heard
    return total / steps**2


def still_heard(packets: Sequence[tuple[str, float]], on_s: float, off_s: float) -> float:
    """Of everybody heard in each slice when always listening, the share that is heard with rests; of (who, when) in order."""
    if not packets:
        return 0.0
    begin, period_s, starts = packets[0][1], on_s + off_s, 8
    everybody: set[tuple[str, int]] = set()
    heard: set[tuple[str, int, int]] = set()
    for who, at in packets:
        number = int((at - begin) / SLICE_S)
        everybody.add((who, number))
        for start in range(starts):
            if (at - begin + period_s * start / starts) % period_s < on_s:
                heard.add((who, number, start))
    return len(heard) / (starts * len(everybody))
