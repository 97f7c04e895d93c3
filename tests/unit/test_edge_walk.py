"""Somebody walks in: how soon is it seen? On the simulated street, whose truth is known, beside a moving average."""

from __future__ import annotations

from collections import deque
from itertools import count
from statistics import quantiles

from edge.presence import ARRIVE_AFTER_S, PresenceTracker, near_enough
from edge.subjects import AddressBook
from edge.visits import ARRIVE_DBM, DEPART_DBM
from hardware.ble.gadgets import carried
from hardware.ble.street import Street

AVERAGED = 10
"""Packets in the moving average: fewer, and it takes a reflection for somebody."""


class Averaging:
    """What trackers do that smooth: near for long enough, by the mean of the last packets."""

    def __init__(self) -> None:
        self.heard: deque[int] = deque(maxlen=AVERAGED)
        self.near_at: float | None = None

    def arrives(self, rssi_dbm: int, at: float) -> bool:
        self.heard.append(rssi_dbm)
        mean = sum(self.heard) / len(self.heard)
        if mean >= DEPART_DBM and self.near_at is None:
            self.near_at = at
        return mean >= ARRIVE_DBM and self.near_at is not None and at - self.near_at >= ARRIVE_AFTER_S


def test_who_walks_in_is_a_visitor_sooner_than_by_a_moving_average() -> None:
    street = Street(5, busy=2.0)
    start = 1_790_000_000.0 // 3600 * 3600
    entered: dict[str, float] = {}
    for walk in street.plan.hour(int(start // 3600)):
        if walk.entered_at is not None and walk.left_at is not None and walk.left_at - walk.entered_at > 120:
            for gadget in carried(street.plan.seed, walk.who):
                gadget.refresh(walk.entered_at)
                entered[gadget.address] = walk.entered_at
    numbers = count()
    book = AddressBook(b"salt")
    tracker = PresenceTracker(book, ("door",), lambda: next(numbers))
    ours: dict[str, float] = {}
    theirs: dict[str, float] = {}
    averages = {address: Averaging() for address in entered}
    for packet in street.run(start, start + 3600):
        # For so long nobody changes an address but by chance.
        if packet.address not in entered or packet.at > entered[packet.address] + 240:
            continue
        late_s = packet.at - entered[packet.address]
        near = near_enough([packet])
        if tracker.feed_all(book.rows_of(near), near):
            ours.setdefault(packet.address, late_s)
        if averages[packet.address].arrives(packet.rssi_dbm, packet.at):
            theirs.setdefault(packet.address, late_s)
    seen, averaged = quantiles(ours.values(), n=10), quantiles(theirs.values(), n=10)
    assert len(entered) > 50
    assert len(ours) > 0.9 * len(entered)
    assert len(ours) >= len(theirs)
    # Twenty seconds are asked of everybody (ARRIVE_AFTER_S); half are visitors 25 s after the doorstep, eight in ten 45 s.
    assert seen[4] < 25
    assert seen[7] < 45
    assert seen[4] < averaged[4]
    assert seen[7] < averaged[7] - 5
