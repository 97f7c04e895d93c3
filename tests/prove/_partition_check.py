"""A set-full checker, after Jepsen's: what became of every act at every till, told by the tills, against what the ledger says.

Pure. An act is acknowledged when a till has shown its verdict. `lost`: acknowledged, and not in the ledger. `duplicated`: what a
till accepted once stands there more than once. `double`: one coupon was accepted by several; physics allows it where a till was
cut off and the offer lets it decide alone, and then it has to be a conflict with its cost.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ACCEPTED = frozenset({"good", "note"})
"""Verdicts that give the customer something: by the hub, and on the till's own account."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One verdict at one till. Times are seconds of one clock for all tills."""

    device: str
    serial: str
    tone: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """One act of the ledger."""

    device: str
    nonce: str
    serial: str
    campaign: int
    offline: bool
    value_cents: int


@dataclass(frozen=True, slots=True)
class Told:
    """One conflict that a manager sees."""

    serial: str
    device: str
    cost_cents: int


@dataclass(slots=True)
class Balance:
    """What the comparison came to; everything in `wrong` has to be nothing."""

    wrong: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def bad(self, what: str, example: str, count: int = 1) -> None:
        """Something that may not be."""
        self.wrong[what] += count
        if len(self.examples) < 10:
            self.examples.append(f"{what}: {example}")


def compare(
    shown: Sequence[Shown],
    recorded: Sequence[Recorded],
    told: Iterable[Told],
    hub_only: frozenset[int],
    back_for: Mapping[str, float],
) -> Balance:
    """`hub_only`: campaigns that no till may accept alone. `back_for`: from when on a till has to know that its hub is back."""
    balance = Balance()
    accepted = Counter((one.device, one.serial) for one in shown if one.tone in ACCEPTED)
    rows: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
    by_serial: dict[str, list[Recorded]] = defaultdict(list)
    for act in recorded:
        rows[act.device, act.serial].append(act)
        by_serial[act.serial].append(act)
    for (device, serial), count in accepted.items():
        there = len(rows[device, serial])
        if there < count:
            balance.bad(
                "lost",
                f"{serial} was accepted {count} times at {device}, the ledger has {there}",
                count - there,
            )
    for (device, serial), acts in rows.items():
        if len(acts) > 1:
            balance.bad("duplicated", f"{serial} stands {len(acts)} times for {device}", len(acts) - 1)
        if acts and not accepted[device, serial]:
            balance.figures["recorded_and_not_shown"] += 1
    known = {one.serial for one in shown}
    for serial in by_serial.keys() - known:
        balance.bad("never", f"{serial} was never shown at a till")
    _doubles(balance, by_serial, list(told), hub_only)
    for one in shown:
        balance.figures[f"tone_{one.tone}"] += 1
        if one.tone == "note" and one.began >= back_for.get(one.device, float("inf")):
            balance.bad("alone though the hub was there", f"{one.serial} at {one.device}")
        if one.tone not in ("good", "note", "look", "no"):
            balance.bad("no verdict", f"{one.serial} at {one.device}: {one.tone}")
    balance.figures["acts"] = len(shown)
    balance.figures["in_ledger"] = len(recorded)
    balance.figures["coupons"] = len(known)
    return balance


def _doubles(
    balance: Balance,
    by_serial: Mapping[str, Sequence[Recorded]],
    told: Sequence[Told],
    hub_only: frozenset[int],
) -> None:
    conflicts: dict[str, list[Told]] = defaultdict(list)
    for conflict in told:
        conflicts[conflict.serial].append(conflict)
    for serial, acts in by_serial.items():
        by_hub = sum(not act.offline for act in acts)
        if by_hub > 1:
            balance.bad("double with the hub", f"{serial}: the hub accepted it {by_hub} times", by_hub - 1)
        if any(act.offline and act.campaign in hub_only for act in acts):
            balance.bad("alone where only the hub may", serial)
        if len(acts) > 1:
            balance.figures["doubled_while_cut_off"] += len(acts) - 1
        costs = Counter(conflict.cost_cents for conflict in conflicts[serial])
        # Which of them counts as the first is the hub's to say; all the others are what it cost.
        values = Counter(act.value_cents for act in acts)
        if costs.total() != len(acts) - 1 or costs - values:
            balance.bad("conflict not told", f"{serial}: {len(acts)} acts, {costs.total()} conflicts")
        balance.figures["conflicts_cost_cents"] += sum(cost * count for cost, count in costs.items())
    for serial in conflicts.keys() - by_serial.keys():
        balance.bad("conflict not told", f"{serial} is a conflict and was never redeemed")
