"""A door that answers the installer's pages as a test tells it to, and the portal's pages around it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from flask import Flask
from storefront_desk import NOW, SHOP

from edge.portal.installer.asking import DoorSilent
from edge.portal.installer.entrance import Entrance, make_code
from edge.portal.installer.pages import Installer, create_installer
from edge.portal.store import InstallerStore
from edge.questions import (
    Answer,
    BeaconHeard,
    Cell,
    Ear,
    HeadsResult,
    HeadsSet,
    HeadsState,
    HeadsWindow,
    Judged,
    OnTheAir,
    PeopleNow,
    Question,
    Said,
    Seen,
    Stay,
    Stood,
    Strip,
    WalkState,
)
from edge.store import open_pool
from hub.client.warnings import Shown

BINS = (0, 2, 4, 8, 20, 31, 18, 9, 4, 1, 0, 0, 0, 3)
CELLS = tuple(Cell(8 + n % 5, 60 + n, -48 - n % 7, -74 - n % 4) for n in range(30))
NONE = Cell(0, 0, None, None)


def strips() -> tuple[Strip, ...]:
    """Phones over five minutes, some things, and no tag."""
    return (
        Strip("changing", CELLS, Cell(6, 20, -50, -75), 4.0),
        Strip("fixed", tuple(Cell(2, 9, -70, -82) for _ in CELLS), NONE, 4.0),
        Strip("beacon", tuple(Cell(4, 40, -60, -74) for _ in CELLS), NONE, 4.0),
        Strip("tag", tuple(NONE for _ in CELLS), NONE, 4.0),
    )


def ear(zone: str = "door", trouble: str = "") -> Ear:
    """One receiver."""
    beacons = (
        BeaconHeard(
            type="ibeacon",
            says="7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed/1/1",
            packets=300,
            rssi_dbm=-62,
            age_s=0.4,
        ),
        BeaconHeard(type="eddystone-tlm", says="2.96 V · 21.5 °C", packets=30, rssi_dbm=-74, age_s=3.0),
        BeaconHeard(type="eddystone-eid", says="", packets=12, rssi_dbm=-80, age_s=9.0),
    )
    return Ear(
        zone=zone,
        radio="Simulated street",
        trouble=trouble,
        heard=123_456,
        dropped=7,
        arrive_dbm=-75,
        depart_dbm=-82,
        since_s=290.0,
        packets_per_s=61.4,
        strips=strips(),
        histogram=BINS,
        beacons=beacons,
        beacons_untold=2,
    )


def seen(*ears: Ear) -> Seen:
    """A shop with some people in it."""
    stays = tuple(
        Stay(id=f"{n:04x}{0:012x}", zone="door", rank=rank, since_s=140.0 * n, silent_s=3.0 * n, level_dbm=-66 - n,
             peak_dbm=-58, depart_dbm=-82)
        for n, rank in enumerate(("random", "tag", "public", "member"), 1)
    )  # fmt: skip
    people = PeopleNow(
        people=9.2, low=6.1, high=12.8, addresses=8, window_s=60.0, age_s=23.0, reached=0.94, names=8.5,
        phones_per_person=0.93, things=0.4, by_chance=2.6, by_doubt=1.9, counted_by_hand=True,
    )  # fmt: skip
    air = (
        OnTheAir(type="ibeacon", state="on", interval_ms=300, power_dbm=-4, why={}),
        OnTheAir(
            type="eddystone-url",
            state="turns",
            interval_ms=None,
            power_dbm=None,
            why={"en": "BlueZ chose the interval.", "zh": "间隔由 BlueZ 决定。"},
        ),
    )
    return Seen(
        at=NOW,
        clock="wall",
        simulated=True,
        ears=ears or (ear(),),
        followed=14,
        stays=stays,
        visitors={one.zone: 2 for one in ears} or {"door": 4},
        people=people,
        on_air=air,
    )


def stood(place: str, done: bool = True, outside: bool = False) -> Stood:
    """One place of a walk."""
    return Stood(
        place=place, outside=outside, done=done, stood_s=30.0 if done else 12.0, packets=83 if done else 31,
        low_dbm=-84, median_dbm=-76, high_dbm=-71, histogram=BINS,
    )  # fmt: skip


def walk(stage: str, trouble: str = "", places: tuple[Stood, ...] = (), now_at: str = "") -> WalkState:
    """A walk that has come so far."""
    fitted = stage == "fitted"
    judged = Judged(arrive_dbm=-75, depart_dbm=-82, inside_wrong=0.4, outside_wrong=0.02)
    return WalkState(
        stage=stage, trouble=trouble, strongest_dbm=-57, second_dbm=-61, level_dbm=-72, silent_s=21.0, left_s=400.0,
        stand_s=30.0, places=places or (stood("door"), stood("outside", outside=True)), now_at=now_at,
        before=judged if fitted else None, by_model=False,
        after=Judged(arrive_dbm=-80, depart_dbm=-87, inside_wrong=0.04, outside_wrong=0.1) if fitted else None,
    )  # type: ignore[arg-type]  # fmt: skip


def heads(stage: str, windows: int = 6) -> HeadsState:
    """A count that has come so far."""
    fitted = stage == "fitted"
    result = HeadsResult(
        heads=9.1, before=Said(people=7.4, low=4.0, high=12.0, off=1.9), after=Said(people=8.9, low=6.6, high=11.9, off=0.8),
        phones_per_person_before=1.0, phones_per_person=0.84, things=0.3, doubt=0.13, more=6,
    )  # fmt: skip
    return HeadsState(
        stage=stage,  # type: ignore[arg-type]
        heads=9,
        counted_s=402.0,
        wanted_s=900.0,
        least_windows=5,
        windows=tuple(HeadsWindow(7 + n % 2, 9.0, 7.4, 8.9 if fitted else None) for n in range(windows)),
        result=result if fitted else None,
    )


@dataclass
class FakeDoor:
    """Answers what it was told to; keeps what it was asked. `silent` says why it does not answer."""

    answer: Answer = field(default_factory=lambda: Answer(seen=seen(), zones=("door",), senders=("phone",)))
    silent: str = ""
    asked: list[Question] = field(default_factory=list)
    warnings: list[Shown] = field(default_factory=list)

    def ask(self, question: Question) -> Answer:
        """What the pages call."""
        self.asked.append(question)
        if self.silent:
            raise DoorSilent(self.silent)
        if isinstance(question, HeadsSet) and self.answer.heads is not None:
            counting = msgspec.structs.replace(self.answer.heads, heads=question.heads)
            self.answer = msgspec.structs.replace(self.answer, heads=counting)
        return self.answer


@dataclass
class Pages:
    """The pages of one node; `code` lets in."""

    app: Flask
    code: str
    door: FakeDoor


def pages_in(folder: Path, door: FakeDoor, now: Callable[[], float]) -> Pages:
    """The installer's pages as an application of their own."""
    chance = random.Random(3).randbytes
    store = InstallerStore(open_pool(folder))
    code = make_code(store, chance, now())
    notice = {"en": "Simulated street: no real radio.", "zh": "模拟街道：没有真实无线电。"}
    installer = Installer(
        Entrance(store, now, chance), door.ask, lambda: SHOP, lambda: notice, lambda: door.warnings
    )
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(create_installer(installer), url_prefix="/installer")
    return Pages(app, code, door)
