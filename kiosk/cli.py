"""What a shell can ask of the counter. Every mistake is one sentence on stderr and an exit status."""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hardware.reasons import DeviceError
from hub.client.configured import values_of, write_down
from hub.client.db import StorageError
from hub.client.enrolling import EnrolError, enrol
from hub.client.joining import Joining, lasting_key, show_code
from hub.client.node import Node
from hub.client.settings import SettingsError
from hub.client.warnings import exit_status, read_report, show
from kiosk.config import SETTINGS, Config, read_config, show_config

OK, REFUSED, BROKEN = 0, 1, 2

LOOK_TIMEOUT_S = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    asked = _parser().parse_args(arguments)
    try:
        config = read_config(os.environ, _flags(asked))
        status: int = asked.run(config, asked)
    except BrokenPipeError:
        return OK
    except (SettingsError, EnrolError, StorageError, DeviceError, OSError) as wrong:
        return _broken(str(wrong))
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kiosk", description="The counter: screen and till.")
    parser.add_argument("--dir", help="folder of this kiosk (KIOSK_DIR)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("--dir", default=argparse.SUPPRESS, help="folder of this kiosk (KIOSK_DIR)")
        made.set_defaults(run=run)
        return made

    serve = command("serve", _serve, "Answer at the screen and the till until told to stop.")
    serve.add_argument("--host", help="address to listen on (KIOSK_HOST)")
    serve.add_argument("--port", help="port to listen on (KIOSK_PORT)")
    browser = command("browser", _browser, "Show the shoppers' screen in a browser that is looked after.")
    browser.add_argument("--port", help="port of the kiosk on this machine (KIOSK_PORT)")
    joining = command("enrol", _enrol, "Join a shop with a pairing code from its hub.")
    joining.add_argument(
        "code",
        metavar="CODE",
        nargs="?",
        help="the pairing code; without one this till shows a code for the hub",
    )
    joining.add_argument("--hub", help="address of the hub, such as http://hub.local:8080 (KIOSK_HUB)")
    joining.add_argument("--name", default="Till 1", help="what people call this till")
    command("key", _key, "Print this till's public key, to be allowed at the hub before it is there.")
    redeem = command("redeem", _redeem, "Redeem a coupon, as the till page does.")
    redeem.add_argument("text", metavar="TOKEN_OR_CODE", help="the text of the QR, or the code beneath it")
    redeem.add_argument("--basket", default="", metavar="AMOUNT", help="what is bought, such as 12.50")
    redeem.add_argument("--staff", default="shell", metavar="ID", help="who redeems")
    redeem.add_argument("--json", action="store_true", help="print JSON")
    paid = command("paid", _paid, "Tell the hub of a purchase that was paid, with a coupon or without.")
    paid.add_argument("amount", metavar="AMOUNT", help="what was paid, after all discounts, such as 12.50")
    paid.add_argument(
        "--name", default="", metavar="TEXT", help="names it at this till, such as the receipt's number"
    )
    paid.add_argument("--items", type=int, metavar="N", help="how many things it were")
    paid.add_argument("--member", default="", metavar="ID", help="who bought it")
    paid.add_argument("--staff", default="shell", metavar="ID", help="who took the money")
    returned = command("returned", _returned, "Tell the hub that something of a purchase was brought back.")
    returned.add_argument(
        "name", metavar="NAME", help="the purchase at this till, as `paid --name` called it"
    )
    returned.add_argument("amount", metavar="AMOUNT", nargs="?", default="", help="what was returned, or all")
    returned.add_argument("--staff", default="shell", metavar="ID", help="who returned the money")
    command(
        "check", _check, "Say what is wrong here. Exit status 0: nothing, 1: warnings, 2: errors."
    ).add_argument("--json", action="store_true", help="print JSON")
    command("status", _status, "Say how the counter stands.").add_argument(
        "--json", action="store_true", help="print JSON"
    )
    command("staff", _staff, "List who may sign in.")
    command("config", _config, "Print the settings in force.")
    return parser


def _flags(asked: argparse.Namespace) -> dict[str, str | None]:
    return {name: getattr(asked, name, None) for name in ("dir", "host", "port", "hub")}


def _broken(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return BROKEN


def _config(config: Config, _asked: argparse.Namespace) -> int:
    print(show_config(config))
    return OK


def _key(config: Config, _asked: argparse.Namespace) -> int:
    print(lasting_key(config.dir))
    return OK


def _enrol(config: Config, asked: argparse.Namespace) -> int:
    if not config.hub:
        return _broken("Say where the hub is: --hub http://hub.local:8080")
    if not asked.code:
        joining = Joining(config.dir, config.hub, "kiosk", asked.name, hub_key=config.hub_key)
        return OK if show_code(joining, lambda line: print(line, flush=True)) else BROKEN
    node = enrol(config.dir, config.hub, asked.code, "kiosk", asked.name)
    print(f"{node.name} has joined shop {node.shop} as {node.device}.")
    return OK


def _serve(config: Config, asked: argparse.Namespace) -> int:
    # Late, like the counter everywhere here: `config` and `enrol` need neither Flask nor the journal.
    from hub.client.serving import ServeError
    from kiosk.app import serve
    from kiosk.counter import Counter, NotEnrolled

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")

    def ready(address: str) -> None:
        print(f"The screen is at {address}/ and the till at {address}/till", flush=True)

    try:
        if Node.load(config.dir) is None and config.hub and not _set_up(config):
            return OK
        if Node.load(config.dir) is not None:
            write_down("kiosk", SETTINGS, os.environ, _flags(asked), values_of(SETTINGS, config))
        counter = Counter(config)
    except NotEnrolled as wrong:
        return _broken(str(wrong))
    try:
        serve(counter, ready)
    except ServeError as wrong:
        return _broken(str(wrong))
    finally:
        counter.stop()
    return OK


def _set_up(config: Config) -> bool:
    """Show a code until somebody at the hub accepts this till; False where the end was asked for before that."""
    from hub.client.setting_up import set_up
    from hub.storefront.setting_up import create_setting_up
    from hub.wire.joining import show_joining_code

    joining = Joining(config.dir, config.hub, "kiosk", config.name, hub_key=config.hub_key)
    app = create_setting_up(
        lambda: joining.standing,
        joining.begin_again,
        hub_url=config.hub,
        name=config.name,
        show=show_joining_code,
    )

    def ready(address: str) -> None:
        print(f"This till has joined no shop yet. Its code is at {address}/", flush=True)

    return set_up(joining, app, config.host, config.port, ready=ready)


def _browser(config: Config, _asked: argparse.Namespace) -> int:
    from kiosk.screen_browser import NoBrowser, run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        run(config.browser, config.browser_flags, config.port)
    except NoBrowser as wrong:
        return _broken(str(wrong))
    return OK


def _redeem(config: Config, asked: argparse.Namespace) -> int:
    from kiosk.counter import Counter, NotEnrolled
    from kiosk.redemption import Scan
    from kiosk.scans import read_amount

    try:
        basket_cents = read_amount(asked.basket)
        counter = Counter(config)
    except (ValueError, NotEnrolled) as wrong:
        return _broken(str(wrong))
    try:
        scan = Scan(_plain(asked.text), _plain(asked.staff)[:60], counter.random(16).hex(), basket_cents)
        verdict = counter.redeemer.redeem(scan)
        if counter.line.cut_off_since() is None:
            counter.exchange.once()
    finally:
        counter.stop()
    said = _said(verdict)
    if asked.json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        print(said["sentence"])
    return OK if verdict.accepted else REFUSED


def _paid(config: Config, asked: argparse.Namespace) -> int:
    from kiosk.buying import LONGEST_ID, MOST_CENTS, MOST_ITEMS, Bought
    from kiosk.counter import Counter, NotEnrolled
    from kiosk.scans import read_amount

    name = _plain(asked.name)
    if len(name) > LONGEST_ID or not name.isprintable():
        return _broken(f"A purchase is called something of at most {LONGEST_ID} characters, on one line.")
    if asked.items is not None and not 0 <= asked.items <= MOST_ITEMS:
        return _broken(f"--items is from 0 to {MOST_ITEMS}.")
    try:
        cents = read_amount(asked.amount)
        if cents is None or cents > MOST_CENTS:
            return _broken("Say what was paid, such as 12.50.")
        counter = Counter(config)
    except (ValueError, NotEnrolled) as wrong:
        return _broken(str(wrong))
    try:
        name = name or counter.random(16).hex()
        bought = Bought(name, _plain(asked.staff)[:60], cents, asked.items, _plain(asked.member)[:64])
        fact = counter.purchases.tell(bought)
        told = counter.exchange.once()
    finally:
        counter.stop()
    later = "" if told.retry is None else " The hub does not answer; it hears of it later."
    print(f"Noted as {fact.id}.{later}")
    return OK


def _returned(config: Config, asked: argparse.Namespace) -> int:
    from kiosk.buying import LONGEST_ID, BroughtBack
    from kiosk.counter import Counter, NotEnrolled
    from kiosk.scans import read_amount

    name = _plain(asked.name)
    if not 1 <= len(name) <= LONGEST_ID or not name.isprintable():
        return _broken(f"A purchase is called something of 1 to {LONGEST_ID} characters, on one line.")
    try:
        cents = read_amount(asked.amount)
        counter = Counter(config)
    except (ValueError, NotEnrolled) as wrong:
        return _broken(str(wrong))
    try:
        back = BroughtBack(name, counter.random(16).hex(), _plain(asked.staff)[:60], cents)
        fact = counter.purchases.bring_back(back)
        counter.exchange.once()
    finally:
        counter.stop()
    print(f"Noted: of {fact.of} {'all' if cents is None else asked.amount} was brought back.")
    return OK


def _plain(text: str) -> str:
    """Without what a shell may pass that is no text."""
    return text.encode("utf-8", "replace").decode()


def _said(verdict: Any) -> dict[str, Any]:
    """A verdict for programs, with the sentence for people beside it."""
    from hub.wire.refusals import sentence

    first = verdict.first_use
    if verdict.accepted:
        text = (
            "Accepted on this till's own account: the hub does not answer."
            if verdict.offline
            else "Redeemed."
        )
    else:
        text = verdict.sentence or sentence(verdict.refusal or "", "en")
    if first is not None:
        when = datetime.fromtimestamp(first.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        text = f"This coupon was used at {first.till}, {when}."
    return {
        "accepted": verdict.accepted,
        "refusal": verdict.refusal,
        "sentence": text,
        "serial": verdict.serial,
        "campaign": verdict.campaign,
        "value_cents": verdict.value_cents,
        "basket_cents": verdict.basket_cents,
        "offline": verdict.offline,
        "decided_by": verdict.decided_by,
        "at": verdict.at,
        "first_use": {"at": first.at, "till": first.till, "staff": first.staff} if first else None,
    }


def _check(config: Config, asked: argparse.Namespace) -> int:
    health = _health(config)
    shown = read_report(health)
    if asked.json:
        print(json.dumps(health, ensure_ascii=False))
    elif not shown:
        print("All is well at the counter.")
    else:
        for one in shown:
            print(f"{one.severity}: {one.sentence()}")
    if not asked.json:
        for device in health.get("devices", ()):
            print(f"{device['kind']} {device['device']}: {device['sentence'] or 'ready'}")
    return exit_status(shown)


def _status(config: Config, asked: argparse.Namespace) -> int:
    health = _health(config)
    if asked.json:
        print(json.dumps(health, ensure_ascii=False))
        return OK
    line = "cut off from its hub" if health.get("cut_off_since") else "connected"
    print(
        f"{health.get('name') or 'This kiosk'}: {health['status']}, {line}, "
        f"{health.get('pending', 0)} facts waiting, {health.get('parked', 0)} parked."
    )
    return OK


def _health(config: Config) -> dict[str, Any]:
    """What the running kiosk says of itself; where none runs, a look at its folder."""
    host = "127.0.0.1" if config.host in ("0.0.0.0", "::", "") else config.host  # noqa: S104 - where a listener is met
    connection = http.client.HTTPConnection(host, config.port, timeout=LOOK_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return _ours(connection.getresponse().read(1_000_000), config)
    except (OSError, http.client.HTTPException):
        return _look(config)
    finally:
        connection.close()


def _ours(body: bytes, config: Config) -> dict[str, Any]:
    try:
        health = json.loads(body)
        if health["program"] == "kiosk":
            read_report(health)
            return dict(health)
    except (ValueError, KeyError, TypeError):
        pass
    return _look(config)


def _look(config: Config) -> dict[str, Any]:
    from kiosk.device_health import DEVICE_WARNINGS
    from kiosk.health import WARNINGS, Condition, holding, report

    if Node.load(config.dir) is None:
        condition = Condition(now=time.time(), enrolled=False, answering=False)
        return report("", condition, show(WARNINGS, holding(condition)))
    from kiosk.counter import Counter

    counter = Counter(config)
    try:
        counter.exchange.once()
        condition = replace(counter.condition(), answering=False)
        counter.devices.try_out()
        counter.jobs.try_out()
        found = [*holding(condition), *counter.devices.holding(), *counter.jobs.holding()]
        health = report(counter.node.name, condition, show((*WARNINGS, *DEVICE_WARNINGS), found))
        health["devices"] = [device.as_json() for device in counter.devices.states()]
        return health
    finally:
        counter.stop()


def _staff(config: Config, _asked: argparse.Namespace) -> int:
    from kiosk.counter import Counter, NotEnrolled

    try:
        counter = Counter(config)
    except NotEnrolled as wrong:
        return _broken(str(wrong))
    try:
        people = counter.shelf.staff()
    finally:
        counter.stop()
    for person in people:
        print(f"{person.id}  {person.name}")
    if not people:
        print("Nobody yet. Add staff on the manager's pages, or: python -m hub staff add NAME")
    return OK
