"""`python -m hardware scanner|printer|camera|light ...`: what an installer tries before the kiosk runs.

Device names are those of the kiosk's settings: `serial:/dev/ttyACM0`, `net:192.168.1.40`, `v4l:/dev/video0`, `gpio:17,27,22,23`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hardware.device import open_device
from hardware.reasons import DeviceError, Found, Lost, Reason
from hardware.scanner.setup_codes import HONEYWELL_WAYS

Verbs = Any
"""What argparse calls a group of sub-commands; it has no public name."""


def say(sentence: str) -> None:
    """One line, at once."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def add_arguments(commands: Verbs) -> None:
    """Add the four families to the program's commands."""
    for family, about, verbs in (
        ("scanner", "scanners of codes", (_scanner_listen, _scanner_setup)),
        ("printer", "receipt printers", (_printer_status, _printer_test, _printer_kick)),
        ("camera", "cameras that read codes", (_camera_look,)),
        ("light", "status light and buzzer", (_light_show,)),
    ):
        group = commands.add_parser(family, help=about).add_subparsers(required=True, metavar="COMMAND")
        for verb in verbs:
            verb(group)


def _command(group: Verbs, name: str, about: str, run: Callable[[argparse.Namespace], int]) -> Any:
    made = group.add_parser(name, help=about, description=about)
    made.set_defaults(run=run)
    return made


# Scanner


def _scanner_listen(group: Verbs) -> None:
    made = _command(group, "listen", "print what a scanner reads, until Ctrl+C", _listen)
    made.add_argument("device", metavar="DEVICE", help="such as serial:/dev/ttyACM0")
    made.add_argument("--seconds", type=float, default=0.0, help="end after so many (0: never)")


def _listen(wanted: argparse.Namespace) -> int:
    return _follow(open_device(f"scanner:{wanted.device}"), wanted.seconds, _heard)


def _heard(heard: Any) -> str:
    match heard:
        case Found():
            return "ready"
        case Lost(sentence=sentence):
            return sentence
    if hasattr(heard, "text"):
        return f"{heard.symbology + '  ' if heard.symbology else ''}{heard.text}"
    return str(heard.sentence)


def _scanner_setup(group: Verbs) -> None:
    made = _command(
        group,
        "setup",
        "bring a scanner to our framing: print set-up codes, or write them over its line",
        _setup,
    )
    made.add_argument("--family", choices=("honeywell", "gm"), default="honeywell", help="whose commands")
    made.add_argument(
        "--as", dest="way", choices=sorted(HONEYWELL_WAYS), default="usb-serial", help="how it is connected"
    )
    made.add_argument("--to", type=Path, default=Path("scanner-setup.pdf"), metavar="FILE", help="PDF or PNG")
    made.add_argument("--port", help="write over this serial port instead, such as /dev/ttyUSB0")
    made.add_argument("--baud", type=int, default=9600)


def _setup(wanted: argparse.Namespace) -> int:
    if wanted.port:
        from hardware.scanner.setting_up import set_up

        for sentence in set_up(wanted.family, wanted.port, wanted.baud):
            say(sentence)
        return 0
    if wanted.family == "gm":
        raise DeviceError(
            Reason.NO_SERVICE,
            "What the printed codes of GM modules hold is not published: scan those of the module's own manual "
            "(serial or virtual serial port; tail CR), or write the settings over its line: --port /dev/ttyUSB0.",
        )
    from hardware.scanner.setup_page import honeywell_page, save_page

    try:
        save_page(honeywell_page(wanted.way), wanted.to)
    except (OSError, ValueError) as wrong:
        raise DeviceError(Reason.BROKEN, f"{wanted.to} cannot be written: {wrong}") from wrong
    say(f"Print {wanted.to} at its full size, and scan its codes from the top.")
    return 0


# Printer


def _printer_status(group: Verbs) -> None:
    made = _command(group, "status", "say how a printer is", _status)
    made.add_argument("device", metavar="DEVICE", help="such as net:192.168.1.40")


def _status(wanted: argparse.Namespace) -> int:
    printer = open_device(f"printer:{wanted.device}")
    status = printer.status()
    printer.close()
    say(f"{printer.describe()}: {status.sentence or 'ready'} (paper: {status.paper})")
    return 1 if status.trouble else 0


def _printer_test(group: Verbs) -> None:
    made = _command(group, "test", "print a page with both scripts and a code", _test)
    made.add_argument("device", metavar="DEVICE", help="such as net:192.168.1.40")
    made.add_argument("--paper", type=int, choices=(58, 80), default=80, help="width of the paper in mm")
    made.add_argument("--words", default="The printer works. 打印机工作正常。", help="what stands on it")


def _test(wanted: argparse.Namespace) -> int:
    from hardware.printer.page import Code, Page, Pair, Rule, Space, Words
    from hardware.printer.printer import NotPrinted

    printer = open_device(f"printer:{wanted.device}", paper_mm=wanted.paper)
    page = Page(
        (
            Words("Shopbell", "large", bold=True, align="center"),
            Rule(),
            Words(wanted.words),
            Pair("ABC abc 0123456789", "12.50"),
            Code("SHOPBELL TEST PAGE"),
            Space(4),
        )
    )
    outcome = printer.print(page)
    printer.close()
    if isinstance(outcome, NotPrinted):
        raise DeviceError(Reason.BROKEN, outcome.sentence)
    say("Printed." if outcome.sure else "Sent; this printer does not say whether it came out.")
    return 0


def _printer_kick(group: Verbs) -> None:
    made = _command(group, "kick", "open the cash drawer on a printer", _kick)
    made.add_argument("device", metavar="DEVICE", help="such as net:192.168.1.40,drawer=2")


def _kick(wanted: argparse.Namespace) -> int:
    printer = open_device(f"printer:{wanted.device}")
    sent, status = printer.kick(), printer.status()
    printer.close()
    if not sent:
        raise DeviceError(Reason.BROKEN, status.sentence or "The pulse could not be sent.")
    say("The pulse was sent.")
    return 0


# Camera


def _camera_look(group: Verbs) -> None:
    made = _command(group, "look", "read codes with a camera, until Ctrl+C", _look)
    made.add_argument("device", metavar="DEVICE", help="such as v4l:/dev/video0")
    made.add_argument("--seconds", type=float, default=0.0, help="end after so many (0: never)")
    made.add_argument(
        "--save", type=Path, metavar="FILE", help="write the first frame there, for a look at the light"
    )


def _look(wanted: argparse.Namespace) -> int:
    import zxingcpp
    from PIL import Image

    from hardware.camera.camera import Frame

    kinds = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    saved, last = wanted.save is None, ""

    def seen(what: Any) -> str | None:
        nonlocal saved, last
        if not isinstance(what, Frame):
            return _heard(what)
        picture = Image.frombytes("L", (what.width, what.height), what.grey)
        if not saved:
            picture.save(wanted.save)
            saved = True
        found = [code.text for code in zxingcpp.read_barcodes(picture, kinds) if code.text != last]
        last = found[-1] if found else last
        return "\n".join(found) or None

    return _follow(open_device(f"camera:{wanted.device}"), wanted.seconds, seen)


# Light


def _light_show(group: Verbs) -> None:
    made = _command(group, "show", "show a tone, or all four after each other", _show)
    made.add_argument("device", metavar="DEVICE", help="such as gpio:17,27,22,23")
    made.add_argument("tone", nargs="?", choices=("good", "look", "no", "note"), help="one of them only")


def _show(wanted: argparse.Namespace) -> int:
    from hardware.light.light import PATTERNS

    light = open_device(f"light:{wanted.device}")
    try:
        for tone in [wanted.tone] if wanted.tone else PATTERNS:
            say(tone)
            for step in PATTERNS[tone]:
                light.set(step)
                time.sleep(step.seconds)
    finally:
        light.close()
    return 0


def _follow(device: Any, seconds: float, told: Callable[[Any], str | None]) -> int:
    """Print what a device gives, for so long. 1 where it was never there."""
    until = time.monotonic() + seconds if seconds else float("inf")
    ready = False
    try:
        while (left_s := until - time.monotonic()) > 0:
            what = device.read(min(left_s, 1.0))
            if what is None:
                continue
            ready = ready or not isinstance(what, Lost)
            line = told(what)
            if line:
                say(line)
    finally:
        device.close()
    return 0 if ready else 1
