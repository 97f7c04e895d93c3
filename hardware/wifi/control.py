"""hostapd's control socket: one datagram with a command such as STATUS or PING, one with the answer."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

ANSWER_OCTETS = 65_536
_numbers = itertools.count()


def told(folder: Path, radio: str, command: str, within_s: float = 1.0) -> str | None:
    """What hostapd answers to a command; None where it does not answer."""
    own = folder / f"asking-{os.getpid()}-{next(_numbers)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
        asking.settimeout(within_s)
        try:
            asking.bind(str(own))
            asking.connect(str(folder / "control" / radio))
            asking.send(command.encode("ascii"))
            return asking.recv(ANSWER_OCTETS).decode("utf-8", "replace")
        except OSError:
            return None
        finally:
            own.unlink(missing_ok=True)


def radio_state(folder: Path, radio: str) -> dict[str, str]:
    """hostapd's STATUS by name: `state`, `channel`, `num_sta[0]`, `ssid[0]` and more; empty where it does not answer."""
    lines = (told(folder, radio, "STATUS") or "").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def stations_of(status: dict[str, str]) -> int:
    """How many phones are associated, in all networks of the radio."""
    counts = (value for name, value in status.items() if name.startswith("num_sta["))
    return sum(int(count) for count in counts if count.isdigit())
