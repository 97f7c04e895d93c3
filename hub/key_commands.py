"""`python -m hub key` and `revoke`: keys that change, and coupons that are called back."""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from datetime import UTC, datetime

import msgspec

from hub.app import open_store
from hub.called_back import call_back, let_be_good
from hub.code_keys import CodeKeys
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key
from hub.keys import DAY_S, ask_new_key, end_key, key_policy, set_key_policy, withdraw_key
from hub.store.base import Store
from hub.store.key_records import KeyRecord
from hub.wire.snapshot import RevocationRule

WHO = "command line"


def key(config: Config, args: argparse.Namespace) -> int:
    """List, renew, end or withdraw keys of nodes; say at which age they change; replace the key behind codes that change."""
    now = time.time()
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        match args.action:
            case "list":
                return _list(store, now, as_json=args.json)
            case "renew":
                if not ask_new_key(store, args.device, now, WHO):
                    raise CommandError(f"There is no device {args.device} that could take a new key.")
                show(f"{args.device} takes a new key for its coupons as soon as it is heard of.")
            case "end":
                at = now + args.days * DAY_S
                if not end_key(store, args.number, at, now, WHO):
                    raise CommandError(f"There is no key {args.number}. See: python -m hub key list")
                show(f"What key {args.number} signed is good until {_time(at)}.")
            case "withdraw":
                if not withdraw_key(store, args.number, now, WHO):
                    raise CommandError(f"There is no key {args.number} that could be withdrawn.")
                show(f"Key {args.number} is believed no more. Its device takes a new one.")
            case "policy":
                return _policy(store, args, now)
            case "codes":
                codes = CodeKeys(store, hub_key(config.dir))
                if not codes.replace(now, WHO, at_once=args.at_once):
                    raise CommandError(
                        "The last replacement is under way: two keys are good at a time. With --at-once only the new one is."
                    )
                show("There is a new key behind codes that change.")
    return 0


def revoke(config: Config, args: argparse.Namespace) -> int:
    """Call coupons back: one, or all of a campaign or of a key that were taken within a stretch of time."""
    now = time.time()
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.action == "coupon":
            if not store.campaigns.revoke(args.serial, now, WHO, args.reason):
                raise CommandError("This coupon was called back before.")
            show("This coupon is good no more.")
        elif args.action == "remove":
            if not let_be_good(store, args.number, now, WHO):
                raise CommandError(f"There is no rule {args.number}. See: python -m hub revoke list")
            show(f"Rule {args.number} is gone; what it called back is good again.")
        elif args.action == "list":
            return _list_rules(store, as_json=args.json)
        else:
            made = call_back(
                store,
                now,
                WHO,
                args.reason,
                campaign=args.campaign,
                key_number=args.key,
                taken_from=_moment(args.first),
                taken_before=int(now) if args.before == "now" else _moment(args.before),
            )
            if isinstance(made, str):
                raise CommandError(made)
            show(f"Rule {made.number}: {_words(made)}")
    return 0


def _list(store: Store, now: float, *, as_json: bool) -> int:
    signs = {device.device: device.key_number for device in store.devices.all()}
    keys = store.keys.all()
    if as_json:
        show(json.dumps([{**_plain(one), "in_use": signs.get(one.device) == one.number} for one in keys]))
        return 0
    for one in keys:
        show(
            f"{one.number:>4}  {one.device:<12} {_standing(one, now, in_use=signs.get(one.device) == one.number)}"
        )
    if not keys:
        show("No keys yet. Let a device in: python -m hub pair")
    return 0


def _standing(one: KeyRecord, now: float, *, in_use: bool) -> str:
    if one.withdrawn_at is not None:
        return f"withdrawn {_time(one.withdrawn_at)}"
    if one.ends_at is not None:
        return f"{'ended' if one.ends_at <= now else 'good until'} {_time(one.ends_at)}"
    if in_use:
        return f"in use since {_time(one.starts_at or one.made_at)}"
    return f"to be used from {_time(one.starts_at or one.made_at)}"


def _plain(one: KeyRecord) -> dict[str, object]:
    return {
        "number": one.number,
        "device": one.device,
        "public": one.public,
        "made_at": one.made_at,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "withdrawn_at": one.withdrawn_at,
    }


def _policy(store: Store, args: argparse.Namespace, now: float) -> int:
    before = key_policy(store)
    named = {
        "every_s": None if args.every is None else args.every * DAY_S,
        "old": args.old,
        "after_s": None if args.after is None else args.after * DAY_S,
        "codes_every_s": None if args.codes_every is None else args.codes_every * DAY_S,
    }
    said = {name: value for name, value in named.items() if value is not None}
    if any(isinstance(value, int) and not 0 <= value <= 3_650 * DAY_S for value in said.values()):
        raise CommandError("A number of days is from 0 to 3650.")
    policy = msgspec.structs.replace(before, **said)
    if said:
        set_key_policy(store, policy, now, WHO)
    age = f"every {policy.every_s // DAY_S} days" if policy.every_s else "only when asked"
    old = (
        "until they expire"
        if policy.old == "expiry"
        else f"for {policy.after_s // DAY_S} days after the change"
    )
    codes = f"every {policy.codes_every_s // DAY_S} days" if policy.codes_every_s else "only when asked"
    show(f"Devices change their keys {age}; coupons of an old key stay good {old}.")
    show(f"The key behind codes that change is replaced {codes}.")
    return 0


def _list_rules(store: Store, *, as_json: bool) -> int:
    rules = store.keys.rules()
    if as_json:
        show(
            json.dumps(
                [{**msgspec.to_builtins(one.rule), "who": one.who, "reason": one.reason} for one in rules],
                ensure_ascii=False,
            )
        )
        return 0
    for one in rules:
        show(f"{one.rule.number:>4}  {_words(one.rule)} ({one.who}: {one.reason})")
    if not rules:
        show("No coupons are called back by a rule.")
    return 0


def _words(rule: RevocationRule) -> str:
    parts = ["coupons"]
    if rule.campaign is not None:
        parts.append(f"of campaign {rule.campaign}")
    if rule.key_number is not None:
        parts.append(f"by key {rule.key_number}")
    if rule.taken_from is not None:
        parts.append(f"taken from {_time(rule.taken_from)} on")
    if rule.taken_before is not None:
        parts.append(f"taken before {_time(rule.taken_before)}")
    return " ".join(parts)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time. Write it as 2026-01-31T14:05, in UTC.") from None
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
