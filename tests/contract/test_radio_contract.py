"""What every radio keeps to, whichever it is; the adapter itself is tried where BLE_ADAPTER names one (hci0)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hardware.ble.advertisement import Advertisement
from hardware.ble.codec import parse
from hardware.ble.jsonlines import to_line
from hardware.ble.radio import Radio
from hardware.ble.street import Street
from hardware.device import DeviceError, Reason, open_device

RECORDING = Path(__file__).resolve().parents[1] / "data" / "ble" / "street.jsonl"


@pytest.fixture(params=["sim", "replay", "adapter"])
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "sim":
        return "ble:sim:seed=3,busy=4"
    if request.param == "replay":
        return f"ble:replay:{RECORDING}"
    adapter = os.environ.get("BLE_ADAPTER")
    return f"ble:{adapter}" if adapter else pytest.skip("set BLE_ADAPTER=hci0 to try a real radio")


async def first(radio: Radio, count: int) -> list[Advertisement]:
    heard: list[Advertisement] = []
    async with asyncio.timeout(20):
        async for packets in radio.scan():
            heard += packets
            if len(heard) >= count:
                break
    await radio.close()
    return heard[:count]


def test_a_radio_hears_advertisements_that_any_reader_understands(name: str) -> None:
    radio = open_device(name)
    assert isinstance(radio, Radio)
    heard = asyncio.run(first(radio, 5))
    assert len(heard) == 5
    for one in heard:
        parse(one.payload)
        assert one.address_type in ("public", "random")
        assert len(one.address) == 17
        assert one.address == one.address.lower()
        assert -128 < one.rssi_dbm < 30
    assert [one.at for one in heard] == sorted(one.at for one in heard)
    assert radio.dropped == 0


def test_a_radio_says_what_it_is_and_whether_it_is_real(name: str) -> None:
    radio = open_device(name)
    assert radio.describe().startswith(
        ("Simulated street", "Replay of street.jsonl", "Bluetooth adapter hci")
    )
    assert radio.simulated == (not radio.describe().startswith("Bluetooth"))
    assert radio.clock in ("wall", "street", "capture")


def test_closing_ends_the_scan_and_may_be_done_twice(name: str) -> None:
    async def scenario() -> int:
        radio = open_device(name, **({} if name.startswith("ble:hci") else {"speed": 20}))
        count = 0
        async with asyncio.timeout(20):
            async for _ in radio.scan():
                count += 1
                await radio.close()
                await radio.close()
        return count

    assert asyncio.run(scenario()) == 1


def test_a_replay_keeps_the_distances_of_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "four.jsonl"
    times = [1000.0, 1000.1, 1000.1, 1000.3]
    path.write_bytes(
        b"".join(to_line(Advertisement("0" * 2 + ":00" * 5, "public", -50, b"", at)) for at in times)
    )

    async def scenario(speed: float) -> tuple[list[float], list[float]]:
        radio = open_device(f"ble:replay:{path}", speed=speed)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        heard = [(one.at, loop.time() - begin) async for packets in radio.scan() for one in packets]
        return [at for at, _ in heard], [after for _, after in heard]

    at, after = asyncio.run(scenario(1.0))
    assert at == times
    assert after[0] < 0.05
    assert 0.08 < after[1] < 0.25
    assert 0.28 < after[3] < 0.6
    assert asyncio.run(scenario(10.0))[1][3] < 0.2
    assert asyncio.run(scenario(0.0))[1][3] < 0.05


def test_a_replay_of_a_broken_recording_yields_what_it_has_and_then_fails_with_a_sentence(
    tmp_path: Path,
) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(RECORDING.read_bytes()[:1000])

    heard: list[Advertisement] = []

    async def scenario() -> None:
        async for packets in open_device(f"ble:replay:{path}", speed=0).scan():
            heard.extend(packets)

    with pytest.raises(DeviceError, match=r"line \d+ is not an advertisement") as caught:
        asyncio.run(scenario())
    assert caught.value.reason is Reason.BROKEN
    assert len(heard) > 3


def test_a_fast_replay_leaves_the_loop_its_turns() -> None:
    async def scenario() -> int:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        radio = open_device("ble:sim:crowd=500", speed=0)
        count = 0
        async for packets in radio.scan():
            count += len(packets)
            if count >= 2000:
                await radio.close()
        task.cancel()
        return turns

    assert asyncio.run(scenario()) > 10


def test_the_simulated_street_runs_at_the_speed_asked_for_from_now_on() -> None:
    async def scenario() -> tuple[float, list[Advertisement]]:
        radio = open_device("ble:sim:busy=3,speed=100")
        assert radio.clock == "street"
        loop = asyncio.get_running_loop()
        begin = loop.time()
        heard = await first(radio, 400)
        return loop.time() - begin, heard

    took, heard = asyncio.run(scenario())
    span = heard[-1].at - heard[0].at
    assert span / 100 * 0.8 < took < span / 100 + 1.5


def test_the_truth_behind_the_street_can_be_asked_of_its_radio() -> None:
    radio = open_device("ble:sim:seed=7,busy=2")
    assert isinstance(radio.street, Street)
    assert radio.street.visits(1.7e9, 1.7e9 + 3600) == Street(7, 2).visits(1.7e9, 1.7e9 + 3600)


def test_the_shipped_recording_is_the_street_and_all_of_it_is_whole() -> None:
    radio = open_device(f"ble:replay:{RECORDING}", speed=0)

    async def scenario() -> list[Advertisement]:
        return [one async for packets in radio.scan() for one in packets]

    heard = asyncio.run(scenario())
    assert len(heard) > 100
    assert heard == list(Street(seed=1).run(heard[0].at // 60 * 60, heard[-1].at + 1e-6))
    for one in heard:
        parse(one.payload)
