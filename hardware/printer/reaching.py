"""`printer:net:HOST[:9100]`, `printer:serial:/dev/ttyUSB0`, `printer:usb:/dev/usb/lp0`, `printer:file:PATH`: real printers.

Behind commas: `status=no` for one that never says how it is, `drawer=5` for a drawer on pin 5, `baud=` and `flow=` for a serial
line. How wide the paper is, the program says (`paper_mm`, 58 or 80).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hardware.printer.driver import EscPosPrinter
from hardware.printer.wires import FileWire, NetWire, SerialWire, Wire
from hardware.reasons import DeviceError, Reason
from hardware.wishes import one_of, read_wishes, whole

PORT = 9100
BAUD = 38_400

_WISHES: dict[str, Callable[[str], Any]] = {"status": one_of("yes", "no"), "drawer": one_of("2", "5")}


def open_net(argument: str, paper_mm: int = 80) -> EscPosPrinter:
    """A printer on the network. It need not be there yet."""
    place, wishes = read_wishes("printer:net", argument, _WISHES)
    host, colon, port = place.rpartition(":")
    if not colon:
        host, port = place, str(PORT)
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise DeviceError(
            Reason.BAD_NAME,
            "Name the printer's address: printer:net:192.168.1.40, or with :PORT where it is not 9100.",
        )
    host = host.strip("[]")
    return _printer(
        f"Printer at {host}, port {port}", lambda: NetWire(host, int(port)), wishes, paper_mm, keep=False
    )


def open_serial(argument: str, paper_mm: int = 80) -> EscPosPrinter:
    """A printer on a serial line. It need not be there yet."""
    known = {"baud": whole(1200, 1_000_000), "flow": one_of("none", "rtscts", "dsrdtr", "xonxoff"), **_WISHES}
    port, wishes = read_wishes("printer:serial", argument, known)
    if not port:
        raise DeviceError(Reason.BAD_NAME, "Say which port the printer is on: printer:serial:/dev/ttyUSB0.")
    baud, flow = wishes.get("baud", BAUD), wishes.get("flow", "none")
    return _printer(
        f"Printer on {port}, {baud} baud", lambda: SerialWire(port, baud, flow), wishes, paper_mm, keep=True
    )


def open_file(argument: str, paper_mm: int = 80) -> EscPosPrinter:
    """A printer behind a device file. It need not be there yet."""
    path, wishes = read_wishes("printer:file", argument, _WISHES)
    if not path.startswith("/"):
        raise DeviceError(Reason.BAD_NAME, "Say which file the printer is: printer:usb:/dev/usb/lp0.")
    return _printer(f"Printer at {path}", lambda: FileWire(path), wishes, paper_mm, keep=True)


def _printer(
    described: str, open_wire: Callable[[], Wire], wishes: dict[str, Any], paper_mm: int, *, keep: bool
) -> EscPosPrinter:
    return EscPosPrinter(
        f"{described}, {paper_mm} mm paper",
        open_wire,
        paper_mm=paper_mm,
        keep=keep,
        asks=wishes.get("status", "yes") == "yes",
        drawer_pin=int(wishes.get("drawer", "2")),
    )
