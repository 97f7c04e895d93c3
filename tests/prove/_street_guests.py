"""250 phones in one namespace, each an interface with a hardware address, a lease and sockets of its own; what they do in a shop.

Runs in the namespace of the crowd, by `guest_inside`. The standard library is all that it needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import socket
import struct
import time
from collections import Counter
from typing import Any

GATEWAY, INTERNET = "10.77.0.1", "198.51.100.7"
PORTAL = "portal.internal"
SO_BINDTODEVICE = 25
STAYERS_IN_TEN = 3
PATIENCE_S = 20.0
PULSE_S = 0.25


def build(count: int, parent: str) -> None:
    """So many interfaces on the one radio."""
    lines = []
    for number in range(count):
        name = f"m{number}"
        mac = f"02:cc:00:00:{number // 256:02x}:{number % 256:02x}"
        lines += [
            f"link add {name} link {parent} address {mac} type macvlan mode private",
            f"link set {name} up",
        ]
    read, write = os.pipe()
    os.write(write, "\n".join(["", *lines, ""]).encode())
    os.close(write)
    os.dup2(read, 0)
    for switch, value in (("arp_ignore", 1), ("arp_announce", 2), ("rp_filter", 0)):
        for scope in ("all", "default"):
            with open(f"/proc/sys/net/ipv4/conf/{scope}/{switch}", "w") as file:  # noqa: PTH123 - one line
                file.write(str(value))
    if os.spawnlp(os.P_WAIT, "ip", "ip", "-batch", "-"):
        raise RuntimeError("the interfaces could not be made")


class Guest:
    """One phone."""

    def __init__(self, number: int, chance: random.Random, told: Told) -> None:
        self.number, self.name = number, f"m{number}"
        self.mac = bytes.fromhex(f"02cc0000{number:04x}")
        self.ip = ""
        self.chance, self.told = chance, told

    def socket(self, kind: int) -> socket.socket:
        line = socket.socket(socket.AF_INET, kind)
        line.setblocking(False)
        line.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, self.name.encode())
        return line

    # A lease

    async def lease(self) -> None:
        """DISCOVER, OFFER, REQUEST, ACK; then wear the address."""
        loop = asyncio.get_running_loop()
        with self.socket(socket.SOCK_DGRAM) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            line.bind(("", 68))
            number = self.chance.randbytes(4)
            offered, server = await self._exchange(loop, line, number, 1, b"", 2)
            wish = b"\x32\x04" + offered + b"\x36\x04" + server
            leased, _ = await self._exchange(loop, line, number, 3, wish, 5)
        self.ip = socket.inet_ntoa(leased)
        process = await asyncio.create_subprocess_exec("ip", "-batch", "-", stdin=asyncio.subprocess.PIPE)
        await process.communicate(
            f"addr replace {self.ip}/32 dev {self.name} noprefixroute\n"
            f"route replace 10.77.0.0/23 dev {self.name} metric {self.number + 100}\n"
            f"route replace default via {GATEWAY} dev {self.name} metric {self.number + 100}\n".encode()
        )
        if process.returncode:
            raise RuntimeError("the address could not be worn")

    async def _exchange(
        self, loop: Any, line: socket.socket, number: bytes, kind: int, more: bytes, wanted: int
    ) -> tuple[bytes, bytes]:
        head = struct.pack(">BBBB4sHH", 1, 1, 6, 0, number, 0, 0x8000) + bytes(16)
        packet = head + self.mac.ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63\x35\x01" + bytes([kind])
        packet += more + b"\x37\x03\x01\x03\x06\xff"
        for _ in range(5):
            await loop.sock_sendto(line, packet, ("255.255.255.255", 67))
            until = loop.time() + 2
            while (left := until - loop.time()) > 0:
                try:
                    answer = await asyncio.wait_for(loop.sock_recv(line, 2048), left)
                except TimeoutError:
                    break
                if answer[4:8] == number and answer[28:34] == self.mac:
                    options = dict(_options(answer[240:]))
                    if options.get(53) == bytes([wanted]):
                        return answer[16:20], options[54]
        raise RuntimeError("no lease")

    # HTTP

    async def ask(self, method: str, path: str, host: str = PORTAL, form: str = "") -> tuple[int, str]:
        """One request and its whole answer; the address is what the DNS server says."""
        loop = asyncio.get_running_loop()
        address = await self.resolve(host)
        body = form.encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: phone\r\nConnection: close\r\n"
        if method == "POST":
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        with self.socket(socket.SOCK_STREAM) as line:
            await loop.sock_connect(line, (address, 80))
            await loop.sock_sendall(line, head.encode() + b"\r\n" + body)
            got = b""
            while part := await loop.sock_recv(line, 65536):
                got += part
                if _is_whole(got):
                    break
        return int(got[9:12]), got.decode("utf-8", "replace")

    async def resolve(self, host: str) -> str:
        """A question to the DNS server that the lease named."""
        loop = asyncio.get_running_loop()
        number = self.chance.randbytes(2)
        labels = b"".join(bytes([len(part)]) + part.encode() for part in host.split("."))
        packet = number + b"\x01\0\0\x01\0\0\0\0\0\0" + labels + b"\0\0\x01\0\x01"
        with self.socket(socket.SOCK_DGRAM) as line:
            for _ in range(3):
                await loop.sock_sendto(line, packet, (GATEWAY, 53))
                with contextlib.suppress(TimeoutError):
                    answer = await asyncio.wait_for(loop.sock_recv(line, 2048), 2)
                    if answer[:2] == number and answer[7]:
                        return socket.inet_ntoa(answer[-4:])
        raise RuntimeError(f"no name {host}")

    # What a shopper does

    async def come_in(self) -> None:
        """Lease, caught, page with a coupon, form, and the first page of the internet."""
        self.step = "lease"
        await self.lease()
        self.step = "caught"
        status, answer = await self.ask("GET", "/generate_204", "connectivitycheck.gstatic.com")
        _must(status == 302 and "Location: http://portal.internal/" in answer, answer)
        self.step = "page"
        status, answer = await self.ask("GET", "/")
        _must(status == 200 and "<svg" in answer and 'action="/enter"' in answer, answer)
        self.step = "form"
        hidden = "&".join(
            f"{name}={value}"
            for name, value in re.findall(r'type="hidden" name="(\w+)" value="(\w*)"', answer)
        )
        status, answer = await self.ask("POST", "/enter", form=f"remember=no&{hidden}".rstrip("&"))
        _must(status == 303, answer)
        self.step = "in"
        status, answer = await self.ask("GET", "/in")
        _must(status == 200 and 'action="/leave"' in answer, answer)
        self.step = "fetch"
        status, answer = await self.ask("GET", "/", "example.com")
        _must(status == 200 and "the internet" in answer, answer)
        self.told.done["came in"] += 1

    async def stay(self, seconds: float) -> None:
        """A pulse over the internet, twice lost in a row is a drop. It counts from when the shop was full."""
        loop, told = asyncio.get_running_loop(), self.told
        lost, until = 0, float("inf")
        with self.socket(socket.SOCK_DGRAM) as line:
            line.bind((self.ip, 0))
            while loop.time() < min(until, told.end_at):
                if told.full.is_set() and until == float("inf"):
                    until = loop.time() + seconds
                sent = struct.pack(">d", loop.time())
                await loop.sock_sendto(line, sent, (INTERNET, 443))
                try:
                    while await asyncio.wait_for(loop.sock_recv(line, 64), 1.0) != sent:
                        pass
                    lost = 0
                    self.told.done["pulses"] += 1
                except TimeoutError:
                    lost += 1
                    self.told.done["lost pulses"] += 1
                    if lost == 2:
                        self.told.dropped.add(self.number)
                await asyncio.sleep(PULSE_S)

    async def go(self) -> None:
        """Leave by the page's button, and be held again."""
        self.step = "leave"
        status, answer = await self.ask("POST", "/leave")
        _must(status == 303, answer)
        self.step = "held again"
        status, answer = await self.ask("GET", "/generate_204", "connectivitycheck.gstatic.com")
        _must(status == 302, answer)
        self.told.done["left"] += 1


class Told:
    """What happened to all of them. `full`: every one of them has been in at the same time; from then on they come and go."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.full = asyncio.Event()
        self.end_at = float("inf")
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.dropped: set[int] = set()
        self.slowest_s = 0.0
        self.inside = self.most_inside = 0


async def _life(guest: Guest, begin_at: float, told: Told) -> None:
    loop = asyncio.get_running_loop()
    stays = guest.number % 10 < STAYERS_IN_TEN
    await asyncio.sleep(max(0.0, begin_at - loop.time()))
    try:
        while loop.time() < told.end_at:
            begun = loop.time()
            await asyncio.wait_for(guest.come_in(), PATIENCE_S)
            told.slowest_s = max(told.slowest_s, loop.time() - begun)
            told.inside += 1
            told.most_inside = max(told.most_inside, told.inside)
            guest.step = "stay"
            if told.inside == told.count:
                told.full.set()
            away_s = 1e9 if stays else guest.chance.uniform(4, 16)
            await guest.stay(away_s)
            told.inside -= 1
            await asyncio.wait_for(guest.go(), PATIENCE_S)
            await asyncio.sleep(guest.chance.uniform(0, 1))
    except (OSError, RuntimeError, TimeoutError, ValueError) as wrong:
        told.count -= 1
        told.wrong.append(f"guest {guest.number}, {guest.step}: {type(wrong).__name__} {str(wrong)[:200]}")


def live(count: int, seconds: float, seed: int, coming_s: float) -> dict[str, Any]:
    """They come within `coming_s`, and live for so many seconds; what came of it."""

    async def all_of_them() -> Told:
        told, loop = Told(count), asyncio.get_running_loop()
        begin, chance = loop.time(), random.Random(seed)
        guests = [Guest(number, random.Random(chance.random()), told) for number in range(count)]
        lives = [_life(guest, begin + chance.uniform(0, coming_s), told) for guest in guests]
        everybody = asyncio.gather(*lives)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.full.wait(), coming_s + 60)
        told.full.set()
        told.end_at = loop.time() + seconds
        await everybody
        return told

    begun = time.monotonic()
    told = asyncio.run(all_of_them())
    return {
        **told.done,
        "wrong": len(told.wrong),
        "first wrong": told.wrong[:5],
        "dropped": len(told.dropped),
        "most inside": told.most_inside,
        "slowest way in, s": round(told.slowest_s, 2),
        "seconds": round(time.monotonic() - begun, 1),
    }


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    if not found:
        return False
    return len(body) >= int(length[1]) if length else answer[9:12] == b"204"


def _must(holds: bool, answer: str) -> None:
    if not holds:
        raise ValueError(f"unexpected answer: {answer[:160]!r}")


def _options(text: bytes) -> list[tuple[int, bytes]]:
    found, place = [], 0
    while place < len(text) and text[place] != 255:
        if text[place] == 0:
            place += 1
            continue
        size = text[place + 1]
        found.append((text[place], text[place + 2 : place + 2 + size]))
        place += 2 + size
    return found
