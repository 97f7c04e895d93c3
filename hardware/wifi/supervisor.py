"""Runs the access point: puts the ground under it, starts hostapd and the two dnsmasqs, starts a dead one again, ends in order.

New settings that do not come up are taken back: the network that came up last is put up again, and that is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from hardware.device import DeviceError, Reason
from hardware.wifi import access_point, leases
from hardware.wifi.access_point import Ground
from hardware.wifi.asking import ask
from hardware.wifi.control import radio_state, stations_of
from hardware.wifi.daemons import dnsmasq_command, hostapd_command
from hardware.wifi.keeping import Daemon
from hardware.wifi.network import DNS_PORT, INTERNET_DNS_PORT, Network

UP_WITHIN_S = 20.0
"""hostapd waits up to five seconds for the kernel to change the country, and longer for a slow radio."""

GIVE_UP_DEATHS = 3
"""A daemon that has died so often before it ever answered will not answer."""

LOOK_S = 2.0
ANSWER_WITHIN_S = 0.3
_PORTS = {"guest": DNS_PORT, "internet": INTERNET_DNS_PORT}


@dataclass(slots=True)
class Up:
    """A network that stands, or is on its way up.

    `seen`: when a guest was there last, or when it came up; `without_lease`: since when there are phones and none has an
    address. Both in seconds of UTC.
    """

    network: Network
    ground: Ground
    daemons: list[Daemon]
    state: str = "starting"
    seen: float = 0.0
    without_lease: float | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Supervisor:
    """One access point. `run` returns when it was told to end; DeviceError where it cannot be put up at all."""

    def __init__(self, folder: Path, to: TextIO = sys.stderr) -> None:
        self._folder = folder
        self._to = to
        self._ending = asyncio.Event()
        self._why_back = ""

    async def run(self, wanted: Network) -> None:
        """Put it up and keep it up until SIGTERM or SIGINT; then take it down and leave the machine as it was."""
        with access_point.alone(self._folder), self._until_told():
            for sentence in access_point.clear(self._folder, leases=False):
                self._say(f"Left by an earlier run: {sentence}")
            try:
                up = await self._up_or_back(wanted)
                if up is not None:
                    try:
                        await self._watch(up)
                    finally:
                        await self._down(up)
            finally:
                access_point.clear(self._folder)

    @contextmanager
    def _until_told(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        both = (signal.SIGTERM, signal.SIGINT)
        for number in both:
            loop.add_signal_handler(number, self._ending.set)
        try:
            yield
        finally:
            for number in both:
                loop.remove_signal_handler(number)

    async def _up_or_back(self, wanted: Network) -> Up | None:
        """The network that was wanted, else the one that stood last; None where it was ended meanwhile."""
        earlier = access_point.last_good(self._folder)
        try:
            up = await self._up(wanted)
        except DeviceError as wrong:
            if self._ending.is_set():
                return None
            if earlier is None:
                raise
            self._why_back = str(wrong)
            self._say(f"The new settings do not come up, so the earlier ones are put back. {wrong}")
            return await self._up(earlier)
        access_point.keep_good(wanted, self._folder)
        return up

    async def _up(self, wanted: Network) -> Up:
        """Put it up, or leave everything as it was; DeviceError with the reason."""
        try:
            network = access_point.with_radio(wanted)
            access_point.write(network, self._folder)
            await asyncio.to_thread(access_point.check_files, network, self._folder)
            up = Up(network, access_point.prepare(network, self._folder), self._daemons(network))
        except BaseException:
            access_point.clear(self._folder, leases=False)
            raise
        try:
            self._tell(up)
            up.tasks = [
                asyncio.create_task(daemon.keep(lambda: self._write_down(up), self._died(up)))
                for daemon in up.daemons
            ]
            await self._answers(up)
            access_point.set_apart(up.ground, self._folder)
        except BaseException:
            await self._down(up)
            raise
        up.state, up.seen = "back" if self._why_back else "up", time.time()
        self._tell(up)
        radio = (
            f"hostapd on {network.radio}"
            if network.radio
            else f"{network.interface}, without a radio of ours"
        )
        self._say(f"The guest network {network.ssid!r} is up: {radio}, {network.address}.")
        return up

    def _daemons(self, network: Network) -> list[Daemon]:
        place = self._folder
        radio = [Daemon("hostapd", hostapd_command(place / access_point.RADIO_FILE))] if network.radio else []
        servers = [Daemon("guest", dnsmasq_command(place / access_point.GUEST_FILE))]
        if network.upstream is not None:
            servers.append(Daemon("internet", dnsmasq_command(place / access_point.INTERNET_FILE)))
        return [*radio, *servers]

    def _died(self, up: Up) -> Callable[[Daemon, int, float], None]:
        def died(daemon: Daemon, status: int, pause_s: float) -> None:
            self._say(f"{daemon.name} has ended ({status}), again in {pause_s:g} s: {daemon.last_words()}")
            self._tell(up)

        return died

    async def _answers(self, up: Up) -> None:
        """Until everything answers; DeviceError with the last words of what does not."""
        until = time.monotonic() + UP_WITHIN_S
        while (silent := await asyncio.to_thread(self._silent, up)) is not None:
            given_up = silent.deaths >= GIVE_UP_DEATHS or time.monotonic() > until
            if given_up or self._ending.is_set():
                raise DeviceError(
                    Reason.BROKEN,
                    f"{silent.name} does not come up: {silent.last_words()}. {_ADVICE[silent.name]}",
                )
            await asyncio.sleep(0.1)

    def _silent(self, up: Up) -> Daemon | None:
        """The first daemon that does not answer."""
        network = up.network
        for daemon in up.daemons:
            if daemon.name in _PORTS:
                asked = ask(network.address.ip, _PORTS[daemon.name], network.portal_name, ANSWER_WITHIN_S)
                answers = asked == network.address.ip
            else:
                state = radio_state(self._folder, network.radio or "")
                answers = state.get("state") == "ENABLED"
            if not answers or daemon.pid is None:
                return daemon
        return None

    async def _watch(self, up: Up) -> None:
        """Until told to end: our address stays where it is, also after the interface was gone."""
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), LOOK_S)
                return
            try:
                if not await asyncio.to_thread(access_point.stands, up.network):
                    again = access_point.prepare(up.network, self._folder)
                    up.ground.address = up.ground.address or again.address
                    self._write_down(up)
                    self._say(f"{up.network.interface} had lost our address and has it again.")
                await asyncio.to_thread(access_point.set_apart, up.ground, self._folder)
                await asyncio.to_thread(self._look_for_guests, up, time.time())
            except DeviceError as wrong:
                self._say(str(wrong))
            self._tell(up)

    def _look_for_guests(self, up: Up, now: float) -> None:
        """Of a radio hostapd knows; on a wired port, whoever has asked for an address or for more time of it."""
        network, ends = up.network, leases.ends(self._folder)
        if network.radio:
            phones = stations_of(radio_state(self._folder, network.radio))
            up.seen = now if phones else up.seen
            alone = phones > 0 and not any(end > now for end in ends)
            up.without_lease = (up.without_lease or now) if alone else None
        elif ends:
            up.seen = max(up.seen, min(now, max(ends) - network.lease_s))

    async def _down(self, up: Up) -> None:
        """hostapd first, so that nobody comes; then what gave them addresses; then the ground."""
        for task in up.tasks:
            task.cancel()
        await asyncio.gather(*up.tasks, return_exceptions=True)
        for daemon in up.daemons:
            await daemon.end()
        access_point.clear(self._folder, leases=False)

    def _write_down(self, up: Up) -> None:
        up.ground.daemons = [one for daemon in up.daemons if (one := daemon.known()) is not None]
        access_point.keep(up.ground, self._folder)
        self._tell(up)

    def _tell(self, up: Up) -> None:
        network = up.network
        access_point.tell(
            {
                "state": up.state,
                "at": time.time(),
                "sentence": self._why_back,
                "interface": network.interface,
                "radio": network.radio,
                "channel": network.channel,
                "address": str(network.address),
                "name": network.portal_name,
                "stations": network.station_limit,
                "upstream": network.upstream,
                "guests": {"seen": up.seen or None, "without_lease": up.without_lease},
                "daemons": [{"name": one.name, "pid": one.pid, "deaths": one.deaths} for one in up.daemons],
            },
            self._folder,
        )

    def _say(self, sentence: str) -> None:
        self._to.write(f"wifi: {sentence}\n")
        self._to.flush()


_SERVER = "Does another DNS or DHCP server run on this interface? `ss -lnup` shows them."
_ADVICE = {
    "hostapd": "Is the radio free of NetworkManager, wpa_supplicant and rfkill, and does it know this channel?",
    "guest": _SERVER,
    "internet": _SERVER,
}
