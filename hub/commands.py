"""What the hub's commands do. Each prints what a person or a program wants to know, and returns an exit status."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from datetime import datetime

import msgspec

from hub.app import open_store
from hub.changing import changed, turned
from hub.client.db import StorageError
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key, open_pairing
from hub.fleet.plan import Plan
from hub.store.base import Store
from hub.store.records import AuditEntry
from hub.upstream.receiving import hubs_of
from hub.wire.snapshot import say

WHO = "command line"
_DAY_S = 86_400


def _print_json(content: object) -> None:
    show(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


def pair(config: Config, args: argparse.Namespace) -> int:
    """Print a pairing code, and nothing else, so that a script can use it."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        plan = Plan()
        if args.below is not None:
            plan = _of_shop_below(store, args.program, args.below)
        show(str(open_pairing(store, hub_key(config.dir), args.program, time.time(), plan=plan)))
    return 0


def _of_shop_below(store: Store, program: str | None, number: int) -> Plan:
    """What a new machine becomes that is to be the hub of a shop which had one."""
    if program != "hub":
        raise CommandError("Only a hub is for another shop: python -m hub pair --program hub --for NUMBER")
    hubs = [hub for hub in hubs_of(store, number) if hub is not None]
    if not hubs:
        raise CommandError(f"No shop {number} has joined here. See: python -m hub upstream show")
    for hub in hubs:
        if hub.withdrawn_at is None:
            raise CommandError(
                f"Shop {number} has a hub. If that is gone for good: python -m hub devices --withdraw {hub.device}"
            )
    return Plan(name=hubs[-1].name, shop=number)


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
    show(f"Visits: {'about ' if made.visits.noisy else ''}{made.visits.total}")
    if (street := made.street).rate is not None:
        band = f"{street.low:.0%} to {street.high:.0%} by chance alone, nine times in ten"
        show(f"Of {street.near} who came near, {street.entrants} came in: {street.rate:.0%} ({band})")
    guests = made.guests
    show(f"Guests of the Wi-Fi: {'about ' if guests.noisy else ''}{guests.total}")
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
