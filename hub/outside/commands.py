"""What the hub's commands about other programs do: keys, webhooks, files that come in and go out."""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from pathlib import Path

from hub.app import open_store
from hub.client.db import explain
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key
from hub.outside.importing import COLUMNS, FILE
from hub.outside.keys import end_key, make_key
from hub.outside.webhooks import TOLD, add_webhook, remove_webhook, switch_webhook, try_webhook
from hub.roles import Right
from hub.sentences import Said
from hub.store.work_records import Work
from hub.work import keep_upload, result_of
from hub.work_commands import WHO, do_here


def parsers(key: argparse.ArgumentParser, hook: argparse.ArgumentParser) -> None:
    """What may stand behind `api-key` and `webhook`."""
    actions = key.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make a key for another program; it is printed once")
    add.add_argument("name", help="for which program")
    add.add_argument(
        "--may",
        action="append",
        choices=[right.value for right in Right],
        help="what it may do; read by default",
    )
    actions.add_parser("list", help="list them").add_argument("--json", action="store_true")
    actions.add_parser("end", help="believe a key no more").add_argument("id")
    hooks = hook.add_subparsers(dest="action", required=True)
    new = hooks.add_parser("add", help="tell a web address what happens; its secret is printed once")
    new.add_argument("name", help="for which program")
    new.add_argument("url")
    new.add_argument("--told", action="append", choices=sorted(TOLD), required=True, help="what it is told")
    new.add_argument(
        "--private", action="store_true", help="it is in the shop's own network, or this machine"
    )
    hooks.add_parser("list", help="list them").add_argument("--json", action="store_true")
    for name, what in (
        ("test", "send it a test"),
        ("on", "tell it again, also what happened meanwhile"),
        ("off", "tell it nothing for now"),
        ("remove", "tell it nothing more"),
    ):
        hooks.add_parser(name, help=what).add_argument("number", type=int)


def api_key(config: Config, args: argparse.Namespace) -> int:
    """Make, list or end keys of other programs."""
    now = time.time()
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.action == "add":
            made = make_key(store, args.name, args.may or [Right.READ.value], WHO, now)
            if isinstance(made, dict):
                raise CommandError(_first(made))
            show(made[1])
            return 0
        if args.action == "end":
            if not end_key(store, args.id, WHO, now):
                raise CommandError(
                    f"There is no key {args.id} that is still good. See: python -m hub api-key list"
                )
            show(f"{args.id} is believed no more.")
            return 0
        keys = store.outside.all_keys()
    if args.json:
        names = ("id", "name", "scopes", "made_by", "made_at", "used_at", "ended_at")
        show(json.dumps([{name: getattr(key, name) for name in names} for key in keys]))
        return 0
    for key in keys:
        show(f"{key.id}  {key.name:<24} {key.scopes}{'  (ended)' if key.ended_at else ''}")
    if not keys:
        show("No program has a key. Make one: python -m hub api-key add Stock --may read")
    return 0


def webhook(config: Config, args: argparse.Namespace) -> int:
    """Add, list, test, switch or remove webhooks."""
    now = time.time()
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.action == "add":
            made = add_webhook(
                store, hub_key(config.dir), args.name, args.url, args.told, WHO, now, private=args.private
            )
            if isinstance(made, dict):
                raise CommandError(_first(made))
            show(f"{made[0].number}\n{made[1]}")
            return 0
        if args.action == "list":
            hooks = [(one, store.webhooks.waiting(one.number)) for one in store.webhooks.all()]
            names = ("number", "name", "url", "kinds", "state", "private", "failing_since")
            lines = [
                {name: getattr(one, name) for name in names} | {"waiting": waiting} for one, waiting in hooks
            ]
            if args.json:
                show(json.dumps(lines))
                return 0
            for line in lines:
                failing = "" if line["failing_since"] is None else ", does not answer"
                show(
                    f"{line['number']:>3}  {line['name']:<24} {line['state']}{failing}, {line['waiting']} wait  {line['url']}"
                )
            if not lines:
                show("No webhook yet. Add one: python -m hub webhook add NAME URL --told coupon.redeemed")
            return 0
        done = {
            "test": lambda: try_webhook(store, args.number, now),
            "on": lambda: switch_webhook(store, args.number, True, WHO, now),
            "off": lambda: switch_webhook(store, args.number, False, WHO, now),
            "remove": lambda: remove_webhook(store, args.number, WHO, now),
        }[args.action]()
    if not done:
        raise CommandError(f"There is no webhook {args.number}. See: python -m hub webhook list")
    return 0


def bring_in(config: Config, args: argparse.Namespace) -> int:
    """Look at a CSV file, or take it in; every line that is wrong is printed."""
    try:
        body = args.file.read_bytes()
    except OSError as wrong:
        raise CommandError(f"{args.file} cannot be read: {wrong.strerror}.") from None
    arguments = {"kind": args.kind, "dry_run": args.dry_run}
    done = do_here(
        config,
        "import",
        arguments,
        prepare=lambda store, number: keep_upload(store, number, FILE, iter([body]), time.time()),
        fail=False,
    )
    result = result_of(done)
    for line in result.get("lines", []):
        column = f", {line['column']}" if line["column"] else ""
        show(f"line {line['line']}{column}: {line['sentence']}")
    if done.state != "done":
        raise CommandError(str(result.get("sentence", "It was cancelled.")))
    if args.dry_run:
        show(f"{result['good']} of {result['rows']} lines are good. Nothing was taken in.")
        return 1 if result["bad"] else 0
    show(f"Took {result['kept']} {args.kind} in.")
    return 0


def give_out(config: Config, args: argparse.Namespace) -> int:
    """Everything of the shop as one file."""
    if args.file.exists():
        raise CommandError(f"{args.file} is there already. Give another name.")
    done = do_here(config, "export", {})
    size = _write(config, done, args.file)
    show(
        f"Everything is in {args.file} ({size} bytes): no secret, but all that the shop knows. Keep it safe."
    )
    return 0


def _write(config: Config, done: Work, place: Path) -> int:
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        (file,) = store.work.files(done.id)
        try:
            place.touch(mode=0o600)
            with place.open("wb") as out:
                for part in store.work.parts(done.id, file.name):
                    out.write(part)
        except OSError as wrong:
            raise explain(wrong, place) from wrong
    return file.size


def kinds() -> list[str]:
    """What can be taken in."""
    return sorted(COLUMNS)


def _first(faults: dict[str, Said]) -> str:
    return str(next(iter(faults.values())))
