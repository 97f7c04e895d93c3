"""The guests' network of `shopbell up --wifi`: from the options to the plan, and whether its two programs are ready.

What the machine lacks is said before anything is started.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.up.access import choose_upstream, insist_on_access, is_radio, read_address
from hub.up.owner import Owner, root_again
from hub.up.plan import TLS_PORT, Wifi
from hub.up.sentences import UpError
from hub.up.services import BRIDGE
from hub.up.whereabouts import country_of, local_timezone

RUN = Path("/run")
STANDS = ("up", "back")
ANSWER_WITHIN_S = 2.0
WITH_KEY = ("wpa2", "wpa3")
ALONE = (
    "ssid",
    "country",
    "channel",
    "security",
    "passphrase_file",
    "upstream",
    "without_internet",
    "certificate",
)
"""Options that say something of the guests' network, and nothing without one."""


def plan_wifi(args: argparse.Namespace, owner: Owner | None) -> Wifi | None:
    """The guests' network as it was asked for; UpError with what stands in its way, None where none was asked for."""
    if args.wifi is None:
        given = [name for name in ALONE if getattr(args, name) is not None]
        if given:
            flag = given[0].replace("_", "-")
            raise UpError(f"--{flag} is about the guests' network. Name its interface, too: --wifi wlan0.")
        return None
    address = read_address(args.guests)
    insist_on_key(args)
    insist_on_access(args.wifi, address, TLS_PORT)
    place = _place(args)
    certificate, key, name = _certificate(args)
    radio = args.wifi if is_radio(args.wifi) else ""
    return Wifi(
        interface=BRIDGE if radio else args.wifi,
        radio=radio,
        upstream=choose_upstream(args.upstream, args.wifi),
        socket=str(place / "gate" / "gate.sock"),
        folder=str(place / "wifi"),
        user=str(owner.uid if owner else os.geteuid()),
        address=address,
        ssid=args.ssid or "",
        country=_country(args),
        channel=args.channel or "",
        security=args.security or "",
        passphrase_file=_whole(args.passphrase_file),
        offline=args.without_internet or "",
        name=name,
        certificate=certificate,
        certificate_key=key,
    )


def insist_on_key(args: argparse.Namespace) -> None:
    """UpError where security and passphrase do not fit together."""
    if args.security in WITH_KEY and args.passphrase_file is None:
        raise UpError(
            f"--security {args.security} needs the passphrase. Write it into a file that only you may read, and name that: "
            "--passphrase-file FILE."
        )
    if args.passphrase_file is not None and args.security not in WITH_KEY:
        raise UpError("--passphrase-file is for --security wpa2 or wpa3.")


def _country(args: argparse.Namespace) -> str:
    """Whose rules of the air hold; "" where we are on no air."""
    if args.country is not None:
        return str(args.country)
    if not is_radio(args.wifi):
        return ""
    found = country_of(local_timezone())
    if found is None:
        raise UpError(
            "This machine's timezone says no country, and a radio has to keep the rules of the one that it stands in. "
            "Give --country and its two letters, such as --country DE."
        )
    return found


def _certificate(args: argparse.Namespace) -> tuple[str, str, str]:
    """Certificate, key and the name that it is for; empty texts without one."""
    given = (args.certificate, args.certificate_key, args.name)
    if all(one is None for one in given):
        return "", "", ""
    if any(one is None for one in given):
        raise UpError("TLS takes all three: --certificate FILE --certificate-key FILE --name NAME, its name.")
    for file in given[:2]:
        if not Path(file).is_file():
            raise UpError(f"There is no file {file}.")
    return _whole(args.certificate), _whole(args.certificate_key), str(args.name)


def _whole(path: Path | None) -> str:
    return "" if path is None else str(path.expanduser().absolute())


def _place(args: argparse.Namespace) -> Path:
    """A folder in memory for the gate's socket and the access point's files, one for each shop on this machine."""
    if os.geteuid() == 0:
        return RUN / f"shopbell-up-{args.port_base}"
    return Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp")) / f"shopbell-up-{args.port_base}"  # noqa: S108


class GuestNetwork:
    """The gate and the access point of a shop that runs: whether they are ready, and what is new with them."""

    def __init__(self, wifi: Wifi, owner: Owner | None, since: float) -> None:
        self._wifi = wifi
        self._owner = owner
        self._since = since
        self._health: dict[str, Any] = {}
        self._status: dict[str, Any] = {}
        self._told: set[str] = set()

    def make_place(self) -> None:
        """The folder of the gate's socket, which the portal may enter but not write."""
        gate = Path(self._wifi.socket).parent
        with root_again(self._owner):
            try:
                for folder in (gate.parent, gate):
                    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            except OSError as wrong:
                raise UpError(f"{gate} cannot be made: {wrong.strerror}.") from wrong

    def is_ready(self, name: str) -> bool:
        """Whether the gate answers; whether the network stands. What an earlier run has left behind says nothing."""
        if name == "gate":
            return bool(self._ask_gate())
        status = self._ask_access_point()
        return status.get("state") in STANDS and status.get("at", 0.0) >= self._since

    def look(self) -> list[str]:
        """Ask both; a sentence for each thing that is new."""
        before = self._told
        self._health, self._status = self._ask_gate(), self._ask_access_point()
        self._told = set(self._sentences())
        return sorted(self._told - before)

    def describe(self, name: str) -> str:
        """What one of the two does now; "" where it does not say."""
        if name == "gate" and self._health:
            out = "internet" if self._health.get("upstream") else "no internet"
            return f"lets guests through: {self._health.get('guests', 0)} in, {out}"
        if name == "wifi" and self._status:
            radio = self._status.get("radio")
            where = (
                f"radio {radio}, channel {self._status.get('channel')}"
                if radio
                else f"{self._wifi.interface}, access point of yours"
            )
            return f"the network {self._wifi.ssid!r} on {where}"
        return ""

    def _sentences(self) -> Iterator[str]:
        if self._health and not self._health.get("rules_stand"):
            yield "The gate: its rules are not as they should be; nobody is let through until they are."
        if self._health and not self._health.get("upstream"):
            yield "The gate: there is no way to the internet; offers, coupons and the till work all the same."
        if self._status.get("state") == "back":
            yield f"The access point went back to its earlier settings. {self._status.get('sentence', '')}".rstrip()
        for daemon in self._status.get("daemons", ()):
            if daemon.get("deaths"):
                yield f"The access point: {daemon.get('name')} ended {daemon['deaths']} times and was started again."

    def _ask_gate(self) -> dict[str, Any]:
        """Its own account, in its own words (`edge/gate/protocol.py`); empty where it does not answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
            asking.settimeout(ANSWER_WITHIN_S)
            try:
                asking.connect(self._wifi.socket)
                asking.send(b'{"type":"health"}')
                return _object(asking.recv(65_536))
            except OSError:
                return {}

    def _ask_access_point(self) -> dict[str, Any]:
        """What it last said of itself; empty where it has said nothing yet."""
        with root_again(self._owner):
            try:
                return _object((Path(self._wifi.folder) / "status.json").read_bytes())
            except OSError:
                return {}


def _object(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
