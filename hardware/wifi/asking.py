"""One question to a DNS server, as a phone asks it: whether it answers, and with which address.

No resolver: what is asked is a server of ours, and what matters is that it answers at once.
"""

from __future__ import annotations

import secrets
import socket
import struct
from ipaddress import IPv4Address

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!2HIH")
_ONE_QUESTION, _WANTS_RECURSION = 1, 0x0100
_A, _IN = 1, 1


def ask(server: IPv4Address, port: int, name: str, within_s: float = 1.0) -> IPv4Address | None:
    """The IPv4 address that this server gives for a name; None where it says nothing, or nothing of use."""
    number = secrets.randbits(16)
    question = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".")) + b"\0"
    sent = (
        _HEADER.pack(number, _WANTS_RECURSION, _ONE_QUESTION, 0, 0, 0)
        + question
        + struct.pack("!2H", _A, _IN)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(within_s)
        try:
            asking.connect((str(server), port))
            asking.send(sent)
            return _answer(asking.recv(512), sent)
        except OSError:
            return None


def _answer(got: bytes, sent: bytes) -> IPv4Address | None:
    """The first record, which stands behind the question: a compressed name (two octets), then its head, then an address."""
    at = len(sent) + 2
    if len(got) < at + _RECORD.size + 4 or got[:2] != sent[:2] or got[12 : len(sent)] != sent[12:]:
        return None
    kind, family, _, size = _RECORD.unpack_from(got, at)
    if (kind, family, size) != (_A, _IN, 4):
        return None
    return IPv4Address(got[at + _RECORD.size : at + _RECORD.size + 4])
