"""Radios of a door: how many are named, what waits between them and the door, and how soon one that was away is tried again."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from edge.config import read_config
from edge.scan import BATCH_PACKETS, LONGEST_AWAY_WAIT_S, Batches, Scanner
from hardware.ble.advertisement import Advertisement
from hardware.device import DeviceError, Reason
from hub.client.settings import SettingsError


def packets(count: int, at: float = 0.0) -> list[Advertisement]:
    return [Advertisement("5a:00:00:00:00:01", "random", -60, b"", at + number) for number in range(count)]


def test_several_radios_have_a_zone_each_or_one_for_all() -> None:
    config = read_config({"EDGE_RADIO": "ble:hci0; ble:raw:hci1:user", "EDGE_ZONE": "door;counter"})
    assert config.radios == ("ble:hci0", "ble:raw:hci1:user")
    assert config.zones == ("door", "counter")
    assert read_config({"EDGE_RADIO": "ble:hci0;ble:hci1", "EDGE_ZONE": "hall"}).zones == ("hall", "hall")
    assert read_config({}).zones == ("door",)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"EDGE_RADIO": "ble:hci0;ble:hci1", "EDGE_ZONE": "a;b;c"}, "EDGE_ZONE names 3 zones, but EDGE_RADIO names 2"),
        ({"EDGE_ZONE": "a;b"}, "EDGE_ZONE names 2 zones, but EDGE_RADIO names 1"),
        ({"EDGE_RADIO": "ble:hci0;ble:hci0"}, "EDGE_RADIO names a radio twice"),
        ({"EDGE_RADIO": "ble:hci0;"}, "must name a device"),
        ({"EDGE_RADIO": "ble:hci0;ble:hci1", "EDGE_ZONE": "a;"}, "must be a short name"),
        ({"EDGE_RADIO": "ble:sim;ble:replay:a.jsonl"}, "must all hear the present"),
        ({"EDGE_RADIO": "ble:sim;ble:sim:seed=2", "EDGE_SPEED": "10"}, "must all hear the present"),
    ],
)  # fmt: skip
def test_radios_and_zones_that_do_not_fit_are_a_mistake_in_the_settings(
    environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        read_config(environ)


def test_what_waits_is_bounded_by_packets_and_comes_out_in_its_order_with_its_receiver() -> None:
    batches = Batches(10)
    assert batches.put(0, packets(4)) == 0
    assert batches.put(1, packets(4, 100.0)) == 0
    assert batches.put(0, packets(5, 200.0)) == 3
    assert batches.put(0, packets(1, 300.0)) == 1
    assert [(number, [one.at for one in heard]) for number, heard in batches.waiting()] == [
        (0, [0.0, 1.0, 2.0, 3.0]),
        (1, [100.0, 101.0, 102.0, 103.0]),
        (0, [200.0, 201.0]),
    ]
    assert batches.put(0, packets(10)) == 0


def test_a_crowd_is_taken_in_portions_and_nothing_is_waited_for_where_nothing_comes() -> None:
    async def scenario() -> tuple[list[int], int]:
        batches = Batches()
        for number in range(8):
            batches.put(0, packets(100, 1000.0 * number))
        sizes = [sum(len(heard) for _, heard in await batches.get(0.1)) for _ in range(3)]
        return sizes, len(await batches.get(0.01))

    sizes, nothing = asyncio.run(scenario())
    assert sizes == [300, 300, 200]
    assert BATCH_PACKETS <= 300
    assert nothing == 0


def test_a_recording_waits_for_room() -> None:
    async def scenario() -> list[int]:
        batches = Batches(10)
        await batches.put_all(0, packets(8))
        waiting = asyncio.create_task(batches.put_all(0, packets(8)))
        await asyncio.sleep(0.01)
        sizes = [0 if waiting.done() else 1]
        for _ in range(2):
            sizes += [len(heard) for _, heard in await batches.get(1.0)]
        await waiting
        return sizes

    assert asyncio.run(scenario()) == [1, 8, 8]


class Away(Exception):
    """Ends the test's loop."""


@pytest.mark.parametrize(
    ("reason", "longest_s"), [(Reason.NOT_FOUND, LONGEST_AWAY_WAIT_S), (Reason.BROKEN, 60.0)]
)
def test_a_radio_that_is_away_is_tried_oftener_than_one_that_is_broken(
    reason: Reason, longest_s: float
) -> None:
    """The loop's clock is moved on by hand: only the waits count."""
    tries: list[float] = []

    class Hurried(asyncio.SelectorEventLoop):
        def __init__(self) -> None:
            super().__init__()
            self.moved = 0.0

        def time(self) -> float:
            return super().time() + self.moved

    loop = Hurried()

    def open_radio() -> None:
        tries.append(loop.time())
        if len(tries) == 12:
            raise Away
        raise DeviceError(reason, "It is away.")

    async def hurry() -> None:
        while True:
            loop.moved += 0.25
            await asyncio.sleep(0)

    async def scenario() -> None:
        hurrying = asyncio.create_task(hurry())
        with pytest.raises(Away):
            await Scanner(open_radio, loop.time).run()  # type: ignore[arg-type]
        hurrying.cancel()

    try:
        loop.run_until_complete(scenario())
    finally:
        loop.close()
    waits = [after - before for before, after in pairwise(tries)]
    assert waits[0] < 3
    assert longest_s - 1 < waits[-1] < longest_s + 3
