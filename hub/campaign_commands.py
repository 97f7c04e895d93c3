"""`python -m hub campaign …`: offers made, listed, submitted, approved, turned, compared, rolled back, copied; what runs when."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale

from hub import offering
from hub.air import air_fault
from hub.app import open_store
from hub.changing import changed, turned
from hub.condition_text import Faulty, read_condition
from hub.config import Config
from hub.console import CommandError, show
from hub.holdout import drawn
from hub.months import overlaps_of, read_month, runs_of, stretches_of
from hub.promises import Action, changes, faults_of
from hub.sentences import Said
from hub.store.records import CampaignRecord, CampaignState, Proposal
from hub.store.whole import HubStore
from hub.wire.holdout import MOST_PERCENT
from hub.wire.snapshot import Campaign, Offer, Value, say

WHO = "command line"
_DAY_S = 86_400
_TURNS: dict[str, Action] = {"publish": "publish", "resume": "publish", "pause": "pause", "end": "end"}
_STATES = {"publish": "published", "resume": "published", "pause": "paused", "end": "ended"}

Act = Callable[[HubStore, argparse.Namespace, str, float], None]


def campaign(config: Config, args: argparse.Namespace) -> int:
    """One act with one offer, or with all of them."""
    who = getattr(args, "by", None) or WHO
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.action in _TURNS:
            _turn(store, args, who)
        elif args.action == "message":
            _message(store, config, args)
        else:
            _ACTS[args.action](store, args, who, time.time())
    return 0


def _record(store: HubStore, number: int) -> CampaignRecord:
    record = store.campaigns.get(number)
    if record is None:
        raise CommandError(f"There is no campaign {number}. See: python -m hub campaign list")
    return record


def _or_sorry(done: object) -> None:
    """Say why not, where it was not done."""
    if isinstance(done, Said):
        more = " See: python -m hub campaign submit --help" if done == offering.TWO_PEOPLE else ""
        raise CommandError(f"{done}{more}")


def _add(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    made = _read_campaign(args, store.campaigns.free_number(), now)
    faults = faults_of(made, {record.number for record in store.campaigns.all()})
    if faults:
        raise CommandError("\n".join(str(fault) for fault in faults.values()))
    if args.publish:
        _or_sorry(offering.not_alone(store, None, publisher=True, publish=True))
    if not _keep_new(store, made, "published" if args.publish else "draft", who, now):
        raise CommandError(
            f"There is a campaign {made.number} already. Leave the number out, or take another."
        )
    show(str(made.number))


def _keep_new(store: HubStore, made: Campaign, state: CampaignState, who: str, now: float) -> bool:
    """Keep a new offer, which may bring its own number; False where that is taken."""
    made = drawn(made, (), os.urandom)
    with store.writing():
        if store.campaigns.save(made, state, now, who, expect=0) is None:
            return False
        both = changes(None, made) | turned("state", None, state)
        store.people.note(changed(now, who, "offer.created", str(made.number), both))
    return True


def _list(store: HubStore, args: argparse.Namespace, _who: str, _now: float) -> None:
    words = (args.search or "").casefold()
    records = [
        record
        for record in store.campaigns.all()
        if args.state in (None, record.state)
        and any(words in title.casefold() for title in (*record.campaign.offer.title.values(), ""))
    ]
    records = records[args.skip : args.skip + args.limit if args.limit else None]
    if args.json:
        _print_json(
            [
                {"state": record.state, "version": record.version, **_plain(record.campaign)}
                for record in records
            ]
        )
        return
    for record in records:
        show(f"{record.number:>4}  {record.state:<10} {say(record.campaign.offer.title, 'en')}")
    if not records:
        show("No such offer." if words or args.state or args.skip else "No offers yet.")


def _show(store: HubStore, args: argparse.Namespace, _who: str, _now: float) -> None:
    record, proposal = _record(store, args.number), store.proposals.get(args.number)
    _print_json(
        {
            "state": record.state,
            "version": record.version,
            "submitted": _proposal(proposal) if proposal else None,
            **_plain(record.campaign),
        }
    )


def _proposal(proposal: Proposal) -> dict[str, object]:
    return {"who": proposal.who, "at": proposal.at, "state": proposal.state, "answer": proposal.answer}


def _turn(store: HubStore, args: argparse.Namespace, who: str) -> None:
    _record(store, args.number)
    _or_sorry(offering.turn(store, args.number, _TURNS[args.action], who, time.time()))
    show(f"Campaign {args.number} is {_STATES[args.action]}.")


def _submit(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    record = _record(store, args.number)
    _or_sorry(offering.submit(store, record.campaign, who, now, base=record.version))
    show(
        f"Campaign {args.number} waits for somebody else: python -m hub campaign approve {args.number} --by NAME"
    )


def _approve(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    _or_sorry(offering.approve(store, args.number, who, now))
    show(f"Campaign {args.number} is published.")


def _send_back(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    _or_sorry(offering.send_back(store, args.number, who, now, args.reason))
    show(f"Campaign {args.number} was sent back.")


def _take_back(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    _or_sorry(offering.take_back(store, args.number, who, now))
    show(f"Campaign {args.number} waits no more.")


def _waiting(store: HubStore, _args: argparse.Namespace, _who: str, _now: float) -> None:
    found = store.proposals.all()
    for one in found:
        more = f": {one.answer}" if one.answer else ""
        show(f"{one.number:>4}  {one.state:<10} {one.who}  {say(one.campaign.offer.title, 'en')}{more}")
    if not found:
        show("Nothing waits for approval.")


def _copy(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    twin = offering.copy(store, _record(store, args.number), who, now)
    if isinstance(twin, dict):
        raise CommandError("\n".join(str(fault) for fault in twin.values()))
    show(str(twin.number))


def _versions(store: HubStore, args: argparse.Namespace, _who: str, _now: float) -> None:
    _record(store, args.number)
    for one in store.campaigns.history(args.number):
        at = datetime.fromtimestamp(one.at).astimezone()
        show(f"{one.version:>4}  {at:%Y-%m-%d %H:%M}  {one.state:<10} {one.who}")


def _diff(store: HubStore, args: argparse.Namespace, _who: str, _now: float) -> None:
    record = _record(store, args.number)
    old = next((one for one in store.campaigns.history(args.number) if one.version == args.version), None)
    if old is None:
        raise CommandError(f"There is no version {args.version} of campaign {args.number}.")
    found = changes(record.campaign, old.campaign)
    for name, both in found.items():
        now, then = (msgspec.json.encode(both[side]).decode() for side in ("before", "after"))
        show(f"{name}: {now} now, {then} in version {args.version}")
    if not found:
        show("Nothing differs.")


def _rollback(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    _record(store, args.number)
    done = offering.roll_back(store, args.number, args.version, who, now)
    _or_sorry(done)
    if isinstance(done, Proposal):
        show(f"Version {args.version} of campaign {args.number} waits for somebody else's approval.")
    else:
        show(f"Campaign {args.number} is as it was in version {args.version}.")


def _two_eyes(store: HubStore, args: argparse.Namespace, who: str, now: float) -> None:
    offering.want_two(store, args.wanted == "yes", who, now)
    show("Two people see each offer." if args.wanted == "yes" else "Whoever may publish does so alone.")


def _calendar(store: HubStore, args: argparse.Namespace, _who: str, now: float) -> None:
    shop = store.shop.get()
    timezone = shop.timezone if shop else "UTC"
    first = read_month(args.month or "", datetime.fromtimestamp(now, ZoneInfo(timezone)).date())
    runs = runs_of(store.campaigns.all(), first, timezone, now)
    for stretch in stretches_of(runs, first):
        titles = ", ".join(
            f"{run.number} {say(run.record.campaign.offer.title, 'en')}" for run in stretch.runs
        )
        show(f"{_days(stretch.first, stretch.last)}  {titles}")
    for one in overlaps_of(runs, first):
        numbers, places = f"{one.one.number} and {one.other.number}", ", ".join(one.places)
        show(f"{_days(one.first, one.last)}  at the same time: {numbers} ({places})")
    if not runs:
        show("Nothing in this month.")


def _days(first: date, last: date) -> str:
    return f"{first.isoformat()} to {last.isoformat()}"


def _message(store: HubStore, config: Config, args: argparse.Namespace) -> None:
    from hub.preview_desk import Scene
    from hub.previews import Stage

    record, shop = _record(store, args.number), store.shop.get()
    if shop is None:
        raise CommandError("There is no shop yet. See: python -m hub init")
    scene = Scene(record.campaign, shop)
    locale = Locale("zh", "CN", script="Hans") if args.language == "zh" else Locale("en", "GB")
    base = config.url or f"http://{config.host}:{config.port}"
    made = Stage(store).message(scene, args.language, locale, base)
    show(made.text)
    alphabet = made.weight.alphabet.upper()
    parts = "1 message" if made.weight.parts == 1 else f"{made.weight.parts} messages"
    show(f"{parts}, {made.weight.units} of {made.room} characters, {alphabet}")


def _plain(campaign: Campaign) -> dict[str, Any]:
    return dict(msgspec.to_builtins(campaign))


def _read_campaign(args: argparse.Namespace, number: int, now: float) -> Campaign:
    ends_at = int(now) + args.days * _DAY_S
    if args.file is None:
        if not args.title:
            raise CommandError(
                "Give a JSON file, or at least --title and one of --amount, --percent, --gift, --voucher."
            )
        title = {"en": args.title} | ({"zh": args.title_zh} if args.title_zh else {})
        text = {"en": args.text} | ({"zh": args.text_zh} if args.text_zh else {})
        offer = Offer(title, text, _value(args))
        offline: Literal["refuse", "rights"] = "refuse" if offer.value.kind == "voucher" else "rights"
        if not 0 <= args.holdout <= MOST_PERCENT:
            raise CommandError(f"A control group is from 0 to {MOST_PERCENT} per cent of the members.")
        return Campaign(
            number,
            offer,
            int(now),
            ends_at,
            issue_limit=args.limit,
            offline=offline,
            holdout_percent=args.holdout,
        )
    try:
        body = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
        given = msgspec.json.decode(body, type=dict[str, Any])
        if given.get("condition") is not None:
            read = read_condition(msgspec.json.encode(given["condition"]).decode())
            if isinstance(read, Faulty):
                raise CommandError("\n".join(str(sentence) for sentence in read.sentences))
        whole = {"number": number, "starts_at": int(now), "ends_at": ends_at} | given
        made = msgspec.convert(whole, Campaign)
    except OSError as wrong:
        raise CommandError(f"{args.file} cannot be read: {wrong.strerror}.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise CommandError(f"{args.file} is no campaign: {wrong}.") from None
    if (fault := air_fault(made.air)) is not None:
        raise CommandError(f"{args.file} says something on the air that cannot be: {fault}")
    return made


def _value(args: argparse.Namespace) -> Value:
    if args.percent is not None:
        if not 1 <= args.percent <= 100:
            raise CommandError("A percentage is from 1 to 100.")
        return Value("percent", percent=args.percent)
    if args.gift is not None:
        return Value("gift", cents=_cents(args.gift))
    if args.voucher is not None:
        return Value("voucher", cents=_cents(args.voucher))
    if args.amount is not None:
        return Value("amount", cents=_cents(args.amount))
    raise CommandError(
        "Say what the coupon is worth: --amount 5.00, --percent 10, --gift 1.20 or --voucher 25.00."
    )


def _cents(text: str) -> int:
    from hub.typed import read_cents

    cents = read_cents(text)
    if cents is None:
        raise CommandError(f"{text} is no sum of money. Write it like 5.00.")
    return cents


def _print_json(content: object) -> None:
    show(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


_ACTS: dict[str, Act] = {
    "add": _add,
    "list": _list,
    "show": _show,
    "submit": _submit,
    "approve": _approve,
    "send-back": _send_back,
    "take-back": _take_back,
    "waiting": _waiting,
    "copy": _copy,
    "versions": _versions,
    "diff": _diff,
    "rollback": _rollback,
    "two-eyes": _two_eyes,
    "calendar": _calendar,
}
