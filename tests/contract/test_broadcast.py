"""One suite for what speaks on the air: the simulated adapter, and the driver of real ones over a real D-Bus with a stand-in
where BlueZ would be. Each is pushed from the far side by the same words.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from hardware.ble.advertising import TURN_S
from hardware.ble.beacon import (
    AltBeacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
    decode_beacon,
)
from hardware.ble.bluez_broadcast import BlueZStack
from hardware.ble.broadcast import Broadcaster, Cause, Frame, OnAir
from hardware.ble.broadcaster import LOOK_S, StackBroadcaster
from hardware.ble.sim_broadcast import SimStack
from hardware.device import DeviceError, Reason, open_device
from tests.bluez_advertising import BlueZ, private_bus

SHOP = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"
EACH = [
    Frame("ibeacon", IBeacon(SHOP, 1, 2, -59), 100),
    Frame("altbeacon", AltBeacon(SHOP, 1, 2, -59, 0xFFFF, 0), 200),
    Frame("uid", EddystoneUid("00112233445566778899", "aabbccddeeff", -18), 300),
    Frame("url", EddystoneUrl("https://shop.example/a", -18), 400),
    Frame("tlm", EddystoneTlm(None, 21.5, 7, 12.5), 1000),
    Frame("eid", EddystoneEid("0011223344556677", -18), 500),
]
LONG = Frame("long", EddystoneUrl("https://a-very-long-name.example/", -18))


class Far(Protocol):
    """The other end: whoever pulls the plug, and whoever listens."""

    async def start_service(self) -> None: ...
    async def stop_service(self) -> None: ...
    async def switch_off(self) -> None: ...
    async def switch_on(self) -> None: ...
    async def unplug(self) -> None: ...
    async def plug(self) -> None: ...
    async def forget(self) -> None: ...
    async def occupy(self, instances: int) -> None: ...
    def heard(self) -> list[Any]: ...


class SimFar:
    """The simulated adapter's far side, whose pushes take no time."""

    def __init__(self, stack: SimStack) -> None:
        self.stack = stack

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def push(*arguments: Any) -> None:
            getattr(self.stack, name)(*arguments)

        return push

    def heard(self) -> list[Any]:
        return self.stack.heard()


class Hurried:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


Opened = AbstractAsyncContextManager[tuple[Broadcaster, Far, Hurried]]
Open = Callable[..., Opened]


@pytest.fixture(params=["sim", "bluez"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    if request.param == "sim":

        @asynccontextmanager
        async def sim(
            places: int = 8, *, legacy: bool = False, experimental: bool = True
        ) -> AsyncIterator[Any]:
            clock = Hurried()
            stack = SimStack(places, legacy=legacy, experimental=experimental, monotonic=clock)
            async with running(StackBroadcaster(stack, monotonic=clock)) as broadcaster:
                yield broadcaster, SimFar(stack), clock

        yield sim
        return
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)

        @asynccontextmanager
        async def bluez(
            places: int = 8, *, legacy: bool = False, experimental: bool = True
        ) -> AsyncIterator[Any]:
            far, clock = BlueZ(address, places, legacy=legacy, experimental=experimental), Hurried()
            await far.start_service()
            try:
                async with running(StackBroadcaster(BlueZStack("hci0"), monotonic=clock)) as broadcaster:
                    yield broadcaster, far, clock
            finally:
                await far.stop_service()

        yield bluez


@asynccontextmanager
async def running(broadcaster: StackBroadcaster) -> AsyncIterator[StackBroadcaster]:
    task = asyncio.create_task(broadcaster.run())
    try:
        async with asyncio.timeout(20):
            yield broadcaster
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await broadcaster.close()


async def until(true: Callable[[], bool], within_s: float = 4.0) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


def all_on(broadcaster: Broadcaster) -> bool:
    told = broadcaster.on_air()
    return bool(told) and all(one.state == "on" for one in told)


def by_key(broadcaster: Broadcaster) -> dict[str, OnAir]:
    return {one.key: one for one in broadcaster.on_air()}


def test_each_kind_of_beacon_is_on_the_air_octet_by_octet_with_the_interval_that_was_asked(
    opened: Open,
) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await broadcaster.set(EACH)
            await until(lambda: all_on(broadcaster))
            heard = far.heard()
            assert {one.payload for one in heard} == {
                b"\x02\x01\x04" + frame.beacon.encode() for frame in EACH
            }
            assert all(len(one.payload) <= 31 for one in heard)
            spoken = {decode_beacon(one.payload): one.interval_ms for one in heard}
            assert spoken == {frame.beacon: frame.interval_ms for frame in EACH}
            assert len({one.address for one in heard}) == len(EACH)
            told = broadcaster.on_air()
            assert [(one.key, one.interval_ms, one.why) for one in told] == [
                (frame.key, frame.interval_ms, "") for frame in EACH
            ]
            assert [one.type for one in told][:3] == ["ibeacon", "altbeacon", "eddystone-uid"]
            assert broadcaster.experimental is True
            assert broadcaster.instances == 8

    asyncio.run(scenario())


def test_what_is_not_wanted_any_more_leaves_the_air_and_the_rest_stays_as_it_was(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await broadcaster.set(EACH)
            await until(lambda: all_on(broadcaster))
            stays = next(one for one in far.heard() if decode_beacon(one.payload) == EACH[0].beacon)
            await broadcaster.set(EACH[:1])
            await until(lambda: far.heard() == [stays])
            await broadcaster.set([])
            await until(lambda: not far.heard())
            assert broadcaster.on_air() == []
            assert broadcaster.outages == ()

    asyncio.run(scenario())


def test_new_content_under_the_same_key_takes_its_place_with_a_new_address(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await broadcaster.set([Frame("eid", EddystoneEid("0011223344556677", -18))])
            await until(lambda: all_on(broadcaster))
            before = far.heard()[0].address
            for number in range(5):
                said = EddystoneEid(f"{number:016x}", -18)
                await broadcaster.set([Frame("eid", said)])
                await until(lambda said=said: decode_beacon(far.heard()[0].payload) == said)
                assert len(far.heard()) == 1
            assert far.heard()[0].address != before
            assert all_on(broadcaster)

    asyncio.run(scenario())


def test_another_interval_and_power_are_put_in_force_and_the_power_is_read_back(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            beacon = EACH[0].beacon
            await broadcaster.set([Frame("a", beacon, 300)])
            await until(lambda: all_on(broadcaster))
            assert by_key(broadcaster)["a"].power_dbm == 0
            await broadcaster.set([Frame("a", beacon, 700, -8)])
            await until(lambda: [(one.interval_ms, one.power_dbm) for one in far.heard()] == [(700, -8)])
            await until(lambda: by_key(broadcaster)["a"].power_dbm == -8)
            assert by_key(broadcaster)["a"].why == ""
            await broadcaster.set([Frame("a", beacon, 700, 20)])
            await until(lambda: by_key(broadcaster)["a"].power_dbm == 10)
            assert by_key(broadcaster)["a"].why == "The adapter sends at 10 dBm, not at 20 dBm."

    asyncio.run(scenario())


def test_more_frames_than_places_take_turns_and_each_gets_its_share(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(places=2) as (broadcaster, far, clock):
            frames = EACH[:3]
            await broadcaster.set(frames)
            await until(lambda: len(far.heard()) == 2)
            times = dict.fromkeys((frame.beacon for frame in frames), 0)
            for _ in range(9):
                clock.ahead_s += TURN_S
                before = {one.payload for one in far.heard()}
                await broadcaster.set(frames)
                await until(lambda before=before: {one.payload for one in far.heard()} != before)
                await until(lambda: len(far.heard()) == 2)
                for one in far.heard():
                    times[decode_beacon(one.payload)] += 1
            assert set(times.values()) == {6}
            told = by_key(broadcaster)
            assert {one.state for one in told.values()} == {"turns"}
            assert told["ibeacon"].interval_ms == 150
            assert told["altbeacon"].interval_ms == 300
            assert "on the air for 67% of the time" in told["uid"].why
            await broadcaster.set(frames[:2])
            await until(lambda: all_on(broadcaster))

    asyncio.run(scenario())


def test_what_is_told_of_turns_stays_the_same_while_a_place_changes_hands(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(places=2, legacy=True) as (broadcaster, far, clock):
            frames = EACH[:3]
            await broadcaster.set(frames)
            await until(lambda: bool(broadcaster.on_air()) and broadcaster.on_air()[0].state == "turns")
            await until(lambda: len(far.heard()) > 0)
            told = [(one.state, one.interval_ms) for one in broadcaster.on_air()]
            # A third of the time each: two of three have a place, and the kernel sends one after the other.
            assert told[0] == ("turns", 300)
            for _ in range(4):
                clock.ahead_s += TURN_S
                await broadcaster.set(frames)
                for _ in range(40):
                    assert [(one.state, one.interval_ms) for one in broadcaster.on_air()] == told
                    await asyncio.sleep(0.001)

    asyncio.run(scenario())


def test_places_that_others_hold_are_waited_for(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(places=3) as (broadcaster, far, clock):
            await far.occupy(3)
            await broadcaster.set(EACH[:1])
            await until(lambda: "Other programs use every place" in by_key(broadcaster)["ibeacon"].why)
            assert by_key(broadcaster)["ibeacon"].state == "waiting"
            await far.occupy(1)
            clock.ahead_s += LOOK_S
            await broadcaster.set(EACH[:2])
            await until(lambda: all_on(broadcaster))

    asyncio.run(scenario())


LOSSES = [
    ("stop_service", "start_service", Cause.SERVICE),
    ("unplug", "plug", Cause.ADAPTER),
    ("switch_off", "switch_on", Cause.POWER),
]


@pytest.mark.parametrize(("takes", "gives", "cause"), LOSSES, ids=[cause for *_, cause in LOSSES])
def test_whatever_takes_the_frames_off_the_air_they_come_back_and_what_happened_is_told(
    opened: Open, takes: str, gives: str, cause: Cause
) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await broadcaster.set(EACH)
            await until(lambda: all_on(broadcaster))
            began = time.time()
            await getattr(far, takes)()
            await until(lambda: {one.state for one in broadcaster.on_air()} == {"waiting"})
            await until(lambda: broadcaster.on_air()[0].why.endswith((".", "?", "bluetooth.")))
            assert far.heard() == []
            assert [outage.ended_at for outage in broadcaster.outages] == [None]
            await getattr(far, gives)()
            await until(lambda: all_on(broadcaster))
            await until(lambda: len(far.heard()) == len(EACH))
            outage = broadcaster.outages[-1]
            assert (len(broadcaster.outages), outage.cause) == (1, cause)
            assert outage.ended_at is not None
            assert began - 1 <= outage.began_at <= outage.ended_at <= time.time()

    asyncio.run(scenario())


def test_what_the_service_forgot_without_a_word_is_found_and_put_back(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, clock):
            await broadcaster.set(EACH[:2])
            await until(lambda: all_on(broadcaster))
            await far.forget()
            assert far.heard() == []
            clock.ahead_s += LOOK_S
            await broadcaster.set(EACH[:2])
            await until(lambda: len(far.heard()) == 2)
            await until(lambda: [outage.cause for outage in broadcaster.outages] == [Cause.RELEASED])

    asyncio.run(scenario())


def test_intervals_that_are_not_passed_on_are_told_with_the_remedy(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(experimental=False) as (broadcaster, far, _):
            await broadcaster.set(EACH[:1])
            await until(lambda: all_on(broadcaster))
            told = by_key(broadcaster)["ibeacon"]
            assert broadcaster.experimental is False
            assert told.interval_ms == far.heard()[0].interval_ms == 1280
            assert told.why.endswith("python -m hardware ble allow-intervals")

    asyncio.run(scenario())


def test_an_older_adapter_tells_its_own_pace_and_its_turns(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(legacy=True) as (broadcaster, _, _):
            await broadcaster.set(EACH[2:4])
            await until(lambda: {one.state for one in broadcaster.on_air()} == {"turns"})
            told = by_key(broadcaster)["url"]
            assert told.interval_ms == 2 * 125
            assert "every 100 to 150 ms, whatever is asked" in told.why
            assert "50% of the time" in told.why
            assert told.power_dbm is None

    asyncio.run(scenario())


def test_a_frame_that_does_not_fit_is_refused_with_a_sentence_and_the_others_are_on(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await broadcaster.set([LONG, EACH[0]])
            await until(lambda: by_key(broadcaster)["ibeacon"].state == "on")
            told = by_key(broadcaster)["long"]
            assert (told.state, told.interval_ms) == ("refused", None)
            assert "octets on the air; 1 to 17 fit" in told.why
            assert len(far.heard()) == 1
            await broadcaster.set([Frame("long", EddystoneUrl("https://a.example", -18)), EACH[0]])
            await until(lambda: all_on(broadcaster))

    asyncio.run(scenario())


def test_closing_takes_everything_off_the_air_and_may_be_done_twice(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await broadcaster.set(EACH)
            await until(lambda: all_on(broadcaster))
            await broadcaster.close()
            await broadcaster.close()
            await until(lambda: not far.heard())

    asyncio.run(scenario())


def test_a_service_that_is_not_there_at_the_start_is_waited_for(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await far.stop_service()
            await broadcaster.set(EACH[:1])
            await until(lambda: by_key(broadcaster)["ibeacon"].state == "waiting")
            await asyncio.sleep(0.1)
            await far.start_service()
            await until(lambda: all_on(broadcaster))

    asyncio.run(scenario())


def test_an_adapter_is_left_alone_until_there_is_something_to_say(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as (broadcaster, far, _):
            await broadcaster.set([])
            await asyncio.sleep(0.1)
            assert broadcaster.experimental is None
            await far.stop_service()
            await broadcaster.set(EACH[:1])
            await until(lambda: by_key(broadcaster)["ibeacon"].because == ("device",))
            # What nobody wants any more is no outage and no trouble.
            await broadcaster.set([])
            assert broadcaster.on_air() == []
            assert broadcaster.outages == ()

    asyncio.run(scenario())


def test_both_are_broadcasters_and_are_opened_by_name() -> None:
    real, simulated = open_device("beacon:hci0"), open_device("beacon:sim:places=1,legacy=1,experimental=0")
    assert isinstance(real, Broadcaster)
    assert isinstance(simulated, Broadcaster)
    assert (real.simulated, simulated.simulated) == (False, True)
    assert (real.instances, real.experimental) == (None, None)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("beacon:hci0:loud", "says too much"),
        ("beacon:sim:place=1", "does not understand 'place=1'"),
        ("beacon:sim:places=many", "does not understand 'places=many'"),
        ("beacon:hci", "There is no device called"),
    ],
)
def test_a_name_that_makes_no_sense_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(DeviceError, match=sentence) as caught:
        open_device(name)
    assert caught.value.reason is Reason.BAD_NAME
