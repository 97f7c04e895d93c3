"""One day with purses as a seed has it: who buys, pays, brings back and pays in where, and what breaks meanwhile.

What machines and wires do is that of `_coupon_schedule`; what people do here is told by what staff saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.purse.ruling import run_out
from hub.wire.events_members import MembersMerged
from hub.wire.purse_rules import Unit
from kiosk.buying import Bought, BroughtBack
from kiosk.counter import Counter
from kiosk.purse import Pay, Told
from tests.prove._coupon_schedule import PRESSED_AGAIN, Schedule
from tests.prove._coupon_world import Till, Weather
from tests.prove._value_world import MEMBERS, ValueWorld, draw_cents

STAFF = ("s1", "s2")


@dataclass(slots=True)
class Act:
    """One time that staff pressed Pay or Pay in, once or several times under the same nonce. `saw` is None where they saw
    nothing. `back`: what they saw when they took it back."""

    till: str
    nonce: str
    member: str
    unit: Unit
    cents: int
    topup: bool
    staff: str
    saw: Told | None = None
    back: Told | None = None
    back_pressed: bool = False


class ValueSchedule(Schedule):
    """Draws and carries out the steps of one day with purses."""

    def __init__(self, world: ValueWorld, watch: Callable[[], None]) -> None:
        super().__init__(world)
        self.value = world
        self.acts: list[Act] = []
        self.bought: list[tuple[str, str]] = []
        self.told = 0
        self.merged = 0
        self.booked = 0
        self._watch = watch

    def run_value(self, steps: int) -> None:
        """That many steps, then nothing more breaks, and everybody meets everybody."""
        choices = [step for step, weight in self._value_steps() for _ in range(weight)]
        for _ in range(steps):
            step = self.random.choice(choices)
            self.day.steps.append(step.__name__.strip("_"))
            step()
            self._watch()
            self.world.now += self.random.choice((0.1, 1, 5, 20, 70))
        self.heal()
        self._watch()

    def _value_steps(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self._buy, 22),
            (self._bring_back, 7),
            (self._pay, 26),
            (self._pay_in, 6),
            (self._press_pay_again, 9),
            (self._take_back, 7),
            (self._race_for_purse, 10),
            (self._look, 12),
            (self._exchange, 12),
            (self._weather, 6),
            (self._hub_goes, 2),
            (self._till_goes, 3),
            (self._late_mail, 3),
            (self._days_pass, 4),
            (self._run_out, 2),
            (self._merge, 1),
            (self._clock_jumps, 1),
            (self._backup, 2),
            (self._restore, 1),
        ]

    def _buy(self) -> None:
        """Somebody buys; now and then the till tells it twice."""
        till = self.random.choice(self.world.tills)
        again = bool(self.bought) and self.random.random() < 0.15
        name = self.random.choice(self.bought)[1] if again else self.random.randbytes(8).hex()
        bought = Bought(name, "s1", draw_cents(self.random), 1, self.random.choice((*MEMBERS, "")))
        self.on(till, lambda counter: counter.purchases.tell(bought))
        self.bought.append((till.name, name))

    def _bring_back(self) -> None:
        """Something comes back: a part or all, now and then before the purchase is told."""
        if not self.bought:
            return
        till, name = self.random.choice(self.bought)
        cents = self.random.choice((None, draw_cents(self.random)))
        back = BroughtBack(name, self.random.randbytes(8).hex(), "s1", cents, "broken")
        self.on(self._till(till), lambda counter: counter.purchases.bring_back(back))

    def _pay(self) -> None:
        """Somebody pays from their purse."""
        self._press_pay(self._new(self.random.choice(self.world.tills)))

    def _new(self, till: Till, *, topup: bool = False, member: str = "") -> Act:
        draw = self.random
        unit: Unit = "stored" if topup else draw.choice(("points", "points", "points", "stored", "punch"))
        act = Act(
            till=till.name,
            nonce=draw.randbytes(16).hex(),
            member=member or draw.choice(MEMBERS),
            unit=unit,
            cents=draw.choice((draw.randrange(20, 400), draw.randrange(20, 400), draw.randrange(400, 3_000)))
            * (3 if topup else 1),
            topup=topup,
            staff=draw.choice(STAFF),
        )
        self.acts.append(act)
        return act

    def _press_pay(self, act: Act) -> None:
        if act.topup:
            act.saw = self.on(
                self._till(act.till),
                lambda counter: counter.purses.top_up(act.nonce, act.member, act.cents, act.staff),
            )
            return
        card = "coffee" if act.unit == "punch" else ""
        cents = None if card else act.cents
        pay = Pay(act.nonce, act.member, act.unit, act.staff, cents, card)
        act.saw = self.on(self._till(act.till), lambda counter: counter.purses.pay(pay))

    def _pay_in(self) -> None:
        """Somebody pays into their purse."""
        self._press_pay(self._new(self.random.choice(self.world.tills), topup=True))

    def _press_pay_again(self) -> None:
        """Staff saw nothing the last time, or press once more out of habit."""
        unseen = [act for act in self.acts if act.saw is None]
        if unseen and self.random.random() < PRESSED_AGAIN:
            self._press_pay(self.random.choice(unseen))
        elif self.acts:
            act = self.random.choice(self.acts[-4:])
            if act.saw is not None and not act.back_pressed:
                before = act.saw
                self._press_pay(act)
                if before.done and act.saw is None:
                    act.saw = before

    def _take_back(self) -> None:
        """Staff take their latest act back: it was the wrong customer's."""
        done = [
            act
            for act in self.acts[-6:]
            if act.saw is not None and act.saw.done and (act.back is None or not act.back.act)
        ]
        if done:
            act, nonce = self.random.choice(done), self.random.randbytes(16).hex()
            act.back_pressed = True
            act.back = self.on(
                self._till(act.till),
                lambda counter: counter.purses.take_back(act.nonce, nonce, act.staff, "wrong customer"),
            )

    def _race_for_purse(self) -> None:
        """Two tills ask for the same purse at the same moment: the second question arrives in the middle of the first."""
        first, second = self.random.sample(self.world.tills, 2)
        if first.counter is None or second.counter is None or not self.world.hub.up:
            return
        self.world.hub.crash_in = None
        member = self.random.choice(MEMBERS)
        mine, theirs = self._new(first, member=member), self._new(second, member=member)
        theirs.unit, theirs.cents = mine.unit, mine.cents
        self.day.races += 1
        self.world.hub.meanwhile(lambda: self._press_pay(theirs), after=self.random.randrange(1, 120))
        self._press_pay(mine)
        if not self.world.hub.met():
            self._press_pay(theirs)

    def _look(self) -> None:
        """Staff look into a purse."""
        member = self.random.choice(MEMBERS)
        self.on(self.random.choice(self.world.tills), lambda counter: counter.purses.look(member))

    def _exchange(self) -> None:
        """A till exchanges with its hub, and looks after what is open."""
        self.on(self.random.choice(self.world.tills), self._look_after)

    def _look_after(self, counter: Counter) -> None:
        counter.exchange.once()
        if self.value.settles:
            counter.purses.settle()

    def _days_pass(self) -> None:
        """Points become good to spend, and run out."""
        self.world.now += self.random.choice((3_600, 86_400, 2 * 86_400, 8 * 86_400))

    def _run_out(self) -> None:
        """The hub books what has run out."""
        if self.world.hub.up and self.world.hub.machine.off_s == 0:
            self.booked += run_out(
                self.world.hub.store, self.world.now, "ntp", self.random.choice((1, 3, 100))
            )

    def _merge(self) -> None:
        """The office finds that two memberships are one person's."""
        if not self.world.hub.up:
            return
        member, into = self.random.sample(MEMBERS, 2)
        store = self.world.hub.store
        fact = MembersMerged(act=self.random.randbytes(8).hex(), member=member, into=into, by="proof")
        with store.writing():
            fold(
                store.ledger,
                [append_own(store, "members.merged", write_fact(fact), self.world.now, "ntp")],
            )
        self.merged += 1

    def heal(self) -> None:
        """Everything is right again; what was open is settled, also by those who gave up."""
        super().heal()
        for _ in range(2):
            self.world.now += 20
            for till in self.world.tills:
                till.wire.weather = Weather()
                assert till.counter is not None
                if self.value.settles:
                    till.counter.purses.settle()
                till.counter.exchange.drain()


def words(told: Told | None) -> str:
    """What staff saw, for a sentence about it."""
    return "nothing" if told is None else msgspec.json.encode(told.act).decode() + told.refusal
