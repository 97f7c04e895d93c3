"""What programs of the guest network do in their namespaces: fetch, ask, echo, listen. Standard library only.

As a script: `guest_inside.py FILE FUNCTION JSON` calls a function of a file and prints its answer as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http.client
import importlib.util
import json
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

PORTS_TCP = (80, 443, 853, 8080, 22)
PORTS_UDP = (443, 853, 5000, 4500, 123)
GREETING = "the internet"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back over HTTP. `status` 0: nothing did, and `error` says why. `headers` have small letters."""

    status: int
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: str = ""
    error: str = ""
    seconds: float = 0.0


def fetch(method: str, url: str, options: dict[str, Any]) -> dict[str, Any]:
    """One request. Options: timeout, headers, form, address (connect there instead), source (a port)."""
    parts = urlsplit(url)
    timeout = options.get("timeout", 5)
    begun = time.monotonic()
    try:
        host = options.get("address") or parts.hostname or ""
        connection = http.client.HTTPConnection(host, parts.port or 80, timeout=timeout)
        headers = {"Host": parts.netloc, "User-Agent": "phone", **options.get("headers", {})}
        body = None
        if "form" in options:
            body = urlencode(options["form"])
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(
            method, parts.path + (f"?{parts.query}" if parts.query else "") or "/", body, headers
        )
        reply = connection.getresponse()
        told = {name.lower(): value for name, value in reply.getheaders()}
        text = reply.read().decode("utf-8", "replace")
        return dataclasses.asdict(Answer(reply.status, told, text, "", time.monotonic() - begun))
    except (OSError, http.client.HTTPException) as wrong:
        return dataclasses.asdict(
            Answer(0, error=f"{type(wrong).__name__}: {wrong}", seconds=time.monotonic() - begun)
        )


def connects(address: str, port: int, timeout: float = 1.0) -> str:
    """What becomes of a TCP connection: open, refused, silent, unreachable."""
    try:
        with socket.create_connection((address, port), timeout):
            return "open"
    except (ConnectionRefusedError, ConnectionResetError):
        return "refused"
    except TimeoutError:
        return "silent"
    except OSError:
        return "unreachable"


def echoes(address: str, port: int, timeout: float = 1.0, text: str = "is anybody there") -> bool:
    """Whether a UDP datagram comes back."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.settimeout(timeout)
        try:
            line.sendto(text.encode(), (address, port))
            return line.recv(4096).decode() == text
        except OSError:
            return False


def pings(address: str, timeout: float = 1.0) -> bool:
    """Whether an ICMP echo comes back (IPv6: ICMPv6)."""
    six = ":" in address
    kind, reply = (128, 129) if six else (8, 0)
    body = struct.pack(">BBHHH", kind, 0, 0, 77, 1) + b"shop"
    total = sum(struct.unpack(f">{len(body) // 2}H", body))
    total = (total & 0xFFFF) + (total >> 16)
    body = body[:2] + struct.pack(">H", ~total & 0xFFFF) + body[4:]
    family, protocol = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    )
    with socket.socket(family, socket.SOCK_RAW, protocol) as line:
        line.settimeout(0.2)
        try:
            line.sendto(body, (address, 0))
        except OSError:
            return False
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            try:
                heard, _ = line.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return False
            if heard[0 if six else 20] == reply:
                return True
    return False


def asks(
    name: str,
    server: str,
    kind: int = 1,
    port: int = 53,
    timeout: float = 2.0,
    tcp: bool = False,
    source: int = 0,
) -> dict[str, Any]:
    """A DNS question. {"code": -1} where nobody answered; else the code, the addresses and the smallest TTL."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)
    try:
        if tcp:
            with socket.create_connection((server, port), timeout) as line:
                line.sendall(struct.pack(">H", len(question)) + question)
                heard = line.recv(4096)[2:]
        else:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.settimeout(timeout)
                line.bind(("", source))
                line.sendto(question, (server, port))
                heard = line.recv(4096)
    except OSError:
        return {"code": -1, "addresses": [], "ttl": 0}
    code, count = heard[3] & 15, struct.unpack(">H", heard[6:8])[0]
    place, found, ttls = len(question), [], []
    for _ in range(count):
        while heard[place] and heard[place] < 192:
            place += heard[place] + 1
        place += 2 if heard[place] >= 192 else 1
        kind_of, _, ttl, size = struct.unpack(">HHIH", heard[place : place + 10])
        data = heard[place + 10 : place + 10 + size]
        place += 10 + size
        ttls.append(ttl)
        if kind_of in (1, 28):
            found.append(socket.inet_ntop(socket.AF_INET if kind_of == 1 else socket.AF_INET6, data))
    return {"code": code, "addresses": found, "ttl": min(ttls, default=0)}


def stays_out(address: str, port: int, seconds: float, stop_when_cut: bool = True) -> dict[str, Any]:
    """Send a UDP datagram to the echo each 50 ms, on one socket, and a TCP request on one open connection each 250 ms.

    `first` and `last` are the wall times of the first and the last datagram that came back, `gap` is the longest time between
    two, `tcp_last` the time of the last answer over the connection that was open from the beginning.
    """
    told = {"first": 0.0, "last": 0.0, "gap": 0.0, "tcp_last": 0.0}
    until, number, cut_at = time.monotonic() + seconds, 0, 0.0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        kept: socket.socket | None = None
        while (now := time.monotonic()) < until:
            with contextlib.suppress(OSError):
                line.sendto(b"%d" % number, (address, port))
            time.sleep(0.05)
            number += 1
            with contextlib.suppress(OSError):
                while line.recv(64):
                    at = time.time()
                    told["gap"] = max(told["gap"], at - told["last"]) if told["first"] else 0.0
                    told["first"] = told["first"] or at
                    told["last"], cut_at = at, now + 3
            if kept is None and told["first"]:
                with contextlib.suppress(OSError):
                    kept = socket.create_connection((address, 80), 0.5)
                    kept.setblocking(False)
            elif kept is not None and number % 5 == 0:
                with contextlib.suppress(OSError):
                    kept.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if kept is not None:
                with contextlib.suppress(OSError):
                    if kept.recv(4096):
                        told["tcp_last"] = time.time()
            if stop_when_cut and told["first"] and now > cut_at:
                break
        if kept is not None:
            kept.close()
    return told


def outages(kind: str, where: str, seconds: float) -> dict[str, Any]:
    """Ask a program 20 times a second for so long: how often it was away, and how long it was, from answer to answer.

    `kind`: http (where: an address), dns (NAME@SERVER), gate (its socket).
    """
    begun = last = time.monotonic()
    gaps: list[float] = []
    asked = answered = 0
    while time.monotonic() < begun + seconds:
        asked += 1
        if _answers(kind, where):
            now = time.monotonic()
            if now - last > 0.3:
                gaps.append(round(now - last, 2))
            last, answered = now, answered + 1
        time.sleep(0.05)
    gaps.append(round(time.monotonic() - last, 2))
    return {"longest": max(gaps), "gaps": gaps[:-1], "asked": asked, "answered": answered}


def _answers(kind: str, where: str) -> bool:
    match kind:
        case "http":
            return bool(fetch("GET", where, {"timeout": 0.3})["status"] == 200)
        case "dns":
            name, _, server = where.partition("@")
            return bool(asks(name, server, 1, 53, 0.2)["addresses"])
        case "gate":
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line, contextlib.suppress(OSError):
                line.settimeout(0.3)
                line.connect(where)
                line.send(b'{"type":"health"}')
                return b'"rules_stand":true' in line.recv(65536)
    return False


def sniff(interface: str, file: str) -> None:
    """Write a line of JSON for each frame that comes in; ARP, and IPv6's neighbours and groups, are left out."""
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    line.bind((interface, 0))
    with Path(file).open("a") as out:
        print("{}", file=out, flush=True)
        while True:
            frame, (_, _, direction, *_) = line.recvfrom(65535)
            heard = None if direction == socket.PACKET_OUTGOING else _frame(frame)
            if heard:
                print(json.dumps(heard), file=out, flush=True)


def _frame(frame: bytes) -> dict[str, Any] | None:
    kind = struct.unpack(">H", frame[12:14])[0]
    told: dict[str, Any] = {"kind": hex(kind), "from": frame[6:12].hex(":"), "octets": len(frame)}
    if kind == 0x0806:
        return None
    if kind == 0x0800:
        at = 14 + (frame[14] & 15) * 4
        source, target = (socket.inet_ntoa(frame[place : place + 4]) for place in (26, 30))
        told |= {"protocol": frame[23], "source": source, "target": target}
    elif kind == 0x86DD:
        at = 54
        source, target = (socket.inet_ntop(socket.AF_INET6, frame[place : place + 16]) for place in (22, 38))
        told |= {"protocol": frame[20], "source": source, "target": target}
        if frame[20] in (0, 58) and (frame[20] == 0 or frame[54] in range(130, 138) or frame[54] == 143):
            return None
    else:
        return told
    if told["protocol"] in (6, 17) and len(frame) >= at + 4:
        told["port"] = struct.unpack(">H", frame[at + 2 : at + 4])[0]
    return told


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(data, addr)


def _page(path: str, host: str) -> tuple[int, bytes]:
    if path.startswith(("/generate_204", "/gen_204")):
        return 204, b""
    if path == "/nm" or path.startswith("/check_network_status"):
        return 200, b"NetworkManager is online\n"
    if path.startswith("/octets/"):
        return 200, bytes(min(int(path.split("/")[2]), 50_000_000))
    return 200, f"{GREETING}: {host}{path}\n".encode()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            host = next((line[5:].strip() for line in head if line.lower().startswith("host:")), "")
            status, body = _page(head[0].split(" ")[1], host)
            extra = "X-NetworkManager-Status: online\r\n" if b"NetworkManager" in body else ""
            writer.write(
                f"HTTP/1.1 {status} OK\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body
            )
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError, ValueError):
        pass
    finally:
        writer.close()


def internet(ready: str) -> None:
    """The public server: HTTP on many ports (no TLS: what counts is whether a byte comes), and a UDP echo."""

    async def stay() -> None:
        loop = asyncio.get_running_loop()
        servers = [
            await asyncio.start_server(_talk, host, port, backlog=1024)
            for port in PORTS_TCP
            for host in ("0.0.0.0", "::")
        ]
        for port in PORTS_UDP:
            await loop.create_datagram_endpoint(_Echo, ("::", port))
        await asyncio.to_thread(Path(ready).touch)
        await asyncio.gather(*(server.serve_forever() for server in servers))

    asyncio.run(stay())


def main() -> None:
    """Call a function of a file."""
    file, function, arguments = sys.argv[1:4]
    sys.path[:0] = [str(Path(file).parent), str(Path(__file__).parent)]
    if Path(file).resolve() == Path(__file__).resolve():
        wanted = globals()[function]
    else:
        spec = importlib.util.spec_from_file_location("called_in_a_namespace", file)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        wanted = getattr(module, function)
    print(json.dumps(wanted(*json.loads(arguments))))


if __name__ == "__main__":
    main()
