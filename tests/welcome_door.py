"""A door in memory for the pop-up's tests: a keeper and ways that obey the rules of the real ones, and an application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from flask import Flask, request
from storefront_desk import NOW, FakeDesk, little_shop

from edge.gate.protocol import Limits, Phone
from edge.portal.guests import NO_LIMITS, Grant, Guest, Standing, State, WayIn
from edge.portal.keeper import GateSilent, whose
from edge.portal.ways.entry import Admitted, CodeSent, Entry, NotYet
from edge.portal.welcome.notes import Notes, nobody
from edge.portal.welcome.pages import Welcome, create_welcome, foot_links
from hub.storefront import create_storefront

HERE = "127.0.0.1"
CODE = "7K2M9QXTR4WD5B0C"
"""What a new member gets."""

MEMBER = "5a" * 16
"""Whom every code stands for."""

SMS_CODE = "493027"


@dataclass
class FakeKeeper:
    """A gate without a kernel: each address has its phone, and whoever is let in stays in until the end of the grant."""

    has_gate: bool = True
    internet: bool = True
    silent: bool = False
    strangers: set[str] = field(default_factory=set)
    macs: dict[str, str] = field(default_factory=dict)
    stays: dict[str, Standing] = field(default_factory=dict)
    let: list[tuple[str, Grant]] = field(default_factory=list)

    def _alive(self) -> None:
        if self.silent:
            raise GateSilent("The gate does not answer.")

    def phone_at(self, ip: str) -> Phone | None:
        return None if ip in self.strangers else Phone(self.macs.get(ip, "02:00:00:00:00:01"), ip)

    def phone_seen(self, ip: str) -> Phone | None:
        return self.phone_at(ip)

    def standing(self, ip: str, now: float) -> Standing:
        found = self.stays.get(ip, Standing(State.HELD))
        if found.state is State.IN and found.until <= now:
            found = Standing(State.EXPIRED)
        return replace(found, internet=self.internet)

    def let_in(self, ip: str, grant: Grant, now: float) -> Standing:
        self._alive()
        left = grant.limits.volume or None
        self.stays[ip] = Standing(State.IN, now + grant.seconds, left, grant.extensions > 0, grant=grant)
        self.let.append((ip, grant))
        return self.stays[ip]

    def extend(self, ip: str, now: float) -> Standing:
        self._alive()
        stay = self.standing(ip, now)
        if stay.state is State.IN and stay.grant and stay.can_extend:
            grant = replace(stay.grant, extensions=stay.grant.extensions - 1)
            self.stays[ip] = replace(
                stay, until=stay.until + grant.seconds, can_extend=grant.extensions > 0, grant=grant
            )
        return self.standing(ip, now)

    def end(self, phone: Phone, now: float) -> None:
        self._alive()
        self.stays.pop(phone.ip, None)

    def prolong(self, phone: Phone, seconds: int, now: float) -> Standing:
        raise NotImplementedError

    def limit(self, phone: Phone, limits: Limits, now: float) -> None:
        raise NotImplementedError

    def guests(self, now: float) -> list[Guest]:
        return [Guest(self.phone_at(ip), stay) for ip, stay in self.stays.items()]


@dataclass
class FakeWays:
    """Ways in without a disk: click, one code of a receipt, one number, and members."""

    ways: tuple[WayIn, ...] = ("click", "member")
    seconds: int = 3_600
    extensions: int = 1
    limits: Limits = NO_LIMITS
    entries: list[Entry] = field(default_factory=list)
    joined: list[Entry] = field(default_factory=list)
    members: set[str] = field(default_factory=set)
    broken: bool = False

    def offered(self) -> tuple[WayIn, ...]:
        return self.ways

    def enter(self, entry: Entry, now: float) -> Admitted | CodeSent | NotYet:
        self.entries.append(entry)
        if entry.way == "sms" and not entry.handle:
            if not entry.phone_number.startswith("+"):
                return NotYet(
                    "wrong-number", {"en": "That is no phone number.", "zh": "这不是有效的电话号码。"}
                )
            return CodeSent("h-1", f"{entry.phone_number[:4]}…{entry.phone_number[-2:]}")
        if entry.way == "sms" and entry.typed != SMS_CODE:
            return NotYet(
                "wrong-code", {"en": "The code is another one.", "zh": "验证码不对。"}, handle=entry.handle
            )
        if entry.way in ("code", "coupon", "member") and entry.typed.replace(" ", "") not in {
            "RECEIPT",
            *self.members,
        }:
            sentence = {
                "en": "Nobody knows this code. Look at it once more.",
                "zh": "没有这个代码，请再看一下。",
            }
            return NotYet("wrong-code", sentence, wait_s=3 if len(self.entries) > 3 else 0)
        member = MEMBER if entry.way == "member" else ""
        return Admitted(Grant(entry.way, self.seconds, self.limits, self.extensions, member))

    def opened(self, entry: Entry, admitted: Admitted, now: float) -> str:
        if self.broken:
            raise OSError("the disk is full")
        self.joined.append(entry)
        if not entry.remember:
            return ""
        self.members.add(CODE)
        return CODE

    def forget(self, typed: str, now: float) -> bool:
        known = typed.replace(" ", "") in self.members
        self.members.discard(typed.replace(" ", ""))
        return known


@dataclass
class Door:
    """One door: everything that the pages work with."""

    desk: FakeDesk = field(default_factory=little_shop)
    keeper: FakeKeeper = field(default_factory=FakeKeeper)
    ways: FakeWays = field(default_factory=FakeWays)
    clock: list[float] = field(default_factory=lambda: [NOW])
    ssid: str = "Corner Shop"
    contact: str = ""
    random: Callable[[int], bytes] = lambda count: bytes(range(count))
    notes: Notes = field(default_factory=lambda: Notes(nobody))
    welcome: Welcome = field(init=False)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        self.welcome = Welcome(
            self.desk,
            self.keeper,
            self.ways,
            lambda: self.clock[0],
            random=self.random,
            ssid=self.ssid,
            contact=self.contact,
            notes=self.notes,
        )
        self.app = Flask("door")
        self.app.register_blueprint(create_welcome(self.welcome))
        self.app.register_blueprint(
            create_storefront(
                self.desk,
                now=lambda: self.clock[0],
                inline_style=True,
                home="/offers",
                foot_links=foot_links,
                whose=lambda: whose(self.keeper, request.remote_addr or "", self.clock[0]),
            )
        )
