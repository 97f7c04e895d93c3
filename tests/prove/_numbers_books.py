"""Every number of the managers' pages once more, from the journal alone: slowly, plainly, one fact after the other.

It shares no code with `hub.figures`. It knows the figures by the names that `hub.figures.definitions` gives them, and makes each
as the sentence there says. A moment is put on the shop's wall clock by `zoneinfo`, and nothing is summed before it is asked for.

`wrong` names a mistake that is made on purpose: the proof shows that each would have been seen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub.wire.events import BadEvent, read_event, read_fact
from tests.prove._numbers_ledger import Ledger
from tests.prove._numbers_shops import NOW

WEEK_S = 7 * 86_400
MOST_IN_A_WINDOW = 1_000_000
RETURN_WITHIN_DAYS = 28

Cuts = dict[str, str]

Consent = tuple[float, bool, str]
"""When, whether it was given or taken back, and to what."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing that counts: of which family, where, when, under what, how much of each measure."""

    family: str
    shop: int
    local: datetime
    cuts: Cuts
    measures: dict[str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one figure. `key`: dimension to value. `filters`: dimension to the values that are wanted."""

    figure: str
    first: date
    last: date
    key: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Books:
    """What the journals of some shops say. `journals`: shop to its timezone and its events, in the hub's order."""

    def __init__(self, journals: Mapping[int, tuple[str, Sequence[bytes]]], wrong: str = "") -> None:
        self.wrong = wrong
        self.counted: dict[tuple[str, int, date], list[Counted]] = defaultdict(list)
        self.cohorts: dict[int, list[tuple[date, list[date]]]] = defaultdict(list)
        """Of each shop's members who still agree to something: when they first did, and on which days they were here."""
        self.events = 0
        self._sorted: dict[Hashable, dict[tuple[str | None, ...], list[Counted]]] = {}
        for shop, (timezone, texts) in journals.items():
            self._shop = shop
            self._zone = ZoneInfo("UTC" if wrong == "days of UTC" else timezone)
            self._timezone = timezone
            self._read(texts)

    def _local(self, at: float) -> datetime:
        if self.wrong == "clocks that are never changed":
            january = datetime(2026, 1, 15, tzinfo=self._zone).utcoffset()
            assert january is not None
            return datetime.fromtimestamp(at, UTC).replace(tzinfo=None) + january
        local = datetime.fromtimestamp(at, self._zone)
        if self.wrong == "an hour that comes twice, told once" and local.fold:
            local += timedelta(hours=1)
        return local.replace(tzinfo=None)

    def _count(self, family: str, at: float, cuts: Cuts, **measures: int) -> None:
        local = self._local(at)
        one = Counted(family, self._shop, local, cuts, measures)
        self.counted[family, self._shop, local.date()].append(one)

    def _read(self, texts: Sequence[bytes]) -> None:
        ledger, members, purchases = Ledger(), defaultdict[str, set[date]](set), set[str]()
        consents: dict[str, list[Consent]] = defaultdict(list)
        for place, event, fact in self._facts(texts):
            match event["kind"]:
                case "coupon.issued":
                    if self.wrong == "a coupon taken twice" and fact["serial"] in ledger.issues:
                        self._offer(event["at"], fact["campaign"], fact["channel"], taken=1)
                    ledger.issued(event["at"], fact)
                case "coupon.redeemed":
                    ledger.redeemed(place, event, fact)
                case "coupon.reversed" if self.wrong != "what was taken back still counts":
                    ledger.reversed(event, fact)
                case "purchase.paid":
                    if fact["id"] not in purchases or self.wrong == "a purchase that was told twice":
                        self._purchase(event, fact, members)
                    purchases.add(fact["id"])
                case "visit.closed":
                    self._visit(event, fact, members)
                case "consent.given" | "consent.withdrawn":
                    consents[fact["member"]].append(
                        (event["at"], event["kind"] == "consent.given", fact["purpose"])
                    )
                case kind:
                    self._plain(kind, event, fact)
        self._offers(ledger, members)
        self._members(consents, members)

    def _members(self, consents: dict[str, list[Consent]], members: dict[str, set[date]]) -> None:
        """Who joined and left, and on which days those who still agree to something were here; up to yesterday."""
        yesterday = datetime.fromtimestamp(NOW, self._zone).date() - timedelta(days=1)
        for member, told in consents.items():
            agreed = [at for at, given, _ in told if given]
            if not agreed:
                continue
            ends = [self._ended(told, purpose) for purpose in ("recognise", "messages")]
            stands = any(ended is None for ended in ends)
            left = max(ended for ended in ends if ended is not None) if not stands else 0.0
            for name, at in (("joined", min(agreed)), ("left", left)):
                if at > 0 and self._local(at).date() <= yesterday:
                    self._count("members", at, {}, **{name: 1})
            if stands:
                self.cohorts[self._shop].append((self._local(min(agreed)).date(), sorted(members[member])))
            for day in members[member] if stands else ():
                if day <= yesterday:
                    noon = datetime(day.year, day.month, day.day, 12, tzinfo=self._zone)
                    self._count("members", noon.timestamp(), {}, active=1)

    def _ended(self, told: list[Consent], purpose: str) -> float | None:
        """When somebody's agreement to something ended; None where it stands, nought where there was none."""
        given = max((at for at, is_given, what in told if is_given and what == purpose), default=-1.0)
        ended = max(
            (at for at, is_given, what in told if not is_given and what in (purpose, "all")), default=-1.0
        )
        return None if given > ended else ended if given >= 0 else 0.0

    def _facts(self, texts: Sequence[bytes]) -> Iterable[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Place, event and fact of all that can be understood."""
        if self.wrong == "late facts left out":
            texts = texts[: len(texts) * 19 // 20]
        if self.wrong == "facts that came twice":
            texts = [text for place, text in enumerate(texts) for _ in range(2 if place % 25 == 0 else 1)]
        for place, text in enumerate(texts, 1):
            self.events += 1
            event = json.loads(text)
            try:
                # What counts as a fact is the contract's to say.
                known = read_fact(read_event(text))
            except BadEvent:
                continue
            if known is None or (known.simulated and self.wrong == "simulated facts left out"):
                continue
            yield place, event, event["data"]

    def _visit(self, event: dict[str, Any], fact: dict[str, Any], members: dict[str, set[date]]) -> None:
        at = event["at"] if self.wrong == "visits when they ended" else fact["arrived_at"]
        dwell_ms = int(min(fact["dwell_s"], WEEK_S) * 1000 // 1)
        if self.wrong == "a device that was left behind":
            dwell_ms = int(fact["dwell_s"] * 1000)
        self._count("footfall", at, {"zone": fact["zone"]}, visits=1, dwell_ms=dwell_ms)
        if fact.get("known"):
            members[fact["known"]].add(self._local(fact["arrived_at"]).date())
            self._count("member_days", fact["arrived_at"], {"member": fact["known"]}, visits=1)

    def _purchase(self, event: dict[str, Any], fact: dict[str, Any], members: dict[str, set[date]]) -> None:
        cuts = {"staff": fact["staff"], "till": fact["till"]}
        self._count("purchases", event["at"], cuts, purchases=1, sales_cents=fact["cents"])
        if fact.get("member"):
            members[fact["member"]].add(self._local(event["at"]).date())
            member = {"member": fact["member"]}
            self._count("member_days", event["at"], member, purchases=1, cents=fact["cents"])

    def _plain(self, kind: str, event: dict[str, Any], fact: dict[str, Any]) -> None:
        at = event["at"]
        match kind:
            case "occupancy.measured":
                people, low, high = (int(fact[name] * 1000 // 1) for name in ("people", "low", "high"))
                most = int(fact["people"] * 1000)
                self._count(
                    "present",
                    at,
                    {"zone": fact["zone"]},
                    windows=1,
                    people=people,
                    low=low,
                    high=high,
                    most=most,
                )
            case "street.counted":
                middle = at if self.wrong == "a window when it ended" else max(0.0, at - fact["window_s"] / 2)
                passers, entrants = (min(fact[name], MOST_IN_A_WINDOW) for name in ("passers", "entrants"))
                near = passers + entrants
                self._count(
                    "street", middle, {"zone": fact["zone"]}, passers=passers, entrants=entrants, near=near
                )
            case "portal.joined":
                known = int(bool(fact.get("member")))
                self._count("guests", at, {"way": fact["way"]}, joined=1, known=known)
            case "offer.seen":
                self._offer(at, fact["campaign"], fact["channel"], opened=1)
            case "offer.shown":
                times = min(fact["times"], MOST_IN_A_WINDOW)
                self._offer(at, fact["campaign"], fact["channel"], shown=times)
            case "coupon.refused":
                self._offer(at, fact.get("campaign") or 0, "", fact["staff"], fact["till"], refused=1)

    def _offer(
        self,
        at: float,
        campaign: int,
        channel: str,
        staff: str = "",
        till: str = "",
        **measures: int,
    ) -> None:
        cuts = {"campaign": str(campaign), "channel": channel, "staff": staff, "till": till}
        self._count("offers", at, cuts, **measures)

    def _baskets(self, ledger: Ledger) -> dict[int, dict[str, int]]:
        """What was paid with coupons, by the place of the act where it stands. A purchase with several coupons stands where the
        earliest does that knows its sum: once for each campaign (`baskets`), and once in all (`baskets_once`)."""
        seen: set[tuple[str, object]] = set()
        found: dict[int, dict[str, int]] = {}
        for act in sorted(ledger.acts.values(), key=lambda one: (one.at, one.device, one.nonce)):
            cents = act.fact.get("basket_cents")
            if not act.counts or cents is None:
                continue
            purchase = act.fact.get("purchase") or f"alone {act.place}"
            if self.wrong == "every coupon a purchase of its own":
                purchase = f"alone {act.place}"
            sums = found.setdefault(act.place, {})
            for name, key in (("", (purchase, act.fact["campaign"])), ("_once", (purchase, None))):
                if key not in seen:
                    seen.add(key)
                    sums |= {f"baskets{name}": 1, f"earned{name}_cents": cents}
        return found

    def _offers(self, ledger: Ledger, members: dict[str, set[date]]) -> None:
        for at, fact in ledger.issues.values():
            self._offer(at, fact["campaign"], fact["channel"], taken=1)
        for act in ledger.acts.values():
            if act.counts and act.fact.get("member"):
                members[act.fact["member"]].add(self._local(act.at).date())
                # What was paid with the coupon is that of its purchase, where the till names one.
                cents = 0 if act.fact.get("purchase") else act.fact.get("basket_cents") or 0
                member = {"member": act.fact["member"]}
                self._count("member_days", act.at, member, redemptions=1, cents=cents)
        baskets = self._baskets(ledger)
        for act in ledger.acts.values():
            fact, serial = act.fact, act.fact["serial"]
            issue = ledger.issues.get(serial)
            channel = (
                "" if issue is None or self.wrong == "redemptions without a channel" else issue[1]["channel"]
            )
            where = (fact["campaign"], channel, fact["staff"], fact["till"])
            if act.counts or (self.wrong == "a second acceptance counts" and act.standing == "conflict"):
                day = self._local(act.at).date()
                days = members[fact["member"]] if fact.get("member") else ()
                soonest = 0 if self.wrong == "back on the same day" else 1
                self._offer(
                    act.at,
                    *where,
                    redeemed=1,
                    alone=int(fact.get("offline", False)),
                    given_cents=fact["value_cents"],
                    **baskets.get(act.place, {}),
                    returned=int(any(soonest <= (other - day).days <= RETURN_WITHIN_DAYS for other in days)),
                )
            if act.standing == "conflict" or act.cost:
                self._offer(act.at, *where, conflicts=1, conflict_cents=act.cost)
        for (device, of), back in ledger.backs.items():
            act_back = ledger.acts.get((device, of))
            issue = ledger.issues.get(back.fact["serial"])
            channel = issue[1]["channel"] if issue is not None else ""
            # A reversal that names another coupon, and came before its redemption, took nothing back.
            if act_back is not None and act_back.fact["serial"] == back.fact["serial"]:
                self._offer(
                    back.at, back.fact["campaign"], channel, back.fact["staff"], back.fact["till"], reversed=1
                )

    def find(self, family: str, asked: Asked) -> list[Counted]:
        """What counts for a question."""
        by = tuple(asked.key)
        question = (family, asked.first, asked.last, tuple(sorted(asked.filters.items())), by)
        if question not in self._sorted:
            # Looked through once for all numbers of a table.
            groups: dict[tuple[str | None, ...], list[Counted]] = defaultdict(list)
            for one in self._within(family, asked):
                groups[tuple(cut_of(one, name) for name in by)].append(one)
            self._sorted[question] = groups
        return self._sorted[question].get(tuple(asked.key.values()), [])

    def _within(self, family: str, asked: Asked) -> Iterable[Counted]:
        shops = {int(one) for one in asked.filters.get("shop", ())}
        if self.wrong == "a stranger's facts":
            shops |= {shop for _, shop, _ in self.counted}
        wanted = {name: values for name, values in asked.filters.items() if name != "shop" and values}
        if self.wrong == "a filter that is forgotten":
            wanted = {}
        for (of, shop, day), those in self.counted.items():
            if of == family and shop in shops and asked.first <= day <= asked.last:
                for one in those:
                    # What has no such cut is not narrowed by it.
                    if all(
                        name not in one.cuts or one.cuts[name] in values for name, values in wanted.items()
                    ):
                        yield one


_TIMES: dict[str, Callable[[datetime], str]] = {
    "day": lambda local: local.date().isoformat(),
    "week": lambda local: (local.date() - timedelta(days=local.weekday())).isoformat(),
    "month": lambda local: local.date().replace(day=1).isoformat(),
    "hour": lambda local: str(local.hour),
    "weekday": lambda local: str(local.weekday()),
    "weekhour": lambda local: str(local.weekday() * 24 + local.hour),
}


def cut_of(one: Counted, dimension: str) -> str | None:
    """What a thing is under, by a dimension; None where it has no such dimension."""
    if dimension == "shop":
        return str(one.shop)
    if dimension in _TIMES:
        return _TIMES[dimension](one.local)
    return one.cuts.get(dimension)
