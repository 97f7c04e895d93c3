"""The folder of a shop: what lies where in it, who holds it, and whether its ports are free."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.up.sentences import UpError

LOCK_FILE = "up.lock"
PORT_FILE = "port-base"
GUESTS_FILE = "guests.json"
FIRST_STEPS = "first-steps.txt"
ORPHANS_END_WITHIN_S = 20.0
LOG_KEPT_BYTES = 2_000_000
"""A log that is longer at a start is set aside once: an SD card is small, and yesterday is worth keeping."""


@dataclass(slots=True)
class Place:
    """The folder, held by this process until `release`. `was_left_behind_s`: how long a killed shop may still be ending."""

    folder: Path
    was_left_behind_s: float = 0.0
    _lock: int = field(default=-1)

    @property
    def first_steps(self) -> Path:
        """The staff PIN, the manager's and the installer's code, until the manager has a password."""
        return self.folder / FIRST_STEPS

    def part(self, name: str) -> Path:
        """The folder of one program."""
        return self.folder / name

    def log(self, name: str) -> Path:
        """Where a program's own words go."""
        return self.folder / "log" / f"{name}.log"

    @classmethod
    def take(cls, folder: Path) -> Place:
        """Make the folder and hold it; UpError where it cannot be written or another shop runs in it."""
        place = cls(folder.expanduser().absolute())
        try:
            (place.folder / "log").mkdir(parents=True, exist_ok=True)
            place._lock = os.open(place.folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(place._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(place._lock).st_size:
                # Whoever held it was killed; its programs are ending at this moment, and with them their ports.
                place.was_left_behind_s = ORPHANS_END_WITHIN_S
            os.ftruncate(place._lock, 0)
            os.write(place._lock, f"{os.getpid()}\n".encode())
            os.fsync(place._lock)
        except OSError as wrong:
            raise place.refusal(wrong) from wrong
        return place

    def refusal(self, wrong: OSError) -> UpError:
        """What a failure in this folder means."""
        match wrong.errno:
            case errno.EWOULDBLOCK if self._lock >= 0:
                return UpError(
                    f"A shop is running in {self.folder} already{self._holder()}. Stop it, or give --dir."
                )
            case errno.ENOSPC | errno.EDQUOT:
                return UpError(f"The disk that holds {self.folder} is full. Free some space, or give --dir.")
            case errno.ENOTDIR | errno.EEXIST:
                return UpError(f"{self.folder} is not a folder. Give --dir another name.")
            case errno.EROFS | errno.EACCES | errno.EPERM:
                return UpError(
                    f"{self.folder} cannot be written. Give this user the right to, or give --dir."
                )
        return UpError(f"{self.folder} cannot be used: {wrong.strerror}. Give --dir another folder.")

    def _holder(self) -> str:
        said = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
        return f" (process {said})" if said.isdigit() else ""

    def remember(self, port_base: int, guests: Mapping[str, Mapping[str, str]]) -> None:
        """Write down where the shop answers, for `shopbell check`; `guests`: settings of the programs of a guests' network."""
        try:
            (self.folder / PORT_FILE).write_text(f"{port_base}\n")
            if guests:
                (self.folder / GUESTS_FILE).write_text(json.dumps(guests) + "\n")
            else:
                (self.folder / GUESTS_FILE).unlink(missing_ok=True)
        except OSError as wrong:
            raise self.refusal(wrong) from wrong

    def release(self) -> None:
        """Let another take it. May be called twice."""
        if self._lock >= 0:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = -1

    def open_log(self, name: str) -> int:
        """A descriptor for a child's output, appended; a long log makes way first."""
        path = self.log(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > LOG_KEPT_BYTES:
                path.replace(path.with_suffix(".log.before"))
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        except OSError as wrong:
            raise self.refusal(wrong) from wrong


def claim_ports(host: str, ports: dict[str, int], patience_s: float = 0.0) -> None:
    """UpError with the first port that somebody else still has after so many seconds."""
    until = time.monotonic() + patience_s
    while True:
        try:
            return _claim_ports(host, ports)
        except UpError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.3)


def _claim_ports(host: str, ports: dict[str, int]) -> None:
    for name, port in ports.items():
        if not 0 < port < 65_536:
            raise UpError(f"There is no port {port}. Give --port-base a number from 1024 to 65000.")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As the servers do: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except PermissionError:
                raise UpError(
                    f"Port {port} may not be used by this user. Give --port-base 8080 or higher."
                ) from None
            except OSError as wrong:
                if wrong.errno == errno.EADDRINUSE:
                    raise UpError(
                        f"Port {port}, which the {name} needs, is in use. Stop what uses it, or give --port-base."
                    ) from None
                raise UpError(
                    f"{host} is no address of this machine ({wrong.strerror}). Give --host another."
                ) from None


def lan_address() -> str | None:
    """This machine's own address on its network, as a phone beside it would dial it; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: a datagram socket only looks up which way it would go.
            probe.connect(("192.0.2.1", 9))
            address = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if address.startswith("127.") else address
