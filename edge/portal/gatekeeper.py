"""The keeper of a portal with an access point: what the gate says, kept in memory so that a probe waits for nothing.

The gate's table is in the kernel and is the truth. `refresh` reads it every second; what this portal changes itself it knows at
once. Grants (by which way, how many extensions are left) are here only: after a restart of the portal whoever was in stays in
until the end that the kernel knows, and comes in again by the page after it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from edge.gate.client import GateError
from edge.gate.protocol import (
    LONGEST_S,
    Answer,
    Ask,
    AskHealth,
    Done,
    End,
    Guests,
    Health,
    Inside,
    LetIn,
    Limits,
    ListGuests,
    Phone,
    Refused,
    SetLimits,
    Stay,
)
from edge.portal.arp import neighbours
from edge.portal.guests import NOBODY, Grant, Guest, Standing, State
from edge.portal.keeper import GateSilent

logger = logging.getLogger(__name__)

EVERY_S = 1.0
"""How old what is known may be: an end by staff or by the clock shows within two seconds."""

GATE_BACK_WITHIN_S = 2.0
"""A gate that was killed is back by then; whoever sent a form waits rather than being told to try again."""

TRY_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Condition:
    """How the gate is, for the list of warnings. `why` is its last sentence; `silent_since` in seconds of UTC."""

    silent_since: float | None = None
    why: str = ""
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class _Granted:
    grant: Grant
    left: int


@dataclass(frozen=True, slots=True)
class _Known:
    """One phone as the gate told it; `until` in seconds of UTC, 0 where its stay has ended."""

    phone: Phone
    until: float
    used: int
    limits: Limits


class GateKeeper:
    """Keeps the guests by asking the gate. `ask` is `edge.gate.client.GateClient.ask`.

    `macs` tells who has which address now.
    """

    has_gate = True

    def __init__(self, ask: Callable[[Ask], Answer], macs: Callable[[], dict[str, str]] = neighbours) -> None:
        self._carry = ask
        self._macs = macs
        self._lock = threading.Lock()
        self._changes = 0
        self._granted: dict[Phone, _Granted] = {}
        # These three are replaced, never changed, so that they are read without the lock.
        self._known: dict[str, _Known] = {}
        self._seen: dict[str, str] = {}
        self._nobody = NOBODY
        self._condition = Condition()

    # What is asked for every request

    def phone_at(self, ip: str) -> Phone | None:
        """The phone at an address of the guest network; None where there is none, such as for a request of this machine."""
        mac = self._macs().get(ip)
        return None if mac is None else Phone(mac, ip)

    def phone_seen(self, ip: str) -> Phone | None:
        """The same as of a second ago at most, for what is asked with every page; never for what opens the gate."""
        seen = self._seen
        if ip not in seen:
            # A new phone. Reading the table costs more than a page from memory, so one reading serves all that are new.
            self._seen = seen = self._macs()
        mac = seen.get(ip)
        return None if mac is None else Phone(mac, ip)

    def standing(self, ip: str, now: float) -> Standing:
        """How the phone at this address stands, as of a second ago at most; never raises, asks nobody."""
        known = self._known.get(ip)
        if known is None or self._seen.get(ip, known.phone.mac) != known.phone.mac:
            return self._nobody
        return self._standing_of(known, now)

    def condition(self) -> Condition:
        """How the gate is."""
        return self._condition

    # What the pages do

    def let_in(self, ip: str, grant: Grant, now: float) -> Standing:
        """Let it through; GateSilent where that cannot be done."""
        phone = self.phone_at(ip)
        if phone is None:
            raise GateSilent("This device is not on the guest network, so the gate cannot open for it.")
        before = self._known.get(ip)
        if grant.limits.volume and before is not None and before.phone == phone and before.until > now:
            # The gate goes on counting for a phone that is in, and a new grant is a new volume.
            self.end(phone, now)
        return self._open(phone, grant.seconds, grant.limits, _Granted(grant, grant.extensions), now)

    def extend(self, ip: str, now: float) -> Standing:
        """As long again and as much again, where its grant allows one more; else as it stands."""
        standing, known = self.standing(ip, now), self._known.get(ip)
        granted = self._granted.get(known.phone) if known is not None else None
        if known is None or granted is None or not standing.can_extend:
            return standing
        grant, limits = granted.grant, known.limits
        left_s = max(0.0, known.until - now) if standing.state is State.IN else 0.0
        if limits.volume and grant.limits.volume:
            # Whoever is in goes on being counted, whoever was out begins at nothing.
            before = limits.volume if standing.state is State.IN else 0
            limits = Limits(limits.down_per_s, limits.up_per_s, before + grant.limits.volume)
            if not before:
                self.end(known.phone, now)
        return self._open(
            known.phone, round(left_s) + grant.seconds, limits, _Granted(grant, granted.left - 1), now
        )

    def end(self, phone: Phone, now: float) -> None:  # noqa: ARG002
        """End its stay; GateSilent where that cannot be done."""
        self._ask(End((phone,)))
        with self._lock:
            self._changes += 1
            self._granted.pop(phone, None)
            if phone.ip in self._known and self._known[phone.ip].phone == phone:
                self._known = {ip: known for ip, known in self._known.items() if ip != phone.ip}

    def prolong(self, phone: Phone, seconds: int, now: float) -> Standing:
        """Staff give so many seconds more, whatever the grant says."""
        known = self._known.get(phone.ip)
        if known is None or known.phone != phone:
            return self._open(phone, seconds, Limits(), None, now)
        left_s = max(0.0, known.until - now)
        return self._open(phone, round(left_s) + seconds, known.limits, self._granted.get(phone), now)

    def limit(self, phone: Phone, limits: Limits, now: float) -> None:  # noqa: ARG002
        """Staff set other limits."""
        self._ask(SetLimits(phone, limits))
        with self._lock:
            self._changes += 1
            known = self._known.get(phone.ip)
            if known is not None and known.phone == phone:
                self._known = {**self._known, phone.ip: replace(known, limits=limits)}

    def guests(self, now: float) -> list[Guest]:
        """Who is in, and who was a short while ago; by address. GateSilent where the gate does not answer."""
        told = self._ask(ListGuests())
        inside = told.guests if isinstance(told, Guests) else ()
        rows = [
            Guest(one.phone, self._standing_of(_known(one, now), now), one.used, one.limits) for one in inside
        ]
        return sorted(rows, key=lambda row: (IPv4Address(row.phone.ip), row.phone.mac))

    # What is read of the gate

    def refresh(self, now: float) -> None:
        """Read the gate's list and its health; where it is silent, what was known last goes on to hold."""
        seen, changes = self._macs(), self._changes
        try:
            told, health = self._carry(ListGuests()), self._carry(AskHealth())
        except GateError as wrong:
            self._gone(wrong.sentence, now)
            self._seen = seen
            return
        if not isinstance(told, Guests) or not isinstance(health, Health):
            refused = told if isinstance(told, Refused) else health
            self._gone(refused.sentence if isinstance(refused, Refused) else "It gave a strange answer.", now)
            return
        with self._lock:
            self._seen = seen
            self._condition = Condition(health=health)
            self._nobody = Standing(State.HELD, internet=health.upstream, calm=health.offline == "calm")
            if self._changes != changes:
                # Somebody was let in or out since the gate made its list; the next one has it.
                return
            self._known = _by_address(told.guests, seen, now)
            phones = {one.phone for one in told.guests}
            self._granted = {phone: granted for phone, granted in self._granted.items() if phone in phones}

    def _standing_of(self, known: _Known, now: float) -> Standing:
        granted = self._granted.get(known.phone)
        volume = known.limits.volume
        octets_left = max(0, volume - known.used) if volume else None
        # Whoever has used all gets nothing through the gate any more: to that phone it is an end like any other.
        state = State.IN if known.until > now and octets_left != 0 else State.EXPIRED
        return Standing(
            state,
            until=known.until if state is State.IN else 0.0,
            octets_left=octets_left,
            can_extend=granted is not None and granted.left > 0,
            internet=self._nobody.internet,
            calm=self._nobody.calm,
            grant=granted.grant if granted is not None else None,
        )

    def _open(
        self, phone: Phone, seconds: int, limits: Limits, granted: _Granted | None, now: float
    ) -> Standing:
        seconds = max(1, min(seconds, LONGEST_S))
        self._ask(LetIn((Stay(phone, seconds, limits),)))
        with self._lock:
            self._changes += 1
            before = self._known.get(phone.ip)
            goes_on = before is not None and before.phone == phone and before.until > now
            used = before.used if before is not None and goes_on else 0
            known = _Known(phone, now + seconds, used, limits)
            self._known = {**self._known, phone.ip: known}
            self._seen = {**self._seen, phone.ip: phone.mac}
            if granted is not None:
                self._granted = {**self._granted, phone: granted}
        return self._standing_of(known, now)

    def _ask(self, message: Ask) -> Answer:
        until = time.monotonic() + GATE_BACK_WITHIN_S
        while True:
            try:
                told = self._carry(message)
                break
            except GateError as wrong:
                if time.monotonic() + TRY_EVERY_S > until:
                    logger.warning("gate silent=%s", wrong.sentence)
                    raise GateSilent(wrong.sentence) from wrong
                time.sleep(TRY_EVERY_S)
        if isinstance(told, Refused):
            logger.warning("gate refused=%s", told.code)
            raise GateSilent(told.sentence)
        if not isinstance(told, Guests if isinstance(message, ListGuests) else Done):
            raise GateSilent("The gate gave a strange answer.")
        return told

    def _gone(self, why: str, now: float) -> None:
        before = self._condition
        since = now if before.silent_since is None else min(before.silent_since, now)
        self._condition = Condition(since, why, before.health)


def _known(inside: Inside, now: float) -> _Known:
    until = now + inside.seconds_left if inside.seconds_left > 0 else 0.0
    return _Known(inside.phone, until, inside.used, inside.limits)


def _by_address(guests: tuple[Inside, ...], seen: dict[str, str], now: float) -> dict[str, _Known]:
    """One phone for each address: the one that has it now, else the one whose stay lasts longest."""
    found: dict[str, _Known] = {}
    for one in sorted(guests, key=lambda one: (seen.get(one.phone.ip) == one.phone.mac, one.seconds_left)):
        found[one.phone.ip] = _known(one, now)
    return found


class Watching:
    """Refreshes a keeper every second, in a thread of its own, until it is closed."""

    def __init__(self, keeper: GateKeeper, now: Callable[[], float], every_s: float = EVERY_S) -> None:
        self._keeper = keeper
        self._now = now
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gate", daemon=True)

    def begin(self) -> None:
        """Look once, so that the first probe is answered right, then go on beside."""
        self._keeper.refresh(self._now())
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _watch(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self._keeper.refresh(self._now())
            except Exception:
                # It must go on: a thread that ends would leave every guest as they stood then.
                logger.exception("gate watch failed")
