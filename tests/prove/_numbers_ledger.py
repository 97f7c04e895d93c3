"""What stands of a shop's coupons after a journal, worked out plainly: fact after fact, coupon by coupon.

Written from what the books say of themselves (`hub/README.md`, "The counter"), not from the code that keeps them: an act is known
by its till and its nonce; the first acceptance of a coupon counts, every other one is a conflict; what is taken back counts no
more, and the next acceptance takes its place; of a voucher every part counts, and costs where it goes beyond its worth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HUB = "hub"


@dataclass(slots=True)
class Act:
    """A till's yes. `standing`: first, part, conflict or reversed. `cost`: what the shop lost by it, in cents."""

    place: int
    device: str
    nonce: str
    at: float
    fact: dict[str, Any]
    standing: str
    cost: int = 0

    @property
    def counts(self) -> bool:
        """Whether it stands in the sums."""
        return self.standing in ("first", "part")


@dataclass(slots=True)
class Back:
    """A reversal, whether or not its redemption has come."""

    at: float
    fact: dict[str, Any]


@dataclass(slots=True)
class Ledger:
    """The coupons of one shop."""

    issues: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    acts: dict[tuple[str, str], Act] = field(default_factory=dict)
    backs: dict[tuple[str, str], Back] = field(default_factory=dict)
    worth: dict[str, int] = field(default_factory=dict)

    def issued(self, at: float, fact: dict[str, Any]) -> None:
        """Somebody took a coupon. A serial is given once."""
        self.issues.setdefault(fact["serial"], (at, fact))

    def _of(self, serial: str, *standings: str) -> list[Act]:
        found = [
            act for act in self.acts.values() if act.fact["serial"] == serial and act.standing in standings
        ]
        return sorted(found, key=lambda act: act.place)

    def redeemed(self, place: int, event: dict[str, Any], fact: dict[str, Any]) -> None:
        """A till, or the hub for a till, said yes."""
        by_hub = event["device"] == HUB
        device = fact.get("asked_by") or HUB if by_hub else event["device"]
        nonce = fact["nonce"]
        same = self.acts.get((device, nonce))
        if same is not None:
            back = self.backs.get((device, nonce))
            again = (
                fact.get("offline", False)
                and not by_hub
                and same.standing == "reversed"
                and back is not None
                and back.fact["by"] == "manager"
                and (event["at"] > back.at or event["clock"] in ("unset", "restored"))
            )
            if not again:
                return
            nonce += "/again"
            if (device, nonce) in self.acts:
                return
        act = Act(place, device, nonce, _decided(event, fact), fact, "first")
        back = self.backs.get((device, nonce))
        serial = fact["serial"]
        if back is not None and back.fact["serial"] == serial:
            act.standing = "reversed"
        elif self._of(serial, "first"):
            act.standing, act.cost = "conflict", fact["value_cents"]
        elif fact.get("balance_cents") is not None:
            self._part(act, by_hub=by_hub)
        self.acts[device, nonce] = act

    def _part(self, act: Act, *, by_hub: bool) -> None:
        serial, spends = act.fact["serial"], act.fact["value_cents"]
        spent = self._spent(serial)
        told = spends + act.fact["balance_cents"]
        self.worth[serial] = spent + told if by_hub else max(told, self.worth.get(serial, 0))
        act.standing = "part"
        act.cost = min(spends, max(0, spent + spends - self.worth[serial]))

    def _spent(self, serial: str) -> int:
        return sum(act.fact["value_cents"] for act in self._of(serial, "part"))

    def reversed(self, event: dict[str, Any], fact: dict[str, Any]) -> None:
        """An act was taken back, by the till that did it or by the office."""
        device, of = fact["redeemed_by"], fact["of"]
        if event["device"] not in (HUB, device):
            return
        act = self.acts.get((device, of))
        if act is not None and act.standing == "reversed" and (device, of + "/again") in self.acts:
            of += "/again"
            act = self.acts[device, of]
        if (act is not None and act.fact["serial"] != fact["serial"]) or (device, of) in self.backs:
            return
        self.backs[device, of] = Back(_decided(event, fact), fact)
        if act is None:
            return
        stood, act.standing = act.standing, "reversed"
        serial = fact["serial"]
        if stood == "part":
            self._settle_voucher(act, serial)
            return
        act.cost = 0
        others = self._of(serial, "conflict")
        if stood == "first" and others:
            others[0].standing, others[0].cost = "first", 0

    def _settle_voucher(self, back: Act, serial: str) -> None:
        """As much was lost as was spent beyond the worth; the act that was taken back is freed of it first, then the latest."""
        lost = [act for act in self.acts.values() if act.fact["serial"] == serial and act.cost]
        over = sum(act.cost for act in lost) - max(0, self._spent(serial) - self.worth[serial])
        for act in sorted(lost, key=lambda one: (one is not back, -one.place)):
            less = max(0, min(over, act.cost))
            act.cost -= less
            over -= less


def _decided(event: dict[str, Any], fact: dict[str, Any]) -> float:
    told = fact.get("decided_at")
    at: float = event["at"]
    return at if told is None else min(at, told)
