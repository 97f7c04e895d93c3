"""The hub's command line: what it understands, and how a mistake is told."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hub.client.db import StorageError
from hub.client.settings import SettingsError
from hub.config import read_config, show_config
from hub.console import CommandError
from hub.fleet.command_line import add_commands as add_node_commands
from hub.members.commands import add_commands as add_members
from hub.paper.plan import GRIDS
from hub.people_commands import declare
from hub.purse.commands import add_commands as add_purse
from hub.safety.commands import add_commands as add_safety
from hub.watching.logs import set_up_log

WRONG, BAD_USE = 1, 2


class _Command(argparse.ArgumentParser):
    """A command, or a command of a command: the folder may stand behind each of them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.add_argument("--dir", default=argparse.SUPPRESS, help="the hub's folder (HUB_DIR)")


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(prog="python -m hub", description="The office of a Shopbell shop.")
    parser.add_argument("--dir", help="the hub's folder (HUB_DIR)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Command)

    def command(name: str, what: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=what, description=what)

    _shop(command("init", "make the shop"), number=1)
    shops = command("shop", "the shops of this database").add_subparsers(dest="action", required=True)
    add_shop = shops.add_parser("add", help="make one more shop beside those that are there")
    _shop(add_shop, number=0)
    add_shop.add_argument("--of-chain", action="store_true", help="count it together with the hub's own shop")
    shops.add_parser("list", help="list them").add_argument("--json", action="store_true")

    serve = command("serve", "answer the shop's devices, its managers and its shoppers")
    serve.add_argument("--host", help="address to listen on (HUB_HOST)")
    serve.add_argument("--port", help="port to listen on, 0 for a free one (HUB_PORT)")

    pair = command(
        "pair", "make a pairing code for a new device; it is good for ten minutes and for one device"
    )
    pair.add_argument(
        "--program",
        choices=("edge", "kiosk", "site", "hub"),
        help="only for a device of this program; hub: for another shop, which joins this one as its head office",
    )
    pair.add_argument(
        "--for",
        dest="below",
        type=int,
        metavar="NUMBER",
        help="a new hub for that shop, whose old one was withdrawn",
    )

    devices = command("devices", "list the shop's devices")
    devices.add_argument("--json", action="store_true")
    devices.add_argument("--withdraw", metavar="DEVICE", help="trust this device no more")

    _upstream(command("upstream", "join head office, show how this shop stands with it, leave it"))
    _campaign(command("campaign", "make, list and publish offers"))
    _people(command("staff", "who may redeem"), command("manager", "who may run the shop"))
    command("setup-code", "make the code with which the first manager is set up in the browser")

    _tags(command("tag", "what the doors may recognise"))
    _paper(command("paper", "make a poster, a sign for the door or shelf labels as PDF"))

    _counter(command("coupon", "take a coupon, look one up, take its redemption back"))
    command("conflicts", "coupons that were accepted twice, with their cost").add_argument(
        "--json", action="store_true"
    )
    command("alerts", "habits at the counter that a manager should look at").add_argument(
        "--json", action="store_true"
    )

    report = command("report", "what happened in the shop")
    report.add_argument("--json", action="store_true")
    report.add_argument("--from", dest="first", metavar="DAY", help="first day, such as 2026-01-31")
    report.add_argument("--to", dest="last", metavar="DAY", help="last day")

    _keys(
        command("key", "the keys with which devices sign coupons"),
        command("revoke", "call coupons back, one or many at once"),
    )
    command("work", "do the hub's long work, as a process of its own")
    _outside(command)
    command("rebuild", "derive visits, coupons and redemptions from the journal again, while all goes on")
    migrate = command(
        "migrate", "move the hub from its file to a PostgreSQL database, while the shop goes on"
    )
    where = migrate.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--to", metavar="URL", help="an empty database, such as postgresql://hub@server/shopbell"
    )
    where.add_argument(
        "--give-up", action="store_true", help="take away what a move that was killed has left in the file"
    )
    verify = command("verify", "show that a rebuild would change nothing")
    verify.add_argument("--json", action="store_true")
    backup = command("backup", "copy everything into one file, while the shop goes on")
    backup.add_argument("file", type=Path)
    add_node_commands(command("node", "pair, configure, place, revoke, retire and replace the shop's nodes"))
    add_safety(command)
    add_members(command)
    add_purse(command)
    command("value", "what members are worth, who may be lost").add_argument("rest", nargs="...")
    command("config", "print the settings in force")
    check = command("check", "say what is wrong; exit status 0 fine, 1 warnings, 2 errors")
    check.add_argument("--json", action="store_true")
    return parser


def _shop(shop: argparse.ArgumentParser, number: int) -> None:
    shop.add_argument("--name", required=True, help="the shop's name in English")
    shop.add_argument("--name-zh", help="the shop's name in Chinese")
    shop.add_argument("--timezone", default="UTC", help="such as Europe/Berlin")
    shop.add_argument("--currency", default="EUR", help="three letters, such as EUR")
    shop.add_argument(
        "--number", type=int, default=number, help="the number that coupons carry, 1 to 65535; or a free one"
    )


def _upstream(upstream: argparse.ArgumentParser) -> None:
    actions = upstream.add_subparsers(dest="action", required=True)
    join = actions.add_parser("join", help="join head office with a pairing code that was made there")
    join.add_argument("url", help="where its hub answers, such as https://head.example")
    join.add_argument("code", help="from there: python -m hub pair --program hub")
    actions.add_parser("show", help="how this shop stands, and the shops below").add_argument(
        "--json", action="store_true"
    )
    actions.add_parser("move", help="head office has another address").add_argument("url")
    actions.add_parser("leave", help="stand alone again")


def _outside(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from hub.outside.commands import kinds, parsers

    parsers(
        command("api-key", "keys with which other programs ask this hub"),
        command("webhook", "web addresses that are told what happens"),
    )
    take = command("import", "look at a CSV file, or take it in")
    take.add_argument("kind", choices=kinds())
    take.add_argument("file", type=Path)
    take.add_argument(
        "--dry-run", action="store_true", help="look only, and say what is wrong with each line"
    )
    give = command("export", "everything of the shop in one zip file, without secrets")
    give.add_argument("file", type=Path)


def _campaign(campaign: argparse.ArgumentParser) -> None:
    actions = campaign.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make an offer from a JSON file, or from options")
    add.add_argument(
        "file", nargs="?", help="JSON as in hub/wire/snapshot.py: Campaign; - reads standard input"
    )
    add.add_argument("--title", help="title in English")
    add.add_argument("--title-zh", help="title in Chinese")
    add.add_argument("--text", default="", help="text in English")
    add.add_argument("--text-zh", default="", help="text in Chinese")
    worth = add.add_mutually_exclusive_group()
    worth.add_argument("--amount", help="what is taken off, such as 5.00")
    worth.add_argument("--percent", type=int, help="percent that is taken off")
    worth.add_argument("--gift", help="a gift, and what it costs the shop, such as 1.20")
    worth.add_argument("--voucher", help="a voucher that is spent in parts, and what is on it, such as 25.00")
    add.add_argument("--days", type=int, default=30, help="how long it runs from now on")
    add.add_argument("--limit", type=int, help="how many may be taken")
    add.add_argument("--holdout", type=int, default=0, help="per cent of the members in a control group")
    add.add_argument("--publish", action="store_true", help="publish it at once")
    listing = actions.add_parser("list", help="list the offers")
    listing.add_argument("--json", action="store_true")
    listing.add_argument("--search", metavar="WORDS", help="only offers with these words in their title")
    listing.add_argument("--state", choices=("draft", "published", "paused", "ended"))
    listing.add_argument("--skip", type=int, default=0, help="how many to leave out at the beginning")
    listing.add_argument("--limit", type=int, default=0, help="how many at most; 0: all")
    calendar = actions.add_parser("calendar", help="what runs when in a month, and what at the same time")
    calendar.add_argument("--month", help="such as 2026-11; this month without it")
    actions.add_parser("waiting", help="what was submitted and waits for approval")
    two = actions.add_parser("two-eyes", help="say whether two people see an offer before it is published")
    two.add_argument("wanted", choices=("yes", "no"))
    for name, what in (
        ("show", "one offer, as JSON"),
        ("publish", "show it to shoppers"),
        ("pause", "stop handing it out"),
        ("resume", "let it run again"),
        ("end", "end it"),
        ("submit", "ask somebody else to approve it"),
        ("approve", "approve what somebody else submitted, and publish it"),
        ("send-back", "send back what somebody submitted"),
        ("take-back", "forget what was submitted"),
        ("copy", "make a draft like it"),
        ("versions", "list its versions"),
        ("diff", "what differs in an earlier version"),
        ("rollback", "let it be again as it was in an earlier version"),
        ("message", "the words of a text message for it, and what it weighs"),
    ):
        one = actions.add_parser(name, help=what)
        one.add_argument("number", type=int)
        if name in ("diff", "rollback"):
            one.add_argument("version", type=int)
        if name == "send-back":
            one.add_argument("--reason", required=True, help="what is to be different")
        if name == "message":
            one.add_argument("--language", choices=("en", "zh"), default="en")
        one.add_argument("--by", metavar="NAME", help="who does it, for the record of changes")


def _people(staff: argparse.ArgumentParser, manager: argparse.ArgumentParser) -> None:
    actions = staff.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="let somebody redeem; prints the PIN once")
    add.add_argument("name")
    add.add_argument("--pin", help="4 to 8 digits; without it one is made")
    add.add_argument("--member", help="the number of their own membership: nobody redeems their own coupons")
    actions.add_parser("list", help="list them")
    declare(manager)


def _tags(tag: argparse.ArgumentParser) -> None:
    actions = tag.add_subparsers(dest="action", required=True)
    add = actions.add_parser(
        "add",
        help="let the doors recognise a tag, or a person who gave a key; a key is read from standard input",
    )
    add.add_argument("name")
    add.add_argument(
        "identity",
        nargs="?",
        help="ibeacon:UUID/MAJOR/MINOR, altbeacon:UUID/ID2/ID3 or eddystone-uid:NAMESPACE/INSTANCE. Without it a line is asked "
        "for, which may also be irk:KEY or eddystone-eid:KEY/EXPONENT, with 32 digits of key",
    )
    add.add_argument(
        "--whose", choices=("thing", "staff", "member"), default="thing", help="thing by default"
    )
    add.add_argument("--clock", metavar="SECONDS", help="what the clock of an eddystone-eid beacon shows now")
    add.add_argument(
        "--agreed", action="store_true", help="the person has read the words of consent and agreed"
    )
    add.add_argument("--language", choices=("en", "zh"), default="en", help="in which the person read them")
    actions.add_parser("list", help="list them; keys are never shown").add_argument(
        "--json", action="store_true"
    )
    actions.add_parser("remove", help="delete a tag with its name and key").add_argument("known")


def _keys(key: argparse.ArgumentParser, revoke: argparse.ArgumentParser) -> None:
    actions = key.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="list them").add_argument("--json", action="store_true")
    renew = actions.add_parser("renew", help="let a device take a new key for its coupons")
    renew.add_argument("device")
    end = actions.add_parser("end", help="let nothing be good any more that a key signed")
    end.add_argument("number", type=int)
    end.add_argument("--days", type=float, default=0.0, help="from now; 0: at once")
    withdraw = actions.add_parser("withdraw", help="believe a key no more; its device takes a new one")
    withdraw.add_argument("number", type=int)
    policy = actions.add_parser("policy", help="say when keys change, and what becomes of old coupons")
    policy.add_argument("--every", type=int, metavar="DAYS", help="at which age; 0: only when asked")
    policy.add_argument(
        "--old", choices=("expiry", "after"), help="coupons stay good until they expire, or for a while"
    )
    policy.add_argument("--after", type=int, metavar="DAYS", help="how long, with --old after")
    policy.add_argument(
        "--codes-every", type=int, metavar="DAYS", help="the same for the key behind codes that change"
    )
    codes = actions.add_parser("codes", help="make a new key behind codes that change")
    codes.add_argument("--at-once", action="store_true", help="and let the old one be good no more")
    calls = revoke.add_subparsers(dest="action", required=True)
    coupon = calls.add_parser("coupon", help="one coupon")
    coupon.add_argument("serial")
    rule = calls.add_parser(
        "add", help="all coupons of a campaign, or by a key; times as 2026-01-31T14:05 in UTC"
    )
    rule.add_argument("--campaign", type=int)
    rule.add_argument("--key", type=int, metavar="NUMBER")
    rule.add_argument("--from", dest="first", metavar="TIME", help="taken from then on")
    rule.add_argument("--before", metavar="TIME", help="taken before then; now: those that there are")
    for one in (coupon, rule):
        one.add_argument("--reason", default="", help="why, for whoever asks later")
    calls.add_parser("list", help="list the rules").add_argument("--json", action="store_true")
    calls.add_parser("remove", help="take a rule away").add_argument("number", type=int)


def _counter(coupon: argparse.ArgumentParser) -> None:
    actions = coupon.add_subparsers(dest="action", required=True)
    issue = actions.add_parser("issue", help="take one coupon of an offer, as a shopper does")
    issue.add_argument("offer", help="the offer's number, or a part of its title")
    issue.add_argument("--json", action="store_true")
    what = "its code, its scanned text or its serial number"
    actions.add_parser("show", help="what became of a coupon").add_argument("coupon", help=what)
    reverse = actions.add_parser("reverse", help="take a redemption back as a manager; nothing is deleted")
    reverse.add_argument("coupon", help=what)
    reverse.add_argument("--reason", required=True, help="why; it stands in the coupon's history")


def _paper(paper: argparse.ArgumentParser) -> None:
    paper.add_argument("kind", choices=("poster", "door", *GRIDS), help="what to print")
    paper.add_argument("file", type=Path, help="the PDF file to make")
    paper.add_argument("offers", type=int, nargs="+", metavar="OFFER", help="number of the offer")
    paper.add_argument("--size", choices=("A4", "A3"), default="A4", help="of a poster or a door sign")
    paper.add_argument("--language", choices=("en", "zh"), help="one language instead of the shop's own")
    paper.add_argument("--address", metavar="URL", help="where phones reach the shop's pages (HUB_URL)")
    paper.add_argument("--copies", type=int, default=1, help="labels of each offer")


def _flags(args: argparse.Namespace) -> dict[str, str | None]:
    return {name: getattr(args, name, None) for name in ("dir", "host", "port")}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    args = build_parser().parse_args(argv)
    try:
        config = read_config(os.environ, _flags(args))
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        return BAD_USE
    set_up_log(config.log)
    if args.command == "config":
        print(show_config(config))
        return 0
    from hub.app import NoShop
    from hub.client.serving import ServeError
    from hub.command_table import every_command

    try:
        return every_command()[args.command](config, args)
    except (CommandError, NoShop, ServeError, StorageError) as wrong:
        print(wrong, file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
