"""`python -m hub node …`: what each act does, what it prints, and why it cannot be done."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime

import msgspec

from hub.app import open_store
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key, open_pairing
from hub.fleet.doors import accept, allow_keys, give_keys, read_keys, turn_away
from hub.fleet.leaving import retire, stay, withdraw, withdraw_all
from hub.fleet.listing import Line, lines, search
from hub.fleet.places import Spot, place, put_floor, remove_floor, rename
from hub.fleet.plan import Plan
from hub.fleet.settings import change_settings, change_team, lines_of, move_to_team, read_lines
from hub.sentences import Said
from hub.store.base import Store
from hub.store.records import Device
from hub.wire.identity import fingerprint, public_text
from hub.wire.joining import show_joining_code
from hub.wire.sync import Problem

WHO = "command line"
DAY_S = 86_400
MARK_CHARACTERS = 12

Args = argparse.Namespace


def node(config: Config, args: Args) -> int:
    """Pair, configure, place, revoke, retire and replace nodes."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        _ACTS[args.action](config, store, args, time.time())
    return 0


def _found(store: Store, name: str) -> Device:
    device = store.devices.get(name)
    if device is None:
        raise CommandError(f"There is no node {name}. See: python -m hub node list")
    return device


def _json(content: object) -> None:
    show(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


def _time(at: float | None) -> str:
    return "never" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _row(line: Line) -> dict[str, object]:
    return {
        "node": line.device.device,
        "program": line.device.program,
        "name": line.device.name,
        "state": line.state,
        "group": line.post.team,
        "floor": line.post.floor,
        "x": line.post.x,
        "y": line.post.y,
        "note": line.post.note,
        "seen_at": line.device.seen_at,
        "missing": line.missing,
        "waiting": line.waiting,
        "parked": line.parked,
        "clock_off_s": line.clock_off_s,
        "stamped_ahead": line.ahead,
    }


def _list(_config: Config, store: Store, args: Args, now: float) -> None:
    found = search(lines(store, now), args.search, args.group)
    if args.json:
        _json([_row(line) for line in found])
        return
    for line in found:
        heard = "" if line.device.seen_at is None else f", heard of {now - line.device.seen_at:.0f} s ago"
        where = " · ".join(filter(None, (line.post.team, line.post.floor)))
        show(
            f"{line.device.device:<12} {line.device.name:<24} {line.state}{heard}{'  ' + where if where else ''}"
        )
    if not found:
        show(
            "No node. Let one in: python -m hub node accept CODE, or: python -m hub node code --program kiosk"
        )


def _show(_config: Config, store: Store, args: Args, now: float) -> None:
    device = _found(store, args.node)
    line = next(one for one in lines(store, now) if one.device.device == device.device)
    settings = lines_of(store, device.device, device.program)
    formers = store.fleet.formers(device.device)
    if args.json:
        rows = [
            {
                "name": one.name,
                "given": one.given,
                "from": None if one.given is None else "node" if one.own is not None else "group",
                "in_force": one.told.value if one.told else None,
                "source": one.told.source if one.told else None,
                "fault": one.told.fault if one.told else "",
                "waits": one.waits,
            }
            for one in settings
        ]
        hardware = [{"ended_at": one.ended_at, "why": one.why, "key": one.public[:16]} for one in formers]
        _json(_row(line) | {"settings": rows, "hardware_before": hardware})
        return
    show(f"{device.device}  {device.name}  {line.state}")
    show(f"heard of: {_time(device.seen_at)}; let in: {_time(device.enrolled_at)}; key {device.key_number}")
    for label, text in (("group", line.post.team), ("place", line.post.floor), ("note", line.post.note)):
        if text:
            show(f"{label}: {text}")
    for one in settings:
        told = one.told
        given = (
            ""
            if one.given is None
            else f"  hub: {one.given}{' (waits for its next start)' if one.waits else ''}"
        )
        fault = f"  {told.fault}" if told is not None and told.fault else ""
        in_force = "not told yet" if told is None else f"{told.value or '(empty)'} ({told.source})"
        show(f"  {one.name:<28} {in_force}{given}{fault}")
    for former in formers:
        show(f"hardware before: key {former.public[:16]}, {former.why} {_time(former.ended_at)}")


def _waiting(_config: Config, store: Store, args: Args, now: float) -> None:
    found = store.fleet.askings(now)
    if args.json:
        _json(
            [
                {
                    "code": show_joining_code(one.code),
                    "program": one.program,
                    "name": one.name,
                    "address": one.address,
                    "expires_at": one.expires_at,
                }
                for one in found
            ]
        )
        return
    for one in found:
        show(f"{show_joining_code(one.code)}  {one.program:<6} {one.name:<24} {one.address}")
    if not found:
        show("No node waits.")


def _plan(args: Args) -> Plan:
    return Plan(args.name, args.group, args.replaces, args.stolen, args.keep_rights)


def _accepted(store: Store, code: str, plan: Plan, now: float) -> None:
    taken = accept(store, code, plan, now, WHO)
    if isinstance(taken, Problem):
        raise CommandError(taken.sentence)
    what = f"replaces {plan.replaces}" if plan.replaces else "is let in"
    show(f"{plan.name or taken.name} ({taken.program}) {what}. Its screen says so within seconds.")


def _accept(_config: Config, store: Store, args: Args, now: float) -> None:
    _accepted(store, args.code, _plan(args), now)


def _turn_away(_config: Config, store: Store, args: Args, now: float) -> None:
    problem = turn_away(store, args.code, now, WHO)
    if problem is not None:
        raise CommandError(problem.sentence)
    show("Turned away.")


def _code(config: Config, store: Store, args: Args, now: float) -> None:
    plan = _plan(args)
    program = args.program
    if plan.replaces:
        program = _found(store, plan.replaces).program
    if plan.team and store.fleet.team(plan.team) is None:
        raise CommandError(f"There is no group {plan.team}. See: python -m hub node group")
    show(str(open_pairing(store, hub_key(config.dir), program, now, plan=plan)))


def _replace(config: Config, store: Store, args: Args, now: float) -> None:
    device = _found(store, args.node)
    plan = Plan(replaces=device.device, stolen=args.stolen, keep_rights=args.keep_rights)
    if args.code:
        _accepted(store, args.code, plan, now)
    else:
        show(str(open_pairing(store, hub_key(config.dir), device.program, now, plan=plan)))


def _allow(_config: Config, store: Store, args: Args, now: float) -> None:
    try:
        good, bad = read_keys(args.file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as wrong:
        raise CommandError(f"{args.file} cannot be read: {wrong}") from wrong
    if bad:
        raise CommandError("\n".join(f"Line {line.number}: {line.sentence}." for line in bad))
    count = allow_keys(store, good, now + args.days * DAY_S, now, WHO)
    show(f"{count} keys are allowed for {args.days:g} days; {len(good) - count} were before.")


def _give(config: Config, store: Store, args: Args, now: float) -> None:
    if not 1 <= args.count <= 1_000:
        raise CommandError("Give 1 to 1000 keys at a time.")
    if args.group and store.fleet.team(args.group) is None:
        raise CommandError(f"There is no group {args.group}. See: python -m hub node group")
    plan, until = Plan(team=args.group), now + args.days * DAY_S
    for code in give_keys(store, hub_key(config.dir), args.count, args.program, plan, until, now, WHO):
        show(str(code))


def _allowed(_config: Config, store: Store, args: Args, now: float) -> None:
    tickets = store.fleet.tickets()
    if args.json:
        _json(tickets)
        return
    for one in tickets:
        state = f"used by {one.device}" if one.device else "too old" if one.expires_at <= now else "open"
        show(
            f"{one.mark[:MARK_CHARACTERS]}  {one.kind:<6} {one.program or 'any':<6} {state}, until {_time(one.expires_at)}"
        )
    if not tickets:
        show("No keys were allowed or given.")


def _disallow(_config: Config, store: Store, args: Args, _now: float) -> None:
    found = [one for one in store.fleet.tickets() if one.mark.startswith(args.mark.lower())]
    if len(found) != 1 or not store.fleet.remove_ticket(found[0].mark):
        raise CommandError("There is no single unused key that begins so. See: python -m hub node allowed")
    show("Taken back.")


def _hub_key(config: Config, _store: Store, _args: Args, _now: float) -> None:
    text = fingerprint(public_text(hub_key(config.dir)))
    show(show_joining_code(text))


def _name(_config: Config, store: Store, args: Args, now: float) -> None:
    device = _found(store, args.node)
    note = store.fleet.post(device.device).note if args.note is None else args.note
    wrong = rename(store, device.device, args.name, note, now, WHO)
    if wrong is not None:
        raise CommandError(str(wrong))
    show(f"{device.device} is called {args.name}.")


def _place(_config: Config, store: Store, args: Args, now: float) -> None:
    device = _found(store, args.node)
    spot = None
    if args.x is not None or args.y is not None:
        spot = Spot(-1 if args.x is None else args.x, -1 if args.y is None else args.y)
        if not (0 <= spot.x <= 1 and 0 <= spot.y <= 1):
            raise CommandError("--x and --y belong together, each from 0 to 1.")
    if place(store, device.device, args.floor, spot, now, WHO) is None:
        raise CommandError(f"There is no floor {args.floor}. See: python -m hub node floor")
    show(f"{device.name} stands {'on ' + args.floor if args.floor else 'nowhere'}.")


def _floor(_config: Config, store: Store, args: Args, now: float) -> None:
    if args.name is None:
        for floor in store.fleet.floors():
            show(f"{floor.name}  {f'{floor.width} x {floor.height}' if floor.picture else 'no plan'}")
        return
    if args.remove:
        if not remove_floor(store, args.name, now, WHO):
            raise CommandError(f"There is no floor {args.name}.")
        show(f"{args.name} is gone.")
        return
    try:
        upload = args.plan.read_bytes() if args.plan is not None else b""
    except OSError as wrong:
        raise CommandError(f"{args.plan} cannot be read: {wrong.strerror}") from wrong
    made = put_floor(store, args.name, upload, now, WHO)
    if isinstance(made, Said):
        raise CommandError(str(made))
    show(f"{made.name}: {f'{made.width} x {made.height}' if made.picture else 'no plan'}")


def _changes(settings: Sequence[str], unset: Sequence[str]) -> dict[str, str | None]:
    given, bad = read_lines("\n".join(settings))
    if bad:
        raise CommandError("\n".join(f"{line.name}: {line.sentence}" for line in bad))
    return {**given, **dict.fromkeys(unset)}


def _set(_config: Config, store: Store, args: Args, now: float) -> None:
    device = _found(store, args.node)
    own = change_settings(store, device.device, _changes(args.settings, args.unset), now, WHO)
    for name, value in sorted(own.items()):
        show(f"{name}={value}")


def _group(_config: Config, store: Store, args: Args, now: float) -> None:
    if args.name is None:
        posts = store.fleet.posts().values()
        for one in store.fleet.teams():
            count = sum(post.team == one.name for post in posts)
            show(f"{one.name}  {count} nodes, {len(one.settings)} settings")
        return
    if args.remove:
        if not store.fleet.remove_team(args.name):
            raise CommandError(f"There is no group {args.name}.")
        show(f"{args.name} is gone; its nodes are in no group.")
        return
    for name in (*args.add, *args.leave):
        _found(store, name)
    team = change_team(store, args.name, _changes(args.settings, args.unset), now, WHO)
    move_to_team(store, args.add, args.name, now, WHO)
    move_to_team(store, args.leave, "", now, WHO)
    for name, value in sorted(team.settings.items()):
        show(f"{name}={value}")


def _revoke(_config: Config, store: Store, args: Args, now: float) -> None:
    if args.group is not None:
        _revoke_group(store, args, now)
        return
    device = _found(store, args.node)
    if not withdraw(store, device.device, now, WHO):
        raise CommandError(f"{device.device} was withdrawn before.")
    show(f"{device.device} is refused from now on.")


def _revoke_group(store: Store, args: Args, now: float) -> None:
    if store.fleet.team(args.group) is None:
        raise CommandError(f"There is no group {args.group}. See: python -m hub node group")
    found = [line for line in lines(store, now) if line.post.team == args.group]
    trusted = [line.device for line in found if line.device.withdrawn_at is None]
    if not trusted:
        raise CommandError(f"No node of {args.group} is trusted any more.")
    if not args.yes:
        names = "\n".join(f"  {one.device:<12} {one.name}" for one in trusted)
        raise CommandError(
            f"These nodes would be refused at once and for good:\n{names}\nNothing was changed. Say --yes to do it."
        )
    for device in withdraw_all(store, [one.device for one in trusted], now, WHO):
        show(f"{device} is refused from now on.")


def _retire(_config: Config, store: Store, args: Args, now: float) -> None:
    device = _found(store, args.node)
    if args.stay:
        if not stay(store, device.device, now, WHO):
            raise CommandError(f"{device.device} is not about to go.")
        show(f"{device.device} stays.")
    elif retire(store, device.device, now, WHO):
        show(f"{device.device} is withdrawn as soon as it has told everything.")
    else:
        raise CommandError(f"{device.device} was withdrawn before.")


def _clocks(_config: Config, store: Store, args: Args, _now: float) -> None:
    told, marks = store.fleet.told(), store.fleet.ahead()
    if args.json:
        clocks = [{"node": one.device, "off_s": one.skew_s, "state": one.clock} for one in told.values()]
        _json({"clocks": clocks, "ahead": marks})
        return
    for one in told.values():
        off = "not told" if one.skew_s is None else f"{one.skew_s:+.1f} s against the hub"
        show(f"{one.device:<12} own clock {off}; its time comes from: {one.clock}")
    for mark in marks:
        show(
            f"{mark.device:<12} {mark.count} facts up to {mark.most_s:.0f} s ahead, received {_time(mark.received_at)}"
        )


_ACTS: dict[str, Callable[[Config, Store, Args, float], None]] = {
    "list": _list,
    "show": _show,
    "waiting": _waiting,
    "accept": _accept,
    "turn-away": _turn_away,
    "code": _code,
    "replace": _replace,
    "allow": _allow,
    "give": _give,
    "allowed": _allowed,
    "disallow": _disallow,
    "hub-key": _hub_key,
    "name": _name,
    "place": _place,
    "floor": _floor,
    "set": _set,
    "group": _group,
    "revoke": _revoke,
    "retire": _retire,
    "clocks": _clocks,
}
