"""What the rules depend on, as it is on this machine now: the interfaces, the way out, what the kernel can."""

from __future__ import annotations

from edge.gate.config import NO_UPSTREAM, Config
from edge.gate.rules import Shape
from edge.gate.table import can
from edge.gate.uplink import Interfaces, Uplink, forward, other_ports


class Surroundings:
    """Looked at once a second."""

    def __init__(self) -> None:
        self._interfaces = Interfaces()
        self._can: frozenset[str] = frozenset()
        self._number = -1

    def close(self) -> None:
        """Let the socket go."""
        self._interfaces.close()

    def another_interface(self, config: Config) -> bool:
        """Whether the guest interface is another one of the same name, which has lost what was fastened to the old one."""
        return self._interfaces.number(config.interface) != self._number

    def look(self, config: Config, *, change: bool = True) -> Shape:
        """What the rules depend on. With `change` the kernel is made to forward between guests and the way out."""
        uplink = Uplink(None, ())
        if config.upstream != NO_UPSTREAM:
            uplink = self._interfaces.look(config.interface, config.upstream)
        upstream = uplink.interface
        if change and upstream is not None and not forward(config.interface, upstream):
            upstream = None
        number = self._interfaces.number(config.interface)
        bridge = bool(number) and self._interfaces.is_bridge(config.interface)

        def shape(away: bool, ports: tuple[str, ...] | None, zones: bool) -> Shape:
            return Shape(
                config.interface,
                config.address,
                config.portal_port,
                config.tls_port,
                config.allow,
                config.offline,
                upstream,
                uplink.networks,
                bridge,
                away,
                ports,
                zones,
            )

        if number != self._number:
            self._number, self._can = number, can(shape(away=True, ports=None, zones=True))
        ports = None if "ibrname" in self._can or not bridge else other_ports(config.interface)
        return shape(bool(number) and "away" in self._can, ports, "zones" in self._can)
