"""The ground that the access point stands on: its files, our address, a bridge; made, written down, and taken away again.

What is changed is written to `state.json` first and done then, so that whoever starts after a crash finds it and puts the machine
back as it was. `hardware.wifi.supervisor` runs the daemons on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import msgspec

from hardware.device import DeviceError, Reason
from hardware.wifi import links
from hardware.wifi.daemons import Known, check_dnsmasq, daemon_user, end
from hardware.wifi.dnsmasq import guest_server, internet_server
from hardware.wifi.hostapd import hostapd
from hardware.wifi.hostapd_check import check_hostapd
from hardware.wifi.leases import LEASES
from hardware.wifi.network import Network
from hardware.wifi.stations import Tested, carries

STATE, GOOD, STATUS, LOCK = "state.json", "good.json", "status.json", "lock"
RADIO_FILE, GUEST_FILE, INTERNET_FILE = "hostapd.conf", "guest.conf", "internet.conf"
MODEL = Path("/proc/device-tree/model")
FIRMWARE = Path("/etc/alternatives/cyfmac43455-sdio.bin")
"""Raspberry Pi OS: which of the two firmwares the driver of the 43455 loads."""

FILES = (RADIO_FILE, GUEST_FILE, INTERNET_FILE)
LEFT_BY_DAEMONS = ("guest.pid", "internet.pid")


class Ground(msgspec.Struct):
    """What we have changed on this machine: `address` added to `interface`, which we have `raised`, or as a bridge `made`.

    `isolated` are ports of the bridge that were not before.
    """

    interface: str
    address: str | None = None
    raised: bool = False
    made: bool = False
    isolated: list[str] = []
    daemons: list[Known] = []


def with_radio(network: Network) -> Network:
    """The network with its radio, the one that is named or the interface itself where it is one, and with that one's limit.

    DeviceError where there is no such radio.
    """
    if network.radio is not None and network.radio != network.interface:
        if links.look(network.radio) is None or not links.is_radio(network.radio):
            raise DeviceError(
                Reason.NOT_FOUND,
                f"{network.radio} (WIFI_RADIO) is no Wi-Fi radio of this machine. `iw dev` lists them; without one leave it "
                "empty and put an access point on a wired port.",
            )
        found = network
    else:
        found = replace(network, radio=network.interface if links.is_radio(network.interface) else None)
    limit = tested_limit(found.radio) if found.radio and found.station_limit is None else None
    return found if limit is None else replace(found, station_limit=limit.stations)


def tested_limit(radio: str) -> Tested | None:
    """How many phones this radio was seen to carry, where it is one of those that were tried."""
    try:
        model = MODEL.read_text("utf-8", "replace").strip("\0\n ")
    except OSError:
        model = ""
    driver = Path("/sys/class/net", radio, "device", "driver").resolve().name
    return carries(model, driver, FIRMWARE.resolve().name)


def texts(network: Network, folder: Path) -> dict[str, str]:
    """The files of this network by their names. ValueError: it was not checked."""
    user = daemon_user()
    written = {GUEST_FILE: guest_server(network, str(folder), user)}
    if network.upstream is not None:
        written[INTERNET_FILE] = internet_server(network, str(folder), user)
    if network.radio is not None:
        written[RADIO_FILE] = hostapd(network, str(folder))
    return written


def write(network: Network, folder: Path) -> list[Path]:
    """Write the files, each whole or not at all, for root's eyes only; those of an earlier network go away."""
    make_folder(folder)
    written = texts(network, folder)
    for name in FILES:
        if name not in written:
            (folder / name).unlink(missing_ok=True)
    return [_put(folder / name, text.encode()) for name, text in written.items()]


def check_files(network: Network, folder: Path) -> None:
    """Each file before its own daemon; DeviceError with what that does not take."""
    for name in (GUEST_FILE, INTERNET_FILE):
        if (folder / name).exists():
            check_dnsmasq(folder / name)
    if network.radio is not None:
        check_hostapd(hostapd(network, str(folder), driver="none"), folder)


def prepare(network: Network, folder: Path) -> Ground:
    """Give the guests' interface our address; DeviceError where it is not there, or is not for guests."""
    ground = Ground(network.interface)
    link = links.look(network.interface)
    if link is None:
        if not network.bridged:
            raise DeviceError(
                Reason.NOT_FOUND,
                f"There is no interface {network.interface}. `ip link` lists those that there are.",
            )
        ground.made = True
        keep(ground, folder)
        links.make_bridge(network.interface)
        link = links.Link(network.interface, "bridge", up=False, carrier=False, addresses=())
    _refuse_others(link, network.address)
    if network.address not in link.addresses:
        ground.address = str(network.address)
        keep(ground, folder)
        links.change("address", "add", str(network.address), "broadcast", "+", "dev", network.interface)
    if not link.up and network.radio != network.interface:
        ground.raised = True
        keep(ground, folder)
        links.change("link", "set", "dev", network.interface, "up")
    keep(ground, folder)
    return ground


def set_apart(ground: Ground, folder: Path) -> None:
    """Let nothing pass between the ports of the guests' bridge: on two of them are strangers, as on one radio.

    hostapd makes a port anew whenever it is started, so this is done again and again.
    """
    for port, isolated in links.ports(ground.interface).items():
        if not isolated:
            ground.isolated = [*(name for name in ground.isolated if name != port), port]
            keep(ground, folder)
            links.isolate(port, on=True)


def stands(network: Network) -> bool:
    """Whether the interface is there with our address; a radio that was pulled out takes it along."""
    return network.address in links.addresses(network.interface)


def clear(folder: Path, *, leases: bool = True) -> list[str]:
    """Put away whatever a run of ours has left: daemons, our address, a bridge, files. What was done, in sentences.

    Without `leases` they stay: who goes on at once must not give an address away that a phone still has.
    """
    done: list[str] = []
    ground = kept(folder)
    if ground is not None:
        done += [f"Ended {one.name} (process {one.pid})." for one in reversed(ground.daemons) if end(one)]
        done += _give_back(ground)
    for name in (*FILES, *LEFT_BY_DAEMONS, STATE, STATUS, *([LEASES] if leases else [])):
        (folder / name).unlink(missing_ok=True)
    _clear_sockets(folder / "control")
    return done


def keep(ground: Ground, folder: Path) -> None:
    """Write down what we change, before it is changed."""
    _put(folder / STATE, msgspec.json.encode(ground))


def kept(folder: Path) -> Ground | None:
    """What a run of ours has changed and not put back; None where there is nothing."""
    with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError):
        return msgspec.json.decode((folder / STATE).read_bytes(), type=Ground)
    return None


def keep_good(network: Network, folder: Path) -> None:
    """Remember a network that came up, to return to where its successor does not."""
    _put(folder / GOOD, msgspec.json.encode(network, enc_hook=str))


def last_good(folder: Path) -> Network | None:
    """The network that came up last, where one is remembered."""
    with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError, ValueError):
        return msgspec.json.decode((folder / GOOD).read_bytes(), type=Network, dec_hook=_address)
    return None


def tell(status: dict[str, Any], folder: Path) -> None:
    """Say how the access point is, for whoever asks for its health."""
    _put(folder / STATUS, msgspec.json.encode(status))


def make_folder(folder: Path) -> None:
    """The folder of a run, for us alone; DeviceError where it cannot be made or is another's."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = folder.stat().st_uid
    except OSError as wrong:
        raise DeviceError(
            Reason.NO_PERMISSION,
            f"The folder {folder} cannot be made: {wrong.strerror}. Run this as root, or name another in WIFI_DIR.",
        ) from None
    if owner != os.geteuid():
        raise DeviceError(
            Reason.NO_PERMISSION, f"The folder {folder} belongs to somebody else. Name another in WIFI_DIR."
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else runs an access point in this folder meanwhile; DeviceError where somebody does."""
    make_folder(folder)
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DeviceError(
                Reason.BUSY, f"An access point runs already with the folder {folder}. End that one first."
            ) from None
        yield


def _refuse_others(link: links.Link, ours: IPv4Interface) -> None:
    """An interface that is in use for something else is most likely a wrong name, and the shop's own network."""
    if links.leads_away(link.name):
        raise DeviceError(
            Reason.BUSY,
            f"{link.name} is this machine's own way to the internet, not one for guests. Name another in WIFI_INTERFACE.",
        )
    if link.master is not None:
        raise DeviceError(
            Reason.BUSY,
            f"{link.name} is a port of the bridge {link.master}. Name the bridge in WIFI_INTERFACE.",
        )
    others = [address for address in link.addresses if address != ours]
    if others:
        raise DeviceError(
            Reason.BUSY,
            f"{link.name} has the address {others[0]}, so something else uses it. Name another interface in WIFI_INTERFACE, or "
            f"take that address away: ip address del {others[0]} dev {link.name}",
        )


def _give_back(ground: Ground) -> list[str]:
    link = links.look(ground.interface)
    if link is None:
        return []
    if ground.made and link.kind == "bridge":
        links.change("link", "delete", "dev", ground.interface)
        return [f"Removed the bridge {ground.interface}."]
    done = []
    ports = links.ports(ground.interface) if link.kind == "bridge" else {}
    for port in ground.isolated:
        if ports.get(port):
            links.isolate(port, on=False)
    if ground.address is not None and IPv4Interface(ground.address) in link.addresses:
        links.change("address", "delete", ground.address, "dev", ground.interface)
        done.append(f"Took {ground.address} from {ground.interface}.")
    if ground.raised and link.up:
        links.change("link", "set", "dev", ground.interface, "down")
        done.append(f"Set {ground.interface} down.")
    return done


def _clear_sockets(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _put(path: Path, content: bytes) -> Path:
    """Whole or not at all, and never for other eyes, not even for a moment."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(0o600, exist_ok=False)
    part.write_bytes(content)
    part.replace(path)
    return path


def _address(kind: type, text: object) -> object:
    if kind in (IPv4Address, IPv4Interface) and isinstance(text, str):
        return kind(text)
    raise ValueError(text)
