"""Shops that differ: what may be otherwise from one simulated shop to the next, and how a shop is drawn.

Repeatable; asked by `hardware.ble.street`. The defaults are the one small shop of the demonstration.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from hardware.ble.gadgets import Carrying
from hardware.ble.walks import DAY_S, HOUR_S, Habits

FRONT_LOSS_DB = 7.0
LOST_BY_CHANCE = 0.3
# From hour to hour the loss of a day goes up and down by as much.
LOSS_SWAY = 0.05
# Most phones in a pocket speak once in one or two seconds; see `gadgets.PHONE_INTERVALS_S`.
SLOWER_WEIGHTS = (0.2, 1.0, 4.0, 4.0)


class Air(NamedTuple):
    """What happens to packets. Each day has its own loss within `lost_by_chance`: the neighbours' Wi-Fi is not ours to choose."""

    lost_by_chance: tuple[float, float] = (LOST_BY_CHANCE, LOST_BY_CHANCE)
    front_loss_db: float = FRONT_LOSS_DB

    def lost_at(self, seed: int, hour: int) -> float:
        """The chance that a packet of this hour is lost whatever its strength."""
        least, most = self.lost_by_chance
        if least == most:
            return least
        of_day = Random(f"{seed}:loss:{hour * HOUR_S // DAY_S}").uniform(least, most)
        sway = Random(f"{seed}:loss:hour:{hour}").uniform(-LOSS_SWAY, LOSS_SWAY)
        return min(max(of_day + sway, least), most)


class Shop(NamedTuple):
    """One shop: its people, what they carry, its air, and how many machines about it change their addresses as phones do."""

    habits: Habits = Habits()
    carrying: Carrying = Carrying()
    air: Air = Air()
    machines: int = 0


def draw_shop(rng: Random) -> Shop:
    """A shop as there may be one, of eight hundred to three thousand visits a day; each of its habits is drawn apart."""
    habits = Habits(
        shoppers_per_hour=rng.uniform(150, 300),
        passers_per_hour=rng.uniform(100, 500),
        dwell_median_s=rng.uniform(180, 900),
        dwell_spread=rng.uniform(0.4, 0.7),
        family_share=rng.uniform(0.0, 0.15),
        lingering_share=rng.uniform(0.0, 0.05),
        pavement_y_m=(-7.0, -rng.uniform(0.8, 2.0)),
        staff=rng.randint(1, 4),
        swing=rng.uniform(0.5, 1.5),
    )
    carrying = Carrying(
        audible_share=rng.uniform(0.75, 0.95),
        second_gadget_share=rng.uniform(0.05, 0.3),
        interval_weights=tuple(weight * rng.uniform(0.5, 2.0) for weight in SLOWER_WEIGHTS),
        rotation_s=(600.0, 1200.0),
        apart_share=rng.uniform(0.0, 0.3),
    )
    return Shop(habits, carrying, Air((0.1, 0.5), rng.uniform(4.0, 10.0)), rng.randint(0, 3))
