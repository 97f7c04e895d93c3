"""What the hub's commands about the counter do: a coupon taken, looked up, taken back; conflicts; alerts."""

from __future__ import annotations

import argparse
import json
import secrets
import time
from contextlib import closing
from datetime import datetime

from hub.alerts import look_at_counter
from hub.app import create_api_app, open_store
from hub.client.clock import Clock
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key
from hub.histories import History, Moment, find_serial, history
from hub.reversing import reverse_as_manager
from hub.store.records import AuditEntry, CampaignRecord
from hub.store.whole import HubStore
from hub.wire.coupon import show_code
from hub.wire.refusals import sentence
from hub.wire.rules import Refused
from hub.wire.snapshot import say

WHO = "command line"

_STATES = {
    "good": "It is good.",
    "redeemed": "It was redeemed.",
    "spent": "All of it is spent.",
    "held": "It is held for a purchase.",
    "called_back": "The shop has called it back.",
    "expired": "It has expired.",
    "unheard": "The device that handed it out has not told of it yet.",
}
_KINDS = {
    "taken": "taken",
    "accepted": "accepted",
    "part": "spent in part",
    "conflict": "accepted a second time",
    "reversed": "taken back",
    "refused": "refused",
    "held": "held for a purchase",
    "called_back": "called back",
}


def coupon(config: Config, args: argparse.Namespace) -> int:
    """Take a coupon as a shopper does, look one up, or take its redemption back."""
    if args.action == "issue":
        return _issue(config, args)
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        serial = find_serial(store, args.coupon)
        found = history(store, serial, time.time()) if serial else None
        if found is None:
            raise CommandError("Nothing here has this code or number. Check each character.")
        if args.action == "show":
            _show(store, found)
            return 0
        return _reverse(store, found, args.reason)


def conflicts(config: Config, args: argparse.Namespace) -> int:
    """List coupons that were accepted twice, with what each cost and what they cost together."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        found = store.counter.conflicts(limit=1_000)
        shop = store.shop.get()
    if args.json:
        keys = ("serial", "campaign", "cost_cents", "first_at", "first_till", "first_staff", "second_at",
                "second_till", "second_staff", "settled_at")  # fmt: skip
        show(json.dumps([{key: getattr(one, key) for key in keys} for one in found]))
        return 0
    currency = shop.currency if shop else ""
    for one in found:
        cost = "settled" if one.settled_at else f"{one.cost_cents / 100:.2f} {currency}"
        show(
            f"{one.serial}  offer {one.campaign}, {cost}: {_time(one.first_at)} at {one.first_till} by {one.first_staff}, "
            f"{_time(one.second_at)} at {one.second_till} by {one.second_staff}"
        )
    total = sum(one.cost_cents for one in found if one.settled_at is None)
    show(f"Together {total / 100:.2f} {currency}." if found else "No coupon was accepted twice.")
    return 0


def alerts(config: Config, args: argparse.Namespace) -> int:
    """Say which habits at the counter a manager should look at."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        found = [alert.shown for alert in look_at_counter(store, time.time())]
    if args.json:
        show(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return 0
    for one in found:
        last = f" (Last {_time(one.since)}.)" if one.since else ""
        show(f"{one.severity}: {one.sentence()}{last}")
    if not found:
        show("Nothing at the counter needs a look.")
    return 0


def _show(store: HubStore, found: History) -> None:
    shop = store.shop.get()
    currency = shop.currency if shop else ""
    if found.coupon is not None:
        record = store.campaigns.get(found.coupon.campaign)
        title = say(record.campaign.offer.title, "en") if record else str(found.coupon.campaign)
        show(f"{show_code(found.coupon.code)}  {title}, good until {_time(found.coupon.expires_at)}")
    show(_STATES[found.state])
    if found.balance_cents is not None:
        show(f"{found.balance_cents / 100:.2f} {currency} are left on it.")
    for moment in found.moments:
        show(f"{_time(moment.at)}  {_line(moment, currency)}")


def _line(moment: Moment, currency: str) -> str:
    parts = [_KINDS[moment.kind]]
    if moment.value_cents is not None:
        parts.append(f"{moment.value_cents / 100:.2f} {currency}")
    parts += [part for part in (moment.till, moment.who) if part]
    if moment.reason:
        parts.append(sentence(moment.reason, "en") if moment.kind == "refused" else moment.reason)
    if moment.offline:
        parts.append("the till decided alone")
    return ", ".join(parts)


def _reverse(store: HubStore, found: History, reason: str) -> int:
    acts = [moment.act for moment in found.moments if moment.act and moment.may_reverse]
    if not acts:
        raise CommandError("There is no redemption of this coupon that could be taken back.")
    # The last one: where it was accepted twice, that is the one too many.
    act = acts[-1]
    if not 1 <= len(reason.strip()) <= 200:
        raise CommandError("A reason has 1 to 200 characters.")
    now, clock = time.time(), Clock()
    reply = reverse_as_manager(
        store, act.device, act.nonce, manager=WHO, reason=reason, act_id=f"shell-{secrets.token_hex(16)}", now=now,
        clock=clock.state(),
    )  # fmt: skip
    if reply.refusal:
        raise CommandError(sentence(reply.refusal, "en"))
    store.people.note(AuditEntry(now, WHO, "coupon.reversed", found.serial, "{}"))
    show(f"Taken back: {reply.value_cents / 100:.2f}, redeemed {_time(act.at)} at {act.till}.")
    return 0


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"


def _issue(config: Config, args: argparse.Namespace) -> int:
    """Take a coupon through the same code as the pages."""
    from hub.site import Site

    store = open_store(config.dir, config.database, config.shop)
    key, clock = hub_key(config.dir), Clock()
    site = Site(store, key, config.dir, create_api_app(store, key, clock), clock)
    try:
        site.exchange.drain()
        record = _find_offer(store, args.offer)
        if record.state != "published":
            raise CommandError(
                f"{say(record.campaign.offer.title, 'en')} is {record.state}, so nobody can take it."
            )
        issued = site.desk("shell").take(record.number, f"shell-{time.time_ns()}", clock.now())
        site.exchange.drain()
    finally:
        site.close()
        store.close()
    if isinstance(issued, Refused):
        raise CommandError(sentence(issued.refusal, "en"))
    content = {
        "token": issued.token,
        "code": issued.code,
        "serial": issued.coupon.serial,
        "campaign": issued.coupon.campaign,
        "expires_at": issued.coupon.expires_at,
    }
    if args.json:
        show(json.dumps(content))
    else:
        show(f"{show_code(issued.code)}\n{issued.token}")
    return 0


def _find_offer(store: HubStore, text: str) -> CampaignRecord:
    records = store.campaigns.all()
    if text.isdigit():
        found = [record for record in records if record.number == int(text)]
    else:
        folded = text.casefold()
        found = [
            record
            for record in records
            if any(folded in title.casefold() for title in record.campaign.offer.title.values())
        ]
    running = [record for record in found if record.state == "published"] or found
    if len(running) == 1:
        return running[0]
    if running:
        numbers = ", ".join(str(record.number) for record in running)
        raise CommandError(f"Several offers are called {text}: {numbers}. Give the number.")
    raise CommandError(f"There is no offer {text}. See: python -m hub campaign list")
