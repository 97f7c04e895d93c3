"""What `python -m hub member` does: find somebody, add somebody, merge, take many in from a file."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hub.config import Config
from hub.console import CommandError, show

if TYPE_CHECKING:
    from hub.members.book import Book, Profile
    from hub.store.base import Store
    from hub.store.whole import HubStore

WHO = "command line"


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Put `member` on the hub's command line; `command` makes one, of its name and what it does."""
    actions = command("member", "members of the shop, and who they are").add_subparsers(
        dest="action", required=True
    )
    find = actions.add_parser("find", help="by a card, a number, a mail address, a name or an id")
    find.add_argument("words")
    find.add_argument("--json", action="store_true")
    add = actions.add_parser("add", help="somebody who asked for it; they agree to messages themselves")
    for name, what in (
        ("name", "their name"),
        ("phone", "their number, with + or of the shop's country"),
        ("mail", "their mail address"),
        ("birthday", "1980-02-29, or --02-29 without the year"),
    ):
        add.add_argument(f"--{name}", default="", help=what)
    add.add_argument("--language", default="", help="such as en or zh; the shop's own by default")
    twice = actions.add_parser("twice", help="memberships that may be one person's")
    twice.add_argument("--json", action="store_true")
    merge = actions.add_parser("merge", help="let two memberships be one person's; the second id stays")
    merge.add_argument("member")
    merge.add_argument("into")
    actions.add_parser("part", help="take a merging back").add_argument("act")
    keep = actions.add_parser("keep", help="for how long members are kept who are not heard of any more")
    keep.add_argument("--months", type=int, help="3 to 240; 0: for ever")
    take = actions.add_parser("import", help="look at a CSV file of members, or take them in")
    take.add_argument("file", type=Path)
    take.add_argument(
        "--dry-run", action="store_true", help="look only, and say what is wrong with each line"
    )


def member(config: Config, args: argparse.Namespace) -> int:
    """Find, add, merge, part or take in."""
    if args.action == "import":
        return _import(config, args)
    from hub.app import open_store
    from hub.devices import hub_key
    from hub.members.book import Book
    from hub.members.people_key import people_key
    from hub.wire.identity import public_text

    with closing(open_store(config.dir, config.database, config.shop)) as store:
        book = Book(store, people_key(config.dir), public_text(hub_key(config.dir)))
        match args.action:
            case "find":
                return _find(config, book, args)
            case "add":
                return _add(config, book, args)
            case "twice":
                return _twice(book, args)
            case "keep":
                return _keep(store, args)
            case _:
                return _merge(book, args)


def _keep(store: Store, args: argparse.Namespace) -> int:
    from hub.changing import changed, turned
    from hub.members.retention import LEAST_MONTHS, MOST_MONTHS

    months = args.months
    if months is not None:
        if months and not LEAST_MONTHS <= months <= MOST_MONTHS:
            raise CommandError(f"Give {LEAST_MONTHS} to {MOST_MONTHS} months, or 0 for ever.")
        with store.writing():
            before = store.idle.months()
            store.idle.set_months(months)
            store.people.note(changed(time.time(), WHO, "member.kept", "", turned("months", before, months)))
    months = store.idle.months()
    show(f"Who is not heard of for {months} months is forgotten." if months else "Members are kept for ever.")
    return 0


def _find(config: Config, book: Book, args: argparse.Namespace) -> int:
    from hub.members.searching import search

    found = search(book, args.words, _reader(config, book.store))
    if args.json:
        show(json.dumps([_told(one) for one in found.profiles], ensure_ascii=False))
        return 0
    for one in found.profiles:
        fields = one.fields
        show("  ".join(filter(None, (one.member, fields.name, fields.phone, fields.mail))))
    if not found.profiles:
        raise CommandError("Nobody was found.")
    return 0


def _add(config: Config, book: Book, args: argparse.Namespace) -> int:
    from hub.changing import changed
    from hub.members.fields import Fields, is_findable, read_fields
    from hub.members.joining import join_here

    now = time.time()
    typed = {name: getattr(args, name) for name in ("name", "phone", "mail", "birthday")}
    read = read_fields(typed, _reader(config, book.store), datetime.fromtimestamp(now, UTC).date())
    if not isinstance(read, Fields):
        raise CommandError("\n".join(f"--{name}: {sentence}" for name, sentence in read.items()))
    if not is_findable(read):
        raise CommandError("Give a name, a number or an address: by what else could they be found?")
    shop = book.store.shop.get()
    language = args.language or (next(iter(shop.name), "en") if shop is not None else "en")
    joined = join_here(
        book,
        os.urandom(16).hex(),
        read,
        way="office",
        place="Office",
        language=language,
        agreed=(),
        now=now,
        clock="ntp",
    )
    if joined is None:
        raise CommandError("Nobody was added. Try again.")
    book.store.people.note(changed(now, WHO, "member.added", book.known_as(joined.member), {}))
    show(joined.member)
    return 0


def _twice(book: Book, args: argparse.Namespace) -> int:
    from hub.members.duplicates import pairs

    found = pairs(book, 10_000)
    if args.json:
        show(
            json.dumps([{"one": one.one.member, "other": one.other.member, "why": one.why} for one in found])
        )
        return 0
    for one in found:
        show(
            f"{one.one.member}  {one.other.member}  {one.why}  {one.one.fields.name} / {one.other.fields.name}"
        )
    if not found:
        show("Nobody is there twice, as far as numbers, addresses, names and birthdays tell.")
    return 0


def _merge(book: Book, args: argparse.Namespace) -> int:
    from hub.members.merging import merge, part
    from hub.sentences import Said

    now = time.time()
    if args.action == "part":
        done = part(book, args.act, by=WHO, now=now, clock="ntp")
    else:
        done = merge(book, args.member, args.into, act=os.urandom(16).hex(), by=WHO, now=now, clock="ntp")
    if isinstance(done, Said):
        raise CommandError(str(done))
    show(done.act)
    return 0


def _import(config: Config, args: argparse.Namespace) -> int:
    from hub.members.importing import FILE, KIND, seal_file
    from hub.members.people_key import people_key
    from hub.work import keep_upload, result_of
    from hub.work_commands import do_here

    try:
        body = args.file.read_bytes()
    except OSError as wrong:
        raise CommandError(f"{args.file} cannot be read: {wrong.strerror}.") from None
    key = people_key(config.dir)

    def prepare(store: HubStore, number: int) -> None:
        keep_upload(store, number, FILE, iter([seal_file(key, store.shop.number, body)]), time.time())

    done = do_here(config, KIND, {"dry_run": args.dry_run}, prepare=prepare, fail=False)
    result = result_of(done)
    for line in result.get("lines", []):
        column = f", {line['column']}" if line["column"] else ""
        show(f"line {line['line']}{column}: {line['sentence']}")
    if done.state != "done":
        raise CommandError(str(result.get("sentence", "It was cancelled.")))
    also = f"{result['known']} are members already, {result['without']} join without messages."
    if args.dry_run:
        show(f"{result['good']} of {result['rows']} lines are good; {also} Nobody was taken in.")
        return 1 if result["bad"] else 0
    show(f"Took {result['kept']} members in; {also}")
    return 0


def _reader(config: Config, store: Store) -> Callable[[str], str | None]:
    from hub.outward import outward_of
    from hub.storefront.numbers import read_phone

    shop = store.shop.get()
    country = outward_of(config, shop.timezone if shop is not None else "UTC").country

    def read(typed: str) -> str | None:
        number = read_phone(typed, country)
        return number.e164 if number is not None else None

    return read


def _told(one: Profile) -> dict[str, object]:
    fields = one.fields
    return {
        "member": one.member,
        "name": fields.name,
        "phone": fields.phone,
        "mail": fields.mail,
        "birthday": fields.birthday,
        "free": fields.free,
        "language": one.language,
        "joined_at": one.joined_at,
        "merged": list(one.merged),
    }
