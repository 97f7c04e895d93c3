"""`python -m hardware`: what devices there are, what a payload says, what a recording holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import msgspec

from hardware import commands as device_commands
from hardware.ble import advertise_command, bluez_setup
from hardware.ble.captures import Capture, CaptureError
from hardware.ble.describe import described
from hardware.ble.jsonlines import to_line
from hardware.device import DeviceError, known_devices
from hardware.modem import commands as modem_commands
from hardware.wifi import commands as wifi_commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    wanted = _parser().parse_args(arguments)
    try:
        status: int = wanted.run(wanted)
    except BrokenPipeError:
        # Whoever read us has had enough (`| head`); the interpreter must not complain about it at exit.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
    except (CaptureError, DeviceError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hardware", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="the names of devices that can be opened").set_defaults(run=_list)
    ble = commands.add_parser("ble", help="Bluetooth Low Energy").add_subparsers(
        required=True, metavar="COMMAND"
    )
    decode = ble.add_parser("decode", help="read hex payloads line by line, print one JSON object each")
    decode.set_defaults(run=lambda _: _decode(sys.stdin.buffer, sys.stdout.buffer))
    capture = ble.add_parser("capture", help="print a recording's advertisements as JSON lines")
    capture.add_argument(
        "file", metavar="FILE", help="btsnoop, pcap, pcapng or JSON lines; .xz and .gz are unpacked"
    )
    capture.set_defaults(run=lambda wanted: _capture(wanted.file, sys.stdout.buffer))
    advertise_command.add_arguments(
        ble.add_parser("advertise", help="put frames on the air, and say what became of them")
    )
    bluez_setup.add_arguments(
        ble.add_parser("allow-intervals", help="let BlueZ take the interval and power that are asked for")
    )
    wifi_commands.add_arguments(commands.add_parser("wifi", help="the guests' own Wi-Fi network"))
    device_commands.add_arguments(commands)
    modem_commands.add_arguments(commands)
    return parser


def _list(_: argparse.Namespace) -> int:
    for name in known_devices():
        print(name)
    return 0


def _decode(lines: Iterable[bytes], to: BinaryIO) -> int:
    for answer in _answers(lines):
        to.write(msgspec.json.encode(answer) + b"\n")
        to.flush()
    return 0


def _answers(lines: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """One answer for every line, an empty one included: an empty payload is a payload."""
    for line in lines:
        yield described(line.decode("utf-8", "replace").strip())


def _capture(file: str, to: BinaryIO) -> int:
    recording = Capture(file)
    try:
        to.writelines(to_line(heard) for heard in recording)
    finally:
        to.flush()
    if recording.passed_over:
        over = ", ".join(f"{count} {reason}" for reason, count in sorted(recording.passed_over.items()))
        print(f"Passed over: {over}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
