"""Points and value: what is in all purses, what was paid and taken in, by which rules; an act taken back, a gift for a member."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.purse.balances import balances, rules_now
from hub.purse.moves import grant, take_back_as_manager
from hub.purse.returning import bring_back
from hub.purse.ruling import set_rules
from hub.purse.typed import CARDS, TIERS, as_typed, read_rules
from hub.roles import Right
from hub.sentences import Said, said
from hub.store.purse_records import POINTS, STORED
from hub.typed import Typed, read_cents
from hub.wire.events import ClockState
from hub.wire.purse_rules import PurseRules, day_of, smallest, worth
from hub.wire.refusals import sentence

SHOWN = 100
BOUGHT = 10
CHECKED_AT_ONCE = 50_000
"""Moves that are added up while somebody waits for the page."""

DAY_S = 86_400.0
_NONCE = re.compile(r"[0-9a-f]{32}")
_WHOLE = re.compile(r"[0-9]{1,7}")
_DEVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def overview(office: Office) -> Response:
    """What is in the purses, what happened, what to look at."""
    return _overview(office, {}, 200)


def _overview(office: Office, faults: Mapping[str, Said], status: int, **values: Any) -> Response:
    store, now = office.store, office.now()
    rules = rules_now(store, now)
    if rules is None:
        return office.page("purses.html", status, rules=None, faults=faults)
    first, end = day_of(now, rules.timezone)
    totals = store.purse.totals_at_once()
    names = {one.id: one.name for one in store.people.staff()}
    of_all = totals.get(("member", "", POINTS), 0)
    acts = [
        act for act in store.purse.acts_between(now - 90 * DAY_S, now + DAY_S, SHOWN) if act.why != "import"
    ]
    today = [act for act in acts if first <= act.at < end and not act.reversed]
    return office.page(
        "purses.html",
        status,
        rules=rules,
        faults=faults,
        points=of_all,
        worth_cents=worth(rules, of_all),
        stored_cents=totals.get(("member", "", STORED), 0),
        gift_cents=totals.get(("gift", "", STORED), 0),
        run_out=totals.get(("shop", "run-out", POINTS), 0),
        spent_cents=sum(act.cents for act in today if act.why == "spent"),
        taken=_taken(today, names),
        acts=acts,
        names=names,
        act_id=os.urandom(16).hex(),
        now=now,
        checked=None if store.purse.has_moves(CHECKED_AT_ONCE) else store.purse.check(),
        **{"wrong_act": "", **values},
    )


def _taken(today: list[Any], names: Mapping[str, str]) -> list[tuple[str, int]]:
    """What each took in for purses today."""
    found: dict[str, int] = {}
    for act in today:
        if act.why == "topup":
            found[act.staff] = found.get(act.staff, 0) + act.cents
    return sorted(
        ((names.get(staff, staff), cents) for staff, cents in found.items()), key=lambda one: -one[1]
    )


@needs(Right.CAMPAIGN_PUBLISH)
def back(office: Office) -> Response:
    """A manager takes an act back."""
    device, nonce = request.form.get("device", ""), request.form.get("nonce", "")[:200]
    act_id, reason = request.form.get("act_id", ""), " ".join(request.form.get("reason", "").split())[:200]
    if not _NONCE.fullmatch(act_id) or not _DEVICE.fullmatch(device):
        abort(400)
    if not reason:
        faults = {f"reason-{nonce}": said("Say why it is taken back.")}
        return _overview(office, faults, 422, wrong_act=nonce)
    with office.store.writing():
        moved = take_back_as_manager(
            office.store,
            device,
            nonce,
            manager=office.who(),
            reason=reason,
            act_id=act_id,
            now=office.now(),
            clock=office.clock(),
        )
        if moved.refusal is None:
            office.note("purse.reversed", f"{device}/{nonce}"[:200])
    if moved.refusal is not None:
        spoken = sentence(moved.refusal, office.wording().locale.language)
        return _overview(office, {f"reason-{nonce}": said("%(why)s", why=spoken)}, 409, wrong_act=nonce)
    return back_to("purses", "purse-back")


def rules_page(office: Office) -> Response:
    """The form with what holds now."""
    rules = rules_now(office.store, office.now())
    return _form(office, as_typed(rules or _proposed(office)), {}, rules)


@needs(Right.SHOP)
def rules_save(office: Office) -> Response:
    """Take in what was changed; for purchases from now on."""
    before = rules_now(office.store, office.now())
    base = before or _proposed(office)
    typed = {name: request.form.get(name, "").strip()[:200] for name in as_typed(base)}
    read = read_rules(Typed(typed), base, office.shop(), lambda: f"card-{os.urandom(4).hex()}")
    if isinstance(read, dict):
        return _form(office, typed, read, before)
    old = msgspec.to_builtins(before) if before is not None else {}
    new = msgspec.to_builtins(read)
    changed = {
        name: {"before": old.get(name), "after": new.get(name)}
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    }
    if changed or before is None:
        with office.store.writing():
            set_rules(office.store, read, office.who(), office.now(), office.clock())
            office.note("purse.ruled", "shop", changes=changed)
    return back_to("purses", "purse-ruled")


def _proposed(office: Office) -> PurseRules:
    """What stands in the form before anybody decided: a point for every whole unit of money, worth a hundredth of it."""
    shop = office.shop()
    coin = smallest(shop.currency)
    return PurseRules(
        points_each=1,
        worth_points=100,
        worth_cents=100,
        least_topup_cents=500 * coin,
        most_topup_cents=20_000 * coin,
        most_stored_cents=50_000 * coin,
        staff_day_cents=100_000 * coin,
        offline_cents=5_000 * coin,
        offline_act_cents=2_000 * coin,
        currency=shop.currency,
        timezone=shop.timezone,
    )


def _form(
    office: Office, typed: Mapping[str, str], faults: Mapping[str, Said], before: PurseRules | None
) -> Response:
    return office.page(
        "purse_rules.html",
        422 if faults else 200,
        typed=typed,
        faults=faults,
        begun=before is not None,
        tiers=range(1, TIERS + 1),
        cards=range(1, CARDS + 1),
        tongues={"en": "English", "zh": "中文"},
    )


@needs(Right.MEMBERS)
def give(office: Office, member: str) -> Response:
    """A manager gives a member something, with a reason."""
    store, now, clock = office.store, office.now(), office.clock()
    nonce, reason = request.form.get("nonce", ""), " ".join(request.form.get("reason", "").split())[:200]
    unit, typed = request.form.get("unit", ""), request.form.get("amount", "").strip()[:20]
    rules = rules_now(store, now)
    amount = _amount(unit, typed, rules)
    if not _NONCE.fullmatch(nonce) or unit not in ("points", "stored") or rules is None:
        abort(400)
    if amount is None or not reason:
        return back_to("person", "purse-give-wrong", member=member)
    with store.writing():
        moved = _grant(office, member, unit, amount, nonce, reason, now, clock)
        if moved is None:
            office.note(
                "purse.given", "member", msgspec.json.encode({"unit": unit, "amount": amount}).decode()
            )
    return back_to("person", "purse-given" if moved is None else "purse-give-wrong", member=member)


def _grant(
    office: Office,
    member: str,
    unit: str,
    amount: int,
    nonce: str,
    reason: str,
    now: float,
    clock: ClockState,
) -> object:
    return grant(
        office.store,
        member,
        "points" if unit == "points" else "stored",
        amount,
        nonce=nonce,
        why="office",
        by=office.who(),
        reason=reason,
        now=now,
        clock=clock,
    ).refusal


def _amount(unit: str, typed: str, rules: PurseRules | None) -> int | None:
    if rules is None:
        return None
    if unit == "points":
        return int(typed) if _WHOLE.fullmatch(typed) and int(typed) > 0 else None
    cents = read_cents(typed)
    return cents if cents and cents % smallest(rules.currency) == 0 else None


@needs(Right.MEMBERS)
def returned(office: Office, member: str) -> Response:
    """Something that a member bought was brought back."""
    store, purchase, act = office.store, request.form.get("purchase", ""), request.form.get("act", "")
    typed = request.form.get("amount", "").strip()[:20]
    members = store.purse.purse_members(store.purse.purse_owner(member))
    bought = next((one for one in store.purse.bought_by(members, BOUGHT) if one.id == purchase), None)
    if bought is None or not _NONCE.fullmatch(act):
        abort(400)
    cents = read_cents(typed) if typed else None
    if typed and not cents:
        return back_to("person", "purse-back-wrong", member=member)
    with store.writing():
        if bring_back(
            store,
            purchase,
            f"office/{act}",
            cents,
            by=office.who(),
            reason="",
            now=office.now(),
            clock=office.clock(),
        ):
            office.note("purchase.reversed", purchase)
    return back_to("person", "purse-back-told", member=member)


def member_purse(office: Office, member: str, now: float) -> Mapping[str, Any]:
    """What the page of one member shows of their purse."""
    rules = rules_now(office.store, now)
    purse = office.store.purse
    bought = purse.bought_by(purse.purse_members(purse.purse_owner(member)), BOUGHT) if rules else []
    return {
        "rules": rules,
        "purse": balances(office.store, member, now),
        "nonce": os.urandom(16).hex(),
        "bought": bought,
    }


ROUTES = (
    Route("/purse", "purses", overview),
    Route("/purse/back", "purse_back", back, ("POST",)),
    Route("/purse/rules", "purse_rules", rules_page),
    Route("/purse/rules", "purse_rules_save", rules_save, ("POST",)),
    Route("/people/<member>/purse", "purse_give", give, ("POST",)),
    Route("/people/<member>/returned", "purse_returned", returned, ("POST",)),
)
