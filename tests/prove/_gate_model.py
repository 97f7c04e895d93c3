"""What the gate ought to answer and hold, written a second time without any of its code: a judge of messages, and a model."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

LARGEST = 262_144
MONTH_S = 31 * 86_400
GRACE_S = 900
MOST_LIMITS = 32
NETWORK, OWN = IPv4Network("10.77.0.0/24"), IPv4Address("10.77.0.1")

Limits = tuple[int, int, int]
"""Down and up per second, volume."""

NO_LIMITS: Limits = (0, 0, 0)
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_IP = re.compile(r"(0|[1-9][0-9]{0,2})([.](0|[1-9][0-9]{0,2})){3}")


class _Wrong(Exception):
    """Outside the grammar."""


def judge(text: bytes) -> dict[str, Any] | None:
    """The message as plain JSON where it is one of the six verbs, None where it is not."""
    if len(text) > LARGEST:
        return None
    try:
        # Where a name stands twice each of its values has to do; the last one counts (RFC 8259, 4).
        firsts, lasts = (
            _verb(
                json.loads(
                    text.decode(), parse_constant=_no_constant, parse_float=_Float, object_pairs_hook=made
                )
            )
            for made in (_with_the_first, dict)
        )
        return lasts if firsts["type"] == lasts["type"] else None
    except (_Wrong, ValueError, RecursionError):
        return None


def _with_the_first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


class _Float(float):
    """A number with a point or an exponent: never an integer here."""


def _no_constant(_: str) -> None:
    raise _Wrong


def _verb(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise _Wrong
    kind = said.get("type")
    if kind == "let-in":
        _keys(said, {"type", "stays"})
        for stay in _list(said["stays"]):
            _keys(stay, {"phone", "seconds"}, frozenset({"limits"}))
            _phone(stay["phone"])
            _number(stay["seconds"], 1, MONTH_S)
            _limits(stay.get("limits", {}))
    elif kind == "end":
        _keys(said, {"type", "phones"})
        for phone in _list(said["phones"]):
            _phone(phone)
    elif kind == "limits":
        _keys(said, {"type", "phone", "limits"})
        _phone(said["phone"])
        _limits(said["limits"])
    elif kind in ("list", "reload", "health"):
        _keys(said, {"type"})
    else:
        raise _Wrong
    return said


def _keys(said: Any, needed: set[str], also: frozenset[str] = frozenset()) -> None:
    if not isinstance(said, dict) or not needed <= said.keys() <= needed | also:
        raise _Wrong


def _list(said: Any) -> list[Any]:
    if not isinstance(said, list) or not 1 <= len(said) <= 1_024:
        raise _Wrong
    return said


def _number(said: Any, low: int, high: int) -> None:
    if type(said) is not int or not low <= said <= high:
        raise _Wrong


def _phone(said: Any) -> None:
    _keys(said, {"mac", "ip"})
    mac, ip = said["mac"], said["ip"]
    if not isinstance(mac, str) or not _MAC.fullmatch(mac):
        raise _Wrong
    if not isinstance(ip, str) or not _IP.fullmatch(ip) or any(int(part) > 255 for part in ip.split(".")):
        raise _Wrong


def _limits(said: Any) -> None:
    _keys(said, set(), frozenset({"down_per_s", "up_per_s", "volume"}))
    for name, value in said.items():
        _number(value, 0, 2**50 if name == "volume" else 2**40)


def limits_of(said: dict[str, Any]) -> Limits:
    """Limits as a triple."""
    return said.get("down_per_s", 0), said.get("up_per_s", 0), said.get("volume", 0)


@dataclass
class Held:
    """A stay of the model: whose, until when, within which limits.

    The kernel began to count between question and answer, so its end is known as a span: `low` to `ends`.
    """

    mac: str
    low: float
    ends: float
    limits: Limits


@dataclass
class Model:
    """Who is in or remembered, by address. Times are seconds of the caller's clock."""

    by_ip: dict[str, Held] = field(default_factory=dict)

    def expected(self, said: dict[str, Any] | None, asked: float, now: float) -> str:
        """What the answer of now ought to be, as `done 3` or a refusal's code; the model takes the change."""
        if said is None:
            return "bad-message"
        self.by_ip = {ip: held for ip, held in self.by_ip.items() if held.ends + GRACE_S > now}
        match said["type"]:
            case "let-in":
                return self._let_in(said["stays"], asked, now)
            case "end":
                return self._end(said["phones"])
            case "limits":
                return self._limit(said["phone"], limits_of(said["limits"]), now)
            case "reload":
                return f"done {len(self.live(now))}"
            case kind:
                return str(kind)

    def live(self, now: float) -> dict[str, Held]:
        """Who is in."""
        return {ip: held for ip, held in self.by_ip.items() if held.ends > now}

    def _let_in(self, stays: list[dict[str, Any]], asked: float, now: float) -> str:
        if not all(ours(stay["phone"]["ip"]) for stay in stays):
            return "not-ours"
        wanted = {limits_of(stay.get("limits", {})) for stay in stays}
        if self._too_many(wanted, now):
            return "full"
        for stay in stays:
            phone = stay["phone"]
            limits = limits_of(stay.get("limits", {}))
            self.by_ip[phone["ip"]] = Held(
                phone["mac"], asked + stay["seconds"], now + stay["seconds"], limits
            )
        return f"done {len({stay['phone']['ip'] for stay in stays})}"

    def _end(self, phones: list[dict[str, Any]]) -> str:
        if not all(ours(phone["ip"]) for phone in phones):
            return "not-ours"
        gone = {
            phone["ip"]
            for phone in phones
            if phone["ip"] in self.by_ip and self.by_ip[phone["ip"]].mac == phone["mac"]
        }
        for ip in gone:
            del self.by_ip[ip]
        return f"done {len(gone)}"

    def _limit(self, phone: dict[str, Any], limits: Limits, now: float) -> str:
        if not ours(phone["ip"]):
            return "not-ours"
        held = self.by_ip.get(phone["ip"])
        if held is None or held.mac != phone["mac"] or held.ends <= now:
            return "not-in"
        if self._too_many({limits}, now):
            return "full"
        held.limits = limits
        return "done 1"

    def _too_many(self, wanted: set[Limits], now: float) -> bool:
        return len({NO_LIMITS} | wanted | {held.limits for held in self.live(now).values()}) > MOST_LIMITS


def ours(ip: str) -> bool:
    """Whether a guest may have it."""
    address = IPv4Address(ip)
    return (
        address in NETWORK
        and address not in (NETWORK.network_address, NETWORK.broadcast_address)
        and address != OWN
    )
