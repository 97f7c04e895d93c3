"""Kannel, the gateway that others run: its bearerbox with a simulated message centre, and a box between that and the hub.

The phone stands at the simulated centre (`smsc = fake`), in its words: a line for each message, sender, receiver, kind, content.
Long messages come to it in parts with a header, as on the air.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus, unquote_to_bytes

from hardware.modem.alphabet import from_ucs2, to_ucs2
from hardware.modem.fields import read_header
from hardware.modem.text import weigh
from hub.up.packages import find_program

USER, PASSWORD = "shop", "kettles7"
"""SMPP has room for eight signs (5.2.2)."""

WITHIN_S = 30.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class FakePhone:
    """A phone at the simulated centre. `got`: whole messages (from, to, text) in the order in which they were whole."""

    number: str
    line: socket.socket
    got: list[tuple[str, str, str]] = field(default_factory=list)
    parts: dict[tuple[str, int], dict[int, str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def start(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, to: str, text: str) -> None:
        """Send it. The simulated centre gives a long one on as one, as centres do that have put its parts together."""
        is_gsm = weigh(text).alphabet == "gsm-7"
        kind, content = ("text", text) if is_gsm else ("ucs2", quote_plus(to_ucs2(text)))
        self.line.sendall(f"{self.number} {to} {kind} {content}\n".encode())

    def _read(self) -> None:
        with contextlib.suppress(OSError), self.line.makefile("rb") as lines:
            for raw in lines:
                self._heard(raw.decode("latin-1").rstrip("\r\n"))

    def _heard(self, line: str) -> None:
        self.lines.append(line)
        sender, to, kind, content = line.split(" ", 3)
        if kind == "text":
            self.got.append((sender, to, content.encode("latin-1").decode("utf-8", "replace")))
        elif kind == "ucs-2":
            self.got.append((sender, to, from_ucs2(_octets(content))))
        elif kind == "udh":
            header, _, data = content.split(" ", 2)
            octets = _octets(header)
            piece = read_header(octets[1:])
            assert piece is not None, line
            had = self.parts.setdefault((sender, piece.reference), {})
            had[piece.number] = from_ucs2(_octets(data))
            if len(had) == piece.of:
                self.got.append((sender, to, "".join(had[number] for number in sorted(had))))


def _octets(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " "))


@dataclass
class Kannel:
    """Ports and folder of a Kannel that runs. `box`: the port of smsbox or opensmppbox."""

    folder: Path
    box: int
    phone: FakePhone
    boxes: list[subprocess.Popen[bytes]]
    name: str

    def stop_box(self) -> None:
        """The box between bearerbox and the hub is killed; bearerbox keeps what comes meanwhile."""
        box = self.boxes.pop()
        box.kill()
        box.wait(10)

    def start_box(self) -> None:
        """It is there again."""
        conf = "opensmppbox.conf" if self.name == "opensmppbox" else "bearerbox.conf"
        self.boxes.append(_start(self.name, self.folder / conf))
        _wait_for(self.box).close()

    def said(self) -> str:
        """What its programs wrote down."""
        return "\n".join(one.read_text(errors="replace") for one in self.folder.glob("*.log"))


CORE = """group = core
admin-port = {admin}
admin-password = {password}
smsbox-port = {boxes}
box-allow-ip = 127.0.0.1
log-file = {folder}/bearerbox.log
log-level = 0
dlr-storage = internal
store-type = file
store-location = {folder}/kannel.store
sms-combine-concatenated-mo = true
sms-combine-concatenated-mo-timeout = 60

group = smsc
smsc = fake
smsc-id = centre
port = {centre}
connect-allow-ip = 127.0.0.1
"""

SMSBOX = """
group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {box}
global-sender = 12345
log-file = {folder}/smsbox.log
log-level = 0
http-request-retry = 5
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}
max-messages = 10
concatenation = true
omit-empty = true

group = sms-service
keyword = default
get-url = "{hub}/in?from=%p&to=%P&text=%b&id=%I&charset=%C"
accept-x-kannel-headers = false
max-messages = 0
"""

ROUTE = """
group = smsbox-route
smsbox-id = VMA
smsc-id = centre
"""
"""What comes goes to whoever has bound with this system_type."""

OPENSMPPBOX = """
group = core
dlr-storage = internal
log-level = 0

group = opensmppbox
opensmppbox-id = shopbell
opensmppbox-port = {box}
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
our-system-id = kannel
route-to-smsc = centre
smpp-logins = {folder}/logins
log-file = {folder}/opensmppbox.log
log-level = 0
"""


def find_box(name: str) -> str | None:
    """Kannel's programs; opensmppbox is built from the addons of its source with Debian's kannel-dev."""
    return find_program(name) or os.environ.get(f"SHOPBELL_{name.upper()}") or None


@contextmanager
def kannel(folder: Path, number: str, box: str, hub: str = "") -> Iterator[Kannel]:
    """Run bearerbox, the box of that name, and a phone. `hub`: where smsbox brings messages to."""
    ports = {name: free_port() for name in ("admin", "boxes", "centre", "box")}
    given = {**ports, "folder": folder, "hub": hub, "user": USER, "password": PASSWORD}
    more = SMSBOX.format(**given) + (ROUTE if box == "opensmppbox" else "")
    (folder / "bearerbox.conf").write_text(CORE.format(**given) + more)
    (folder / "logins").write_text(f"{USER} {PASSWORD} VMA 127.0.0.1\n")
    (folder / "opensmppbox.conf").write_text(OPENSMPPBOX.format(**given))
    boxes: list[subprocess.Popen[bytes]] = []
    try:
        boxes.append(_start("bearerbox", folder / "bearerbox.conf"))
        _wait_for(ports["boxes"]).close()
        line = _wait_for(ports["centre"])
        phone = FakePhone(number, line)
        phone.start()
        running = Kannel(folder, ports["box"], phone, boxes, box)
        running.start_box()
        yield running
    finally:
        with contextlib.suppress(UnboundLocalError):
            line.close()
        for one in reversed(boxes):
            one.send_signal(signal.SIGKILL)
            one.wait(10)


def _start(name: str, conf: Path) -> subprocess.Popen[bytes]:
    program = find_box(name)
    assert program is not None, name
    return subprocess.Popen(
        [program, "-v", "4", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=conf.parent
    )


def _wait_for(port: int) -> socket.socket:
    end = time.monotonic() + WITHIN_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
        except OSError:
            assert time.monotonic() < end, f"nothing listens at {port}"
            time.sleep(0.05)
