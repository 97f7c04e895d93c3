"""A virtual Bluetooth controller: bumble's, with what a test of nearness needs and bumble leaves out.

bumble's own reports every packet at -50 dBm, makes up scan responses, sends no advertisement that cannot be connected to, and
takes an interval of 0.625 ms steps for milliseconds. Source: Core Specification 5.4, Vol 4 Part E, 7.7.65 and 7.8, and
Vol 6 Part B, 4.4.2.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bumble import hci
from bumble.controller import AdvertisingSet, Controller, LegacyAdvertiser

if TYPE_CHECKING:
    from tests.lab.air import Air

Kind = Literal["ADV_IND", "ADV_SCAN_IND", "ADV_NONCONN_IND"]
Ear = Literal["well", "deaf-until-reset", "deaf-until-replug"]

STEP_S = 0.000625
"""An advertising interval counts in these."""

LONGEST_DELAY_S = 0.010
"""Every advertiser adds up to so much by chance, so that two of them do not speak over each other for ever."""

POWERS_DBM = (-20, 8)
"""What this controller can send with; a wish beyond is met by the nearest."""

_NO_WISH = 0x7F

# How a packet is told in a legacy report and, as a legacy packet, in an extended one: itself, and the answer to a scan request.
_LEGACY_TYPES: dict[Kind, int] = {"ADV_IND": 0x00, "ADV_SCAN_IND": 0x02, "ADV_NONCONN_IND": 0x03}
_EXTENDED_TYPES: dict[Kind, tuple[int, int]] = {
    "ADV_IND": (0x13, 0x1B),
    "ADV_SCAN_IND": (0x12, 0x1A),
    "ADV_NONCONN_IND": (0x10, 0),
}
_EXTENDED_PROPERTIES: dict[int, Kind] = {0x13: "ADV_IND", 0x12: "ADV_SCAN_IND", 0x10: "ADV_NONCONN_IND"}
_LEGACY_SCAN_RESPONSE = 0x04

_EXTENDED_SCAN = {
    hci.HCI_LE_SET_EXTENDED_SCAN_PARAMETERS_COMMAND,
    hci.HCI_LE_SET_EXTENDED_SCAN_ENABLE_COMMAND,
}
_EXTENDED_FEATURES = hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING


@dataclass(frozen=True, slots=True)
class Packet:
    """One advertisement on its way through the air; `answer` is what the sender says when it is asked for more."""

    address: hci.Address
    data: bytes
    kind: Kind
    answer: bytes = b""


class VirtualController(Controller):
    """One radio chip. `extended` says whether it is of Bluetooth 5 (many advertisements at once) or older.

    `ear` "deaf-..." hears nothing while it believes that it scans. `obeys_filter`: it leaves repeats out where the kernel asks
    for that; chips differ in how well they do it, and this one does not unless it is told to. `reports` counts packets that it
    told the kernel of, answers to scan requests not among them.
    """

    def __init__(self, name: str, air: Air, public_address: str, *, extended: bool, line: Any = None) -> None:
        super().__init__(
            name,
            host_source=line.source if line else None,
            host_sink=line.sink if line else None,
            public_address=public_address,
        )
        self.air = air
        self.ear: Ear = "well"
        self.obeys_filter = False
        self.reports = 0
        self._reported: set[tuple[str, bytes]] = set()
        self.le_legacy_advertiser = _Legacy(self)
        self._scans_extended = False
        if extended:
            self.supported_commands = type(self).supported_commands | _EXTENDED_SCAN
        else:
            self.le_features = type(self).le_features & ~_EXTENDED_FEATURES
        air.controllers.add(self)

    def hear(self, packet: Packet, rssi_dbm: int) -> None:
        """Report a packet to the host, where it scans. An active scan asks a scannable sender, and that always answers.

        The kernel holds a scannable advertisement back until the answer comes and drops repeats meanwhile: without the
        answer, if only an empty one, a lone beacon would never be reported.
        """
        if not self.le_scan_enable or self.ear != "well":
            return
        if self.obeys_filter and self.filter_duplicates:
            # Core Specification 5.4, Vol 4 Part E, 7.8.11: a report of each sender, until the scan begins anew.
            said = (str(packet.address), packet.data)
            if said in self._reported:
                return
            self._reported.add(said)
        self.reports += 1
        self._report(packet, packet.data, rssi_dbm, answer=False)
        if self.le_scan_type == 1 and packet.kind != "ADV_NONCONN_IND":
            self._report(packet, packet.answer, rssi_dbm, answer=True)

    def _report(self, packet: Packet, data: bytes, rssi_dbm: int, *, answer: bool) -> None:
        who = packet.address
        if self._scans_extended:
            event = hci.HCI_LE_Extended_Advertising_Report_Event
            report = event.Report(
                event_type=_EXTENDED_TYPES[packet.kind][answer],
                address_type=who.address_type,
                address=who,
                primary_phy=hci.Phy.LE_1M,
                secondary_phy=0,
                advertising_sid=0xFF,
                tx_power=_NO_WISH,
                rssi=rssi_dbm,
                periodic_advertising_interval=0,
                direct_address_type=0,
                direct_address=hci.Address.ANY,
                data=data,
            )
            self.send_hci_packet(event([report]))
            return
        old = hci.HCI_LE_Advertising_Report_Event
        kind = _LEGACY_SCAN_RESPONSE if answer else _LEGACY_TYPES[packet.kind]
        self.send_hci_packet(
            old(
                [
                    old.Report(
                        event_type=kind,
                        address_type=who.address_type,
                        address=who,
                        data=data[:31],
                        rssi=rssi_dbm,
                    )
                ]
            )
        )

    def silence(self) -> None:
        """Forget everything, as a chip that loses its power does."""
        self.le_scan_enable = False
        self.le_legacy_advertiser.stop()
        for advertising in self.advertising_sets.values():
            advertising.stop()
        self.advertising_sets.clear()

    def on_hci_reset_command(self, command: Any) -> Any:
        """Reset: bumble's forgets nothing."""
        self.silence()
        if self.ear == "deaf-until-reset":
            self.ear = "well"
        return super().on_hci_reset_command(command)

    def on_hci_le_set_scan_enable_command(self, command: Any) -> Any:
        """Old scanning: the reports are of the old kind."""
        self._scans_extended = False
        self._reported.clear()
        return super().on_hci_le_set_scan_enable_command(command)

    def on_hci_le_set_extended_scan_parameters_command(self, command: Any) -> Any:
        """bumble does not keep whether the scan is active."""
        self.le_scan_type = int(command.scan_types[0]) if command.scan_types else 0
        return super().on_hci_le_set_extended_scan_parameters_command(command)

    def on_hci_le_set_extended_scan_enable_command(self, command: Any) -> Any:
        """New scanning: the reports are of the new kind."""
        self._scans_extended = True
        self._reported.clear()
        return super().on_hci_le_set_extended_scan_enable_command(command)

    def on_hci_le_set_advertising_set_random_address_command(self, command: Any) -> Any:
        """As bumble's, on a set of ours."""
        self.advertising_sets.setdefault(
            command.advertising_handle, _Extended(self, command.advertising_handle)
        )
        return super().on_hci_le_set_advertising_set_random_address_command(command)

    def on_hci_le_set_extended_advertising_parameters_command(self, command: Any) -> Any:
        """As bumble's, on a set of ours, and the power is what was asked for, within what the chip can."""
        self.advertising_sets.setdefault(
            command.advertising_handle, _Extended(self, command.advertising_handle)
        )
        answer = super().on_hci_le_set_extended_advertising_parameters_command(command)
        wish = command.advertising_tx_power
        signed = (wish ^ 0x80) - 0x80
        power_dbm = 0 if wish == _NO_WISH else min(max(signed, POWERS_DBM[0]), POWERS_DBM[1])
        answer.selected_tx_power = power_dbm
        return answer

    def on_hci_le_read_transmit_power_command(self, command: Any) -> Any:
        """Which powers there are."""
        answer = super().on_hci_le_read_transmit_power_command(command)
        answer.min_tx_power, answer.max_tx_power = (power_dbm & 0xFF for power_dbm in POWERS_DBM)
        return answer


class _Legacy(LegacyAdvertiser):
    """The one advertisement of a chip before Bluetooth 5."""

    def send_advertising_data(self) -> None:
        kinds: dict[int, Kind] = {0: "ADV_IND", 2: "ADV_SCAN_IND", 3: "ADV_NONCONN_IND"}
        kind = kinds.get(self.advertising_type)
        if self.enabled and kind is not None:
            self._air.send(
                Packet(self.address, bytes(self.advertising_data), kind, bytes(self.scan_response_data)),
                self.controller,
            )

    @property
    def _air(self) -> Air:
        assert isinstance(self.controller, VirtualController)
        return self.controller.air

    def _on_timer_fired(self) -> None:
        self.send_advertising_data()
        self.timer_handle = _again(self.advertising_interval_min, self._on_timer_fired)


class _Extended(AdvertisingSet):
    """One of the many of a chip of Bluetooth 5; here always in packets of the old kind, as beacons are."""

    def send_extended_advertising_data(self) -> None:
        assert isinstance(self.controller, VirtualController)
        kind = _EXTENDED_PROPERTIES.get(
            self.parameters.advertising_event_properties if self.parameters else 0
        )
        if self.address is not None and kind is not None:
            packet = Packet(self.address, bytes(self.data), kind, bytes(self.scan_response_data))
            self.controller.air.send(packet, self.controller)

    def start(self) -> None:
        # The kernel starts a set that runs, when it starts to scan for one: still one clock, not two.
        self.stop()
        self.enabled = True
        self.timer_handle = asyncio.get_running_loop().call_later(
            0, self._on_extended_advertising_timer_fired
        )

    def _on_extended_advertising_timer_fired(self) -> None:
        if self.enabled:
            self.send_extended_advertising_data()
            steps = self.parameters.primary_advertising_interval_min if self.parameters else 160
            self.timer_handle = _again(steps, self._on_extended_advertising_timer_fired)


def _again(steps: int, call: Any) -> asyncio.TimerHandle:
    pause_s = steps * STEP_S + random.random() * LONGEST_DELAY_S
    return asyncio.get_running_loop().call_later(pause_s, call)
