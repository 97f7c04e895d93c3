"""A simulated street before a small shop: what a radio over the shop floor would hear, and the truth behind it.
Repeatable: times come from the caller, chance from the seed; opens nothing, reads no clock.

Path loss is log-distance; on it lie a shadowing that wanders as people move, the loss through the shop's front, the
carrier's own body (phones in front of a body that walks away), and a fast fading for each packet. Packets are lost by
chance (a scanner listens on one of three channels) and near the edge of what a radio can hear.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from heapq import heapify, heappop, heappush, heapreplace
from math import exp, hypot, log10, sqrt
from random import Random
from typing import NamedTuple

from hardware.ble import gadgets, walks
from hardware.ble.advertisement import Advertisement
from hardware.ble.gadgets import Gadget
from hardware.ble.shops import Shop
from hardware.ble.walks import DAY_S, HOUR_S, RADIO, Plan, Walk, Waypoint

PATH_LOSS_EXPONENT = 2.2
# An open door: this near to it, the front is not in the way.
DOORWAY_M = 1.2
BODY_LOSS_DB = 8.0
SHADOW_DB, SHADOW_S = 3.5, 5.0
FADING_DB = 2.5
# Half of the packets at this strength are lost; 2 dB up or down decide the matter.
SENSITIVITY_DBM, SENSITIVITY_SLOPE_DB = -94.0, 2.0
CROWD_INTERVAL_S = (4.0, 12.0)


_USUAL = Shop()


class TrueVisit(NamedTuple):
    """Somebody was really inside, from one crossing of the doorstep to the other."""

    entered_at: float
    left_at: float


class _Sender:
    """A gadget on its way: where its carrier is on the plan, and the state of its shadowing."""

    __slots__ = ("_leg", "_leg_ends", "_level_dbm", "gadget", "shadow_at", "shadow_db", "until", "way")

    def __init__(self, gadget: Gadget, way: tuple[Waypoint, ...], until: float) -> None:
        self.gadget = gadget
        self.way = way
        self.until = until
        self.shadow_db = 0.0
        self.shadow_at = 0.0
        self._leg = 0
        self._leg_ends = float("-inf")
        self._level_dbm: float | None = None

    def level_dbm(self, at: float, front_loss_db: float) -> float:
        """The strength without shadowing and fading. Worked out once for as long as somebody stands still."""
        if at >= self._leg_ends:
            self._set_out(at, front_loss_db)
        if self._level_dbm is not None:
            return self._level_dbm
        here, there = self.way[self._leg], self.way[self._leg + 1]
        part = max(at - here.at, 0.0) / ((there.at - here.at) or 1.0)
        dx, dy = there.x - here.x, there.y - here.y
        x, y = here.x + dx * part, here.y + dy * part
        to_x, to_y = RADIO[0] - x, RADIO[1] - y
        length = hypot(dx, dy) * hypot(to_x, to_y)
        body = 0.5 if length == 0 else 0.5 - 0.5 * (dx * to_x + dy * to_y) / length
        return self._level_at(x, y, body, front_loss_db)

    def _set_out(self, at: float, front_loss_db: float) -> None:
        """Find the leg of this time."""
        way, last = self.way, len(self.way) - 1
        while self._leg < last and way[self._leg + 1].at <= at:
            self._leg += 1
        here = way[self._leg]
        self._leg_ends = way[self._leg + 1].at if self._leg < last else float("inf")
        stands = self._leg == last or (here.x == way[self._leg + 1].x and here.y == way[self._leg + 1].y)
        # Who stands still turns about: half in the way.
        self._level_dbm = self._level_at(here.x, here.y, 0.5, front_loss_db) if stands else None

    def _level_at(self, x: float, y: float, body: float, front_loss_db: float) -> float:
        """`body`: how far the carrier is in the way, 0 facing the radio, 1 with the back to it."""
        distance = max(hypot(x - RADIO[0], y - RADIO[1]), 0.5)
        strength = self.gadget.power_dbm - 10 * PATH_LOSS_EXPONENT * log10(distance) - BODY_LOSS_DB * body
        return strength - front_loss_db if y < 0 and hypot(x, y) > DOORWAY_M else strength


class Street:
    """The street of one seed. `crowd` adds that many still phones within earshot, for measuring under load."""

    def __init__(
        self,
        seed: int = 1,
        busy: float = 1.0,
        crowd: int = 0,
        hours: str = "always",
        offset_h: float = 0.0,
        shop: Shop = _USUAL,
    ) -> None:
        self.plan = Plan(seed, busy, hours, offset_h, shop.habits)
        self.shop = shop
        self.crowd = crowd
        self._hour = lru_cache(maxsize=8)(self.plan.hour)
        self._day = lru_cache(maxsize=2)(self.plan.staff)

    def run(self, start: float, end: float = float("inf")) -> Iterator[Advertisement]:
        """Everything the radio hears from `start` to `end`, in order of time; the same each time it is asked."""
        rng = Random(f"{self.plan.seed}:air:{start}")
        queue: list[tuple[float, int, _Sender]] = []
        self._populate(queue, start, rng)
        heapify(queue)
        count = len(queue)
        next_hour = int(start // HOUR_S) + 1
        air, seed = self.shop.air, self.plan.seed
        lost = air.lost_at(seed, next_hour - 1)
        while True:
            due = queue[0][0]
            while due >= next_hour * HOUR_S:
                lost = air.lost_at(seed, next_hour)
                for sender, begin in self._joining(next_hour):
                    count += 1
                    heappush(queue, (begin + rng.random() * sender.gadget.interval_s, count, sender))
                next_hour += 1
                due = queue[0][0]
            if due >= end:
                return
            at, number, sender = queue[0]
            if at > sender.until:
                heappop(queue)
                continue
            heard = _heard(sender, at, rng, lost, air.front_loss_db)
            # Vol 6 Part B, 4.4.2.2: each interval is lengthened by up to 10 ms, so that two never stay in step.
            heapreplace(queue, (at + sender.gadget.interval_s + rng.random() * 0.01, number, sender))
            if heard is not None:
                yield heard

    def visits(self, start: float, end: float) -> list[TrueVisit]:
        """Every shopper's true visit that overlaps this time, in order of entering."""
        found = [
            TrueVisit(walk.entered_at, walk.left_at)
            for walk in self._shoppers(start, end)
            if walk.entered_at is not None and walk.left_at is not None
            if walk.entered_at < end and walk.left_at > start
        ]
        return sorted(found)

    def shoppers_inside(self, at: float) -> int:
        """How many shoppers are really inside now, whether or not they carry anything."""
        return sum(1 for v in self.visits(at - 1, at + 1) if v.entered_at <= at < v.left_at)

    def staff_inside(self, at: float) -> int:
        """How many of the staff are inside now."""
        return sum(1 for w in self._staff(at) if w.way[0].at <= at < (w.left_at or at))

    def people_inside(self, at: float) -> int:
        """Shoppers and staff."""
        return self.shoppers_inside(at) + self.staff_inside(at)

    def _shoppers(self, start: float, end: float) -> Iterator[Walk]:
        for number in range(int((start - walks.LONGEST_WALK_S) // HOUR_S), int(end // HOUR_S) + 1):
            yield from (walk for walk in self._hour(number) if walk.kind == "shopper")

    def _staff(self, at: float) -> list[Walk]:
        return self._day(int((at + self.plan.offset_h * HOUR_S) // DAY_S))

    def _populate(self, queue: list[tuple[float, int, _Sender]], start: float, rng: Random) -> None:
        """Everybody and everything that is there at the start, each at a random moment of its own pace."""
        senders = [
            _Sender(thing, (Waypoint(start, x, y),), float("inf"))
            for thing, x, y in (
                *gadgets.appliances(self.plan.seed),
                *gadgets.machines(self.plan.seed, self.shop.machines, self.shop.carrying),
            )
        ]
        hour = int(start // HOUR_S)
        for number in range(int((start - walks.LONGEST_WALK_S) // HOUR_S), hour + 1):
            senders += [s for s, _ in self._walkers(number) if s.until > start]
        # Staff whose day begins after this hour come with the hour in which it does.
        senders += [s for s in self._staff_senders(start) if s.way[0].at < (hour + 1) * HOUR_S]
        for number in range(self.crowd):
            gadget = Gadget(
                f"{self.plan.seed}:crowd:{number}",
                rng.uniform(*CROWD_INTERVAL_S),
                rng.gauss(-60, 4),
                "random",
            )
            spot = (rng.uniform(-4.0, 4.0), rng.uniform(0.7, 8.0))
            senders.append(_Sender(gadget, (Waypoint(start, *spot),), float("inf")))
        for number, sender in enumerate(senders):
            begin = max(start, sender.way[0].at)
            queue.append((begin + rng.random() * sender.gadget.interval_s, number, sender))

    def _walkers(self, hour: int) -> list[tuple[_Sender, float]]:
        """The senders of everybody whose way begins in this hour, staff excepted."""
        return [
            (_Sender(gadget, walk.way, walk.way[-1].at), walk.way[0].at)
            for walk in self._hour(hour)
            if not walk.bare
            for gadget in gadgets.carried(self.plan.seed, walk.who, self.shop.carrying)
        ]

    def _joining(self, hour: int) -> list[tuple[_Sender, float]]:
        """The senders whose ways begin in this hour, and those of the staff whose day does."""
        begin = float(hour * HOUR_S)
        staff = [(s, s.way[0].at) for s in self._staff_senders(begin)]
        return self._walkers(hour) + [(s, at) for s, at in staff if begin <= at < begin + HOUR_S]

    def _staff_senders(self, at: float) -> list[_Sender]:
        return [
            _Sender(gadget, walk.way, walk.left_at or at)
            for number, walk in enumerate(self._staff(at))
            for gadget in (
                gadgets.tag(self.plan.seed, number),
                *gadgets.carried(self.plan.seed, walk.who, self.shop.carrying),
            )
        ]


def _heard(
    sender: _Sender, at: float, rng: Random, lost_by_chance: float, front_loss_db: float
) -> Advertisement | None:
    """One packet through the air; None when it is lost."""
    if rng.random() < lost_by_chance:
        return None
    gadget = sender.gadget
    step = exp(-(at - sender.shadow_at) / SHADOW_S) if sender.shadow_at else 0.0
    sender.shadow_db = sender.shadow_db * step + SHADOW_DB * sqrt(1 - step * step) * rng.gauss(0, 1)
    sender.shadow_at = at
    strength = sender.level_dbm(at, front_loss_db) + (sender.shadow_db + rng.gauss(0, FADING_DB))
    if rng.random() > 1 / (1 + exp((SENSITIVITY_DBM - strength) / SENSITIVITY_SLOPE_DB)):
        return None
    gadget.refresh(at)
    return Advertisement(gadget.address, gadget.address_type, round(strength), gadget.payload, at)
