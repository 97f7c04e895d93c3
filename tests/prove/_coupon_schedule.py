"""One day of the shop as a seed has it: who takes, shows, scans and takes back what, and what breaks meanwhile.

A schedule is a list of steps drawn one after the other; the same seed draws the same. Each step is what a person or the weather
does; what comes of it is written down as staff saw it, for `_coupon_judge`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar

from hub.client.db import StorageError
from hub.wire.coupon import Issued
from kiosk.counter import Counter
from kiosk.verdicts import Scan, Undo
from tests.prove._coupon_breaks import BrokenOff, Crash
from tests.prove._coupon_day import Day, Shown, Taken, Undoing
from tests.prove._coupon_world import (
    COFFEE,
    DAILY,
    FIRST,
    LARGE,
    LOTTERY,
    ONCE,
    VOUCHER,
    WINE,
    Till,
    Weather,
    World,
)

MEMBERS = ("m-one", "m-two", "m-three")
PRESSED_AGAIN = 0.6
"""How often staff press the same form again after a till went off, rather than scan anew."""

T = TypeVar("T")


class Schedule:
    """Draws and carries out the steps of one day."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self.day = Day()

    def run(self, steps: int) -> Day:
        """That many steps, then nothing more breaks, and everybody meets everybody."""
        choices = [step for step, weight in self._steps() for _ in range(weight)]
        for _ in range(steps):
            step = self.random.choice(choices)
            self.day.steps.append(step.__name__.strip("_"))
            step()
            self.world.now += self.random.choice((0.1, 1, 5, 20, 70))
        self.heal()
        return self.day

    def _steps(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self._take, 22),
            (self._show, 24),
            (self._show_again, 10),
            (self._press_again, 8),
            (self._undo, 7),
            (self._undo_again, 3),
            (self._hold, 4),
            (self._race, 4),
            (self._exchange, 12),
            (self._weather, 6),
            (self._hub_goes, 2),
            (self._till_goes, 3),
            (self._clock_jumps, 2),
            (self._late_mail, 2),
            (self._hours_pass, 1),
            (self._backup, 2),
            (self._restore, 1),
        ]

    # What people do

    def _take(self) -> None:
        """Somebody takes an offer, at the door or at a screen."""
        campaign = self.random.choice(
            (COFFEE, WINE, LOTTERY, LOTTERY, LOTTERY, FIRST, DAILY, ONCE, VOUCHER, LARGE)
        )
        request = self.random.randbytes(16).hex()
        till = self.random.choice(self.world.tills)
        at_door = self.random.random() < 0.6 or till.counter is None
        if at_door:
            desk, now = self.world.door.desk, self.world.now
            assert desk is not None
            answer = desk.take(campaign, request, now)
        else:
            answer = self.on(till, lambda counter: counter.desk.take(campaign, request, counter.clock.now()))
        if isinstance(answer, Issued):
            self.day.taken.append(Taken(answer, campaign, "door" if at_door else till.name))
        elif answer is None:
            self.day.lost_takes += 1
        else:
            self.day.refused_to_take += 1

    def _show(self) -> None:
        """Somebody shows a coupon at a till, and staff scan it."""
        if self.day.taken:
            self._scan(self.random.choice(self.day.taken))

    def _show_again(self) -> None:
        """Somebody shows a coupon that was shown before, at another till or at the same."""
        if self.day.shown:
            self._scan(self.random.choice(self.day.shown[-8:]).taken)

    def _press_again(self) -> None:
        """Staff saw nothing the last time, and press the same form again."""
        unseen = [shown for shown in self.day.shown if shown.verdict is None]
        if unseen and self.random.random() < PRESSED_AGAIN:
            self._press(self.random.choice(unseen))

    def _undo(self) -> None:
        """Staff take the latest redemption at a till back: it was the wrong customer's."""
        accepted = [
            shown for shown in self.day.shown[-6:] if shown.verdict is not None and shown.verdict.accepted
        ]
        if accepted:
            shown = self.random.choice(accepted)
            self._press_undo(self._undoing(shown))

    def _undo_again(self) -> None:
        """Staff saw nothing the last time, or that the hub does not answer, and press again."""
        unseen = [undo for undo in self.day.undoings if undo.saw is None or undo.saw.state == "open"]
        if unseen:
            self._press_undo(self.random.choice(unseen))

    def _undoing(self, shown: Shown) -> Undoing:
        undoing = Undoing(shown.till, shown, self.random.randbytes(16).hex())
        self.day.undoings.append(undoing)
        return undoing

    def _press_undo(self, undoing: Undoing) -> None:
        undo = Undo(undoing.shown.nonce, "s1", undoing.nonce, "wrong customer")
        undoing.saw = self.on(self._till(undoing.till), lambda counter: counter.redeemer.reverse(undo))

    def _hold(self) -> None:
        """A cash register holds a coupon for a purchase, which is then paid, given up, or left standing."""
        if not self.day.taken:
            return
        till = self.random.choice(self.world.tills)
        shown = self._shown(till, self.random.choice(self.day.taken))
        hold_nonce = self.random.randbytes(16).hex()
        scan = scan_of(shown, nonce=hold_nonce)
        shown.hold = self.on(till, lambda counter: counter.redeemer.reserve(scan, 120))
        self.world.now += self.random.choice((1, 30, 130))
        ending = self.random.random()
        if ending < 0.6:
            self._press(shown)
            return
        self.day.shown.remove(shown)
        if ending < 0.8:
            self.on(till, lambda counter: counter.redeemer.release(hold_nonce))

    def _scan(self, taken: Taken) -> None:
        till = self.random.choice(self.world.tills)
        shown = self._shown(till, taken)
        self._press(shown)

    def _shown(self, till: Till, taken: Taken) -> Shown:
        draw = self.random
        shown = Shown(
            till=till.name,
            taken=taken,
            nonce=draw.randbytes(16).hex(),
            member=draw.choice((*MEMBERS, "")) if taken.campaign == ONCE else "",
            amount_cents=draw.randrange(300, 2_500) if taken.campaign == VOUCHER else None,
            basket_cents=draw.choice((None, 900, 2_600)) if taken.campaign == LARGE else None,
        )
        self.day.shown.append(shown)
        return shown

    def _press(self, shown: Shown) -> None:
        till = self._till(shown.till)
        till.wire.hub_answered = False
        shown.pressed += 1
        shown.known = self._known_to_hub(shown)
        shown.verdict = self.on(till, lambda counter: counter.redeemer.redeem(scan_of(shown)))
        shown.reached = till.wire.hub_answered

    def _known_to_hub(self, shown: Shown) -> tuple[str, ...]:
        hub, serial = self.world.hub, shown.taken.issued.coupon.serial
        if not hub.up or threading.current_thread() is not threading.main_thread():
            return ()
        if hub.store.ledger.first_act(serial) is None:
            return ()
        return tuple(act.nonce for act in hub.store.counter.acts_of(serial))

    def _race(self) -> None:
        """Two tills ask about one coupon at the same moment: the second question arrives in the middle of the first."""
        if not self.day.taken:
            return
        first, second = self.random.sample(self.world.tills, 2)
        if first.counter is None or second.counter is None or not self.world.hub.up:
            return
        taken = self.random.choice(self.day.taken)
        # Whoever dies in the midst of two requests dies in both; that is the other steps' business.
        self.world.hub.crash_in = None
        shown, other = self._shown(first, taken), self._shown(second, taken)
        self.day.races += 1
        self.world.hub.meanwhile(lambda: self._press(other), after=self.random.randrange(1, 120))
        self._press(shown)
        if not self.world.hub.met():
            self._press(other)

    # What the weather does

    def _exchange(self) -> None:
        """A node exchanges with its hub."""
        if self.random.random() < 0.4:
            self.world.door.exchange.once()
            return
        till = self.random.choice(self.world.tills)
        self.on(till, _look_after)

    def _weather(self) -> None:
        """A wire is cut, gets better or worse."""
        wire = self.random.choice([*(till.wire for till in self.world.tills), self.world.door.wire])
        kind = self.random.choice(("good", "good", "cut", "lossy", "deaf", "doubled"))
        wire.weather = {
            "good": Weather(),
            "cut": Weather(cut=True),
            "lossy": Weather(lose_request=0.3, lose_reply=0.3, twice=0.2),
            "deaf": Weather(lose_reply=1.0),
            "doubled": Weather(twice=1.0),
        }[kind]

    def _hub_goes(self) -> None:
        """The hub goes off, comes back, or will go off over a request to come."""
        hub = self.world.hub
        if not hub.up:
            hub.start()
        elif self.random.random() < 0.5:
            hub.stop()
            self.day.crashes += 1
        else:
            hub.crash_in = self.random.randrange(0, 200)
            self.day.crashes += 1

    def _till_goes(self) -> None:
        """A till goes off for a while, or comes back."""
        till = self.random.choice(self.world.tills)
        if till.counter is None:
            self.world.start_till(till)
        else:
            self.world.stop_till(till)
            self.day.crashes += 1

    def _clock_jumps(self) -> None:
        """A machine loses the time, or gets a wrong one."""
        machine = self.random.choice([till.machine for till in self.world.tills])
        machine.off_s = self.random.choice((0.0, -self.world.now + 1_000, -86_400.0, 3_600.0, 86_400.0 * 2))
        machine.ntp = machine.off_s == 0.0

    def _late_mail(self) -> None:
        """What was on its way for long arrives."""
        for till in self.world.tills:
            till.wire.deliver_late()

    def _hours_pass(self) -> None:
        """Nothing happens until much later."""
        self.world.now += self.random.choice((3_600, 6 * 3_600, 20 * 3_600))

    def _backup(self) -> None:
        """The office makes a backup of the hub."""
        if self.world.hub.up:
            self.world.hub.back_up()

    def _restore(self) -> None:
        """The hub's disk is lost, and the latest backup takes its place."""
        if self.world.hub.restore():
            self.day.restored_at.append(self.world.now)

    # How it is carried out

    def on(self, till: Till, act: Callable[[Counter], T]) -> T | None:
        """Do it at a till. Now and then the till goes off over it, anywhere; nobody then sees what came of it."""
        if till.counter is None:
            if self.random.random() < 0.5:
                return None
            self.world.start_till(till)
        counter = till.counter
        assert counter is not None
        kind = self.random.random()
        if kind < 0.06:
            return self._dying(till, counter, act)
        if kind < 0.12:
            name = self.random.choice(("crash_before", "crash_after"))
            setattr(till.wire, name, self.random.randrange(0, 2))
        try:
            return act(counter)
        except Crash:
            self._went_off(till)
            return None
        except StorageError:
            return None
        finally:
            till.wire.crash_before = till.wire.crash_after = None

    def _dying(self, till: Till, counter: Counter, act: Callable[[Counter], T]) -> T | None:
        """The power goes at some step of the till's own database, or just after the last."""
        conn = counter.pool.here().conn
        try:
            with BrokenOff(conn, self.random.randrange(0, 120)):
                act(counter)
        except (StorageError, sqlite3.Error):
            pass
        self._went_off(till)
        return None

    def _went_off(self, till: Till) -> None:
        self.day.crashes += 1
        self.world.stop_till(till)
        if self.random.random() < 0.7:
            self.world.start_till(till)

    def _till(self, name: str) -> Till:
        return next(till for till in self.world.tills if till.name == name)

    def heal(self) -> None:
        """Everything is switched on and right again, and everybody has told everything."""
        world = self.world
        world.hub.crash_in = None
        world.hub.machine.off_s = 0.0
        if not world.hub.up:
            world.hub.start()
        for till in world.tills:
            till.wire.weather = Weather()
            till.machine.off_s, till.machine.ntp = 0.0, True
            if till.counter is None:
                world.start_till(till)
        world.door.wire.weather = Weather()
        for _ in range(3):
            world.now += 10
            for till in world.tills:
                till.wire.deliver_late()
                assert till.counter is not None
                till.counter.exchange.drain()
                till.counter.redeemer.settle()
            world.door.wire.deliver_late()
            world.door.exchange.drain()


def _look_after(counter: Counter) -> None:
    """What the till's background does every few seconds."""
    counter.exchange.once()
    counter.redeemer.settle()


def scan_of(shown: Shown, *, nonce: str = "") -> Scan:
    """What staff typed and scanned."""
    return Scan(
        shown.taken.issued.token,
        "s1",
        nonce or shown.nonce,
        shown.basket_cents,
        member=shown.member,
        amount_cents=shown.amount_cents,
        reservation=shown.hold.nonce if shown.hold is not None else "",
    )
