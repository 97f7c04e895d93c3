"""How what happened comes to the hub: decided there and then, told in time, a week late, with a gap, and once more."""

from __future__ import annotations

from dataclasses import dataclass

from hub.reversing import reverse_as_manager
from hub.wire.events import CouponIssued, CouponRedeemed, DeviceHealth
from hub.wire.sync import RedeemRequest
from tests.prove._numbers_facts import CHANNELS, CODE, DAY_S, STAFF, World, happen
from tests.prove._numbers_shops import BEGUN, NOW, STRANGER, Shops


def at_the_hub(shops: Shops, world: World, count: int) -> None:
    """Coupons that the hub itself decides about, now; some of them taken back by a manager, and used again after that."""
    rnd, store = world.rnd, shops.of(world.shop)
    till = world.tills[0]
    for place in range(count):
        world.made += 1
        serial, campaign = world.serial(), rnd.choice((1, 2, 4))
        token, nonce = till.mint(serial, campaign), f"hub-{world.shop}-{world.made:06}"
        issue = CouponIssued(
            serial=serial,
            campaign=campaign,
            code=CODE,
            key_number=till.place.key_number,
            expires_at=int(NOW) + DAY_S,
            channel=rnd.choice(CHANNELS),  # type: ignore[arg-type]  # one of its literals
        )
        till.make(issue, shops.now)
        request = RedeemRequest(nonce, token, "Till 1", rnd.choice(STAFF), rnd.choice((None, 2_500)))
        reply = till.redeem(request)
        assert reply.accepted, reply
        if place % 3 == 0:
            reverse_as_manager(
                store,
                till.place.device,
                nonce,
                manager="Ines",
                reason="goods came back",
                act_id=f"form-{world.made}",
                now=shops.now,
                clock="ntp",
            )
            told = CouponRedeemed(
                serial=serial,
                campaign=campaign,
                nonce=nonce,
                till="Till 1",
                staff="ann",
                value_cents=100,
                offline=True,
            )
            # The till had heard nothing, and gave the goods on its own after that.
            till.make(told, min(NOW, shops.now + rnd.choice((-600, 600))))


@dataclass(frozen=True, slots=True)
class Told:
    """What came in which step; `held`: the facts that still lie at a door that is a week behind, and at a till with a gap."""

    facts: int
    held: int


def tell_most(shops: Shops, worlds: dict[int, World], size: int) -> Told:
    """Things happen, and come to the hub, but for those of a door that was last heard a week ago, and for a gap of a till."""
    rnd = next(iter(worlds.values())).rnd
    for place, at in enumerate((BEGUN + 40 * DAY_S, NOW - 250 * DAY_S, NOW - 36 * DAY_S)):
        shops.now = at
        for world in worlds.values():
            at_the_hub(shops, world, 2 + size // 4_000 + place)
    for world in worlds.values():
        happen(world, size // 5 if world.shop == STRANGER else 2 * size // 5)
    shops.now = NOW - 60
    for world in worlds.values():
        at_the_hub(shops, world, 3)
        for one in (world.doors[0], *world.tills):
            one.make(DeviceHealth(program="edge"), NOW - 60)
        for one in world.doors + world.tills:
            one.write_down()
    held = 0
    for world in worlds.values():
        door, till = world.doors[1], world.tills[1]
        week = door.until(NOW - 7 * DAY_S)
        gap = till.until(NOW - 3 * DAY_S)
        door.tell(rnd, 0, week)
        till.tell(rnd, 0, gap - gap // 20)
        till.tell(rnd, gap, len(till.made))
        held += len(door.made) - week + gap // 20
        for one in (world.doors[0], world.tills[0]):
            one.tell(rnd, 0, len(one.made))
    shops.now = NOW
    made = sum(len(one.made) for world in worlds.values() for one in world.doors + world.tills)
    return Told(made, held)


def tell_the_rest(worlds: dict[int, World]) -> None:
    """What was held back comes, and everything that was there before comes once more."""
    for world in worlds.values():
        world.doors[1].make(DeviceHealth(program="edge"), NOW)
        world.doors[1].write_down()
        for one in world.doors + world.tills:
            one.tell(world.rnd, 0, len(one.made))
