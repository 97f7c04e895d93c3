"""What the hub's commands do. Each prints what a person or a program wants to know, and returns an exit status."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from hub.air import air_fault
from hub.app import open_store
from hub.changing import changed, turned
from hub.client.db import StorageError
from hub.condition_text import Faulty, read_condition
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key, open_pairing
from hub.promises import changes, faults_of
from hub.store.records import AuditEntry, CampaignRecord, CampaignState
from hub.store.whole import HubStore
from hub.wire.snapshot import Campaign, Offer, Value, say

WHO = "command line"
_DAY_S = 86_400


def _keep_new(store: HubStore, made: Campaign, state: CampaignState, now: float) -> bool:
    """Keep a new offer and write down that it was made; False where its number is taken."""
    with store.writing():
        if store.campaigns.save(made, state, now, WHO, expect=0) is None:
            return False
        both = changes(None, made) | turned("state", None, state)
        store.people.note(changed(now, WHO, "offer.created", str(made.number), both))
    return True


def _print_json(content: object) -> None:
    show(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


def pair(config: Config, args: argparse.Namespace) -> int:
    """Print a pairing code, and nothing else, so that a script can use it."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        show(str(open_pairing(store, hub_key(config.dir), args.program, time.time())))
    return 0


def devices(config: Config, args: argparse.Namespace) -> int:
    """List the devices, or withdraw one."""
    from hub.reports import freshness

    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.withdraw:
            with store.writing():
                if not store.devices.withdraw(args.withdraw, time.time()):
                    raise CommandError(f"There is no device {args.withdraw} that could be withdrawn.")
                store.people.note(
                    changed(
                        time.time(), WHO, "device.withdrawn", args.withdraw, turned("withdrawn", False, True)
                    )
                )
            show(f"{args.withdraw} is refused from now on.")
            return 0
        lines = freshness(store, time.time())
    if args.json:
        _print_json(lines)
        return 0
    for line in lines:
        seen = "never heard of" if line.age_s is None else f"heard of {line.age_s:.0f} s ago"
        state = "withdrawn" if line.withdrawn else seen
        show(f"{line.device:<12} {line.name:<24} {state}, {line.taken} facts, {line.missing} missing")
    if not lines:
        show("No devices yet. Let one in: python -m hub pair --program kiosk")
    return 0


def campaign(config: Config, args: argparse.Namespace) -> int:
    """Make, list, publish, pause or end an offer."""
    now = time.time()
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.action == "list":
            return _list_campaigns(store.campaigns.all(), as_json=args.json)
        if args.action == "add":
            made = _read_campaign(args, store.campaigns.free_number(), now)
            faults = faults_of(made, {record.number for record in store.campaigns.all()})
            if faults:
                raise CommandError("\n".join(str(fault) for fault in faults.values()))
            if not _keep_new(store, made, "published" if args.publish else "draft", now):
                raise CommandError(
                    f"There is a campaign {made.number} already. Leave the number out, or take another."
                )
            show(str(made.number))
            return 0
        record = store.campaigns.get(args.number)
        if record is None:
            raise CommandError(f"There is no campaign {args.number}. See: python -m hub campaign list")
        states: dict[str, CampaignState] = {"publish": "published", "pause": "paused", "end": "ended"}
        after = states[args.action]
        with store.writing():
            store.campaigns.save(record.campaign, after, now, WHO)
            store.people.note(
                changed(now, WHO, f"offer.{after}", str(args.number), turned("state", record.state, after))
            )
        show(f"Campaign {args.number} is {states[args.action]}.")
    return 0


def _list_campaigns(records: list[CampaignRecord], *, as_json: bool) -> int:
    if as_json:
        _print_json(
            [
                {"state": record.state, "version": record.version, **_plain(record.campaign)}
                for record in records
            ]
        )
        return 0
    for record in records:
        show(f"{record.number:>4}  {record.state:<10} {say(record.campaign.offer.title, 'en')}")
    if not records:
        show("No offers yet.")
    return 0


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
        return Campaign(number, offer, int(now), ends_at, issue_limit=args.limit, offline=offline)
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


def staff(config: Config, args: argparse.Namespace) -> int:
    """Let somebody redeem; the PIN is printed once and kept nowhere."""
    from hub.people import NewStaff, add_staff
    from hub.pepper import hub_pepper

    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.action == "list":
            for member in store.people.staff():
                show(f"{member.id:<16} {member.name}{'' if member.active else '  (not any more)'}")
            return 0
        added = add_staff(
            store,
            args.name,
            args.pin,
            time.time(),
            who=WHO,
            pepper=hub_pepper(config.dir),
            member=args.member or "",
        )
    if not isinstance(added, NewStaff):
        raise CommandError(_first(added))
    show(f"{added.member.name} ({added.member.id}) redeems with the PIN {added.pin}. It is shown only now.")
    return 0


def _first(faults: object) -> str:
    return str(next(iter(faults.values()))) if isinstance(faults, dict) else str(faults)


def report(config: Config, args: argparse.Namespace) -> int:
    """What happened in the shop."""
    from hub.reports import BadPeriod, day_of, make_period, make_report

    now = time.time()
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        try:
            first = day_of(args.first) if args.first else None
            period = make_period(store, now, first, day_of(args.last) if args.last else None)
        except BadPeriod as wrong:
            raise CommandError(str(wrong)) from None
        made = make_report(store, now, period)
    if args.json:
        _print_json(made)
        return 0
    coupons = made.coupons
    show(
        f"{say(made.name, 'en')}, {made.first_day} to {made.last_day}{' (simulated)' if made.simulated else ''}"
    )
    for one in made.present:
        show(
            f"People now, {one.zone}: {one.people:.0f} ({one.low:.0f} to {one.high:.0f}), {one.age_s:.0f} s ago"
        )
    show(f"Visits: {made.visits.total}")
    if (street := made.street).rate is not None:
        band = f"{street.low:.0%} to {street.high:.0%} by chance alone, nine times in ten"
        show(f"Of {street.near} who came near, {street.entrants} came in: {street.rate:.0%} ({band})")
    guests = made.guests
    show(f"Guests of the Wi-Fi: {'fewer than ten' if guests.total is None else guests.total}")
    if guests.share is not None:
        band = f"{guests.low:.0%} to {guests.high:.0%} by chance alone, nine times in ten"
        show(f"Of them {guests.remembered} chose to be remembered: {guests.share:.0%} ({band})")
    show(f"Coupons: {coupons.issued} taken, {coupons.redeemed} used, {coupons.refused} times refused")
    show(f"Given: {coupons.value_cents / 100:.2f} {made.currency}; accepted twice: {len(made.conflicts)}")
    return 0


def verify_all(config: Config, args: argparse.Namespace) -> int:
    """Show that the file is sound, that a rebuild would change nothing, and that nobody edited the record of changes."""
    from hub.rebuild import verify

    with closing(open_store(config.dir, config.database, config.shop)) as store:
        fault = store.is_sound()
        if fault is not None:
            raise CommandError(f"The database is damaged: {fault}. Restore it from a backup.")
        result = verify(store)
        record = store.people.audit_chain()
    broken = record.broken
    if args.json:
        _print_json(
            {
                "events": result.events,
                "differ": result.differ,
                "equal": not result.differ,
                "changes": record.rows,
                "latest": record.latest,
                "tampered": broken.position if broken else None,
            }
        )
        return 1 if result.differ or broken else 0
    if result.differ:
        show(f"A rebuild from {result.events} events would change: {', '.join(result.differ)}.")
    else:
        show(f"A rebuild from {result.events} events gives the same, to the byte.")
    if broken is not None:
        said = f"{broken.entry.who}, {broken.entry.what}, {broken.entry.subject}"
        show(
            f"The record of changes was tampered with: row {broken.position} ({said}) is the first that does not fit."
        )
    else:
        show(f"The record of changes is as it was written: {record.rows} rows, the latest {record.latest}.")
    return 1 if result.differ or broken else 0


def backup(config: Config, args: argparse.Namespace) -> int:
    """Copy the database; the hub's key and its pepper are named, since a backup with them must be kept safe."""
    from hub.devices import KEY_FILE
    from hub.pepper import PEPPER_FILE

    if args.file.exists():
        raise CommandError(f"{args.file} is there already. Give another name.")
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        store.copy_to(args.file, kept_at=time.time())
        store.people.note(AuditEntry(time.time(), WHO, "backup.made", args.file.name, "{}"))
    args.file.chmod(0o600)
    apart = " and ".join(str(config.dir / name) for name in (KEY_FILE, PEPPER_FILE))
    show(f"Everything is in {args.file}. Keep {apart} too, apart from it and safe.")
    return 0


def check(config: Config, args: argparse.Namespace) -> int:
    """Say what is wrong."""
    from hub.client.warnings import exit_status, lasted, report
    from hub.health import look, no_store

    now = time.time()
    try:
        with closing(open_store(config.dir, config.database, config.shop)) as store:
            found = look(store, config, now)
    except StorageError as wrong:
        found = no_store(wrong)
    status = exit_status(found)
    if args.json:
        _print_json(report("hub", found) | {"ok": status == 0})
    else:
        for one in found:
            since = (
                f" (Since {datetime.fromtimestamp(one.since).astimezone():%Y-%m-%d %H:%M}, for {lasted(now - one.since)}.)"
                if one.since
                else ""
            )
            show(f"{one.severity}: {one.sentence()}{since}")
        if not found:
            show("All is well.")
    return status
