"""A frame as the D-Bus object that BlueZ asks for: org.bluez.LEAdvertisement1.

BlueZ makes the octets from properties, in the order UUIDs, manufacturer, service; a frame's own encoding has that order, so that
what is on the air is the frame's encoding, octet by octet. Before it the kernel puts Flags 0x04 where the adapter speaks LE only.
Answers are made here and sent by `hardware.ble.bluez_broadcast`.
"""

from __future__ import annotations

from typing import Any

from dbus_fast import Message, Variant

from hardware.ble.advertising import KERNEL_TURN_S
from hardware.ble.broadcast import Frame
from hardware.ble.codec import BadPayload, parse

INTERFACE = "org.bluez.LEAdvertisement1"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"

MOST_OCTETS = 28
"""What a legacy packet has, 31, without the three of the flags that the kernel may put before ours."""


def content(frame: Frame) -> dict[str, Variant]:
    """The properties with what the frame says; BadPayload where it cannot be said on the air."""
    octets = frame.beacon.encode()
    if len(octets) > MOST_OCTETS:
        raise BadPayload(f"{len(octets)} octets do not fit; a packet has room for {MOST_OCTETS}.")
    fields = parse(octets)
    found: dict[str, Variant] = {}
    if fields.manufacturer_data:
        makers = {company: Variant("ay", data) for company, data in fields.manufacturer_data.items()}
        found["ManufacturerData"] = Variant("a{qv}", makers)
    if fields.service_uuids:
        found["ServiceUUIDs"] = Variant("as", list(fields.service_uuids))
    if fields.service_data:
        services = {uuid: Variant("ay", data) for uuid, data in fields.service_data.items()}
        found["ServiceData"] = Variant("a{sv}", services)
    return found


def properties(frame: Frame) -> dict[str, Variant]:
    """All properties. What BlueZ does not know or may not pass on, it leaves alone."""
    wishes = {
        # Nobody can connect, and the kernel takes a new random address each time.
        "Type": Variant("s", "broadcast"),
        "MinInterval": Variant("u", frame.interval_ms),
        "MaxInterval": Variant("u", frame.interval_ms),
        "Duration": Variant("q", KERNEL_TURN_S),
    }
    if frame.power_dbm is not None:
        wishes["TxPower"] = Variant("n", frame.power_dbm)
    return content(frame) | wishes


class Exported:
    """One frame at one path. `power_dbm` is what BlueZ wrote back; `released` that BlueZ let go of it."""

    def __init__(self, path: str, frame: Frame) -> None:
        self.path = path
        self.frame = frame
        self.shown = properties(frame)
        self.power_dbm: int | None = None
        self.released = False

    def answer(self, call: Message) -> Message:
        """The reply to a call of BlueZ."""
        match call.interface, call.member:
            case _, "GetManagedObjects":
                return Message.new_method_return(
                    call, "a{oa{sa{sv}}}", [{self.path: {INTERFACE: self.shown}}]
                )
            case _, "GetAll":
                return Message.new_method_return(call, "a{sv}", [self.shown])
            case (_, "Get") if len(call.body) == 2 and call.body[1] in self.shown:
                return Message.new_method_return(call, "v", [self.shown[call.body[1]]])
            case _, "Set":
                self._set(call.body)
                return Message.new_method_return(call)
            case _, "Release":
                self.released = True
                return Message.new_method_return(call)
            case _:
                return Message.new_error(
                    call, "org.freedesktop.DBus.Error.UnknownMethod", f"{self.path} has no {call.member}"
                )

    def _set(self, body: list[Any]) -> None:
        """BlueZ writes back what became of the power (127: the adapter does not say)."""
        if body[1:2] == ["TxPower"] and isinstance(body[2].value, int):
            value = body[2].value
            self.power_dbm = value if value != 127 else None

    def changed(self, frame: Frame) -> Message:
        """The signal that makes BlueZ send other content; BadPayload where it cannot be said."""
        new = content(frame)
        differing = {name: value for name, value in new.items() if self.shown.get(name) != value}
        self.frame, self.shown = frame, properties(frame)
        return Message.new_signal(
            self.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [INTERFACE, differing, []]
        )
