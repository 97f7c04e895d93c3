"""Messages for the gate: good ones, good ones with something broken, JSON of no meaning, noise, and what is too long."""

from __future__ import annotations

import json
import random
from typing import Any

GUESTS = 60
MACS = [f"02:00:00:00:00:{n:02x}" for n in range(GUESTS)]
IPS = [f"10.77.0.{n}" for n in range(2, GUESTS + 2)]
NOT_OURS = ("10.77.0.0", "10.77.0.1", "10.77.0.255", "10.77.1.9", "127.0.0.1", "0.0.0.0", "255.255.255.255")
LIMITS: tuple[dict[str, int], ...] = (
    {"down_per_s": 125_000},
    {"up_per_s": 125_000, "down_per_s": 250_000},
    {"volume": 10_000_000},
    {"volume": 1},
)
WORDS = (
    "type", "let-in", "end", "list", "limits", "reload", "health", "stays", "phones", "phone", "mac", "ip", "seconds",
    "down_per_s", "up_per_s", "volume", "10.77.0.9", "02:00:00:00:00:01", "done", "guests", "", "\u0000", "\U0001f514",
)  # fmt: skip
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.0, 1e300, 2**40, 2**50 + 1, 2**63, 2**64, -(2**70), "", "1", [], {}, [[]],
    "10.77.0.5", "256.1.1.1", "010.77.0.5", "10.77.0.05", "10.77.00.5", "10.77.0.5 ", "10.77.0.5\n", "１0.77.0.5",
    "1.1.1.1 1.1.1.1", "02:00:00:00:00:0A", "02-00-00-00-00-01", "02:00:00:00:00:0", "hh:hh:hh:hh:hh:hh", 31 * 86_400 + 1,
)  # fmt: skip


def a_message(rnd: random.Random) -> bytes:
    """One message."""
    kind = rnd.random()
    if kind < 0.35:
        return good(rnd)
    if kind < 0.80:
        return broken(rnd)
    if kind < 0.90:
        return write(anything(rnd, 4))
    if kind < 0.9995:
        return rnd.randbytes(rnd.randrange(1, 200))
    return (good(rnd) + b" " * 262_144)[: rnd.choice((262_143, 262_144, 262_145, 300_000))]


def write(said: Any) -> bytes:
    """As JSON, without spaces."""
    return json.dumps(said, separators=(",", ":")).encode("utf-8", "surrogatepass")


def good(rnd: random.Random) -> bytes:
    """One that is in the grammar."""
    return write(_good(rnd))


def _good(rnd: random.Random) -> dict[str, Any]:
    kind = rnd.random()
    if kind < 0.55:
        many = 250 if rnd.random() < 0.002 else rnd.randrange(1, 4)
        return {"type": "let-in", "stays": [_stay(rnd) for _ in range(many)]}
    if kind < 0.80:
        return {"type": "end", "phones": [_phone(rnd) for _ in range(rnd.randrange(1, 5))]}
    if kind < 0.90:
        return {"type": "limits", "phone": _phone(rnd), "limits": rnd.choice(({}, *LIMITS))}
    if kind < 0.9001:
        return {"type": "reload"}
    return {"type": "list" if kind < 0.91 else "health"}


def _phone(rnd: random.Random) -> dict[str, str]:
    place = rnd.randrange(GUESTS)
    ip = IPS[place] if rnd.random() < 0.98 else rnd.choice(NOT_OURS)
    return {"mac": MACS[place] if rnd.random() < 0.9 else rnd.choice(MACS), "ip": ip}


def _stay(rnd: random.Random) -> dict[str, Any]:
    stay: dict[str, Any] = {"phone": _phone(rnd), "seconds": rnd.choice((7_200, 86_400, 31 * 86_400))}
    if rnd.random() < 0.1:
        stay["limits"] = rnd.choice(LIMITS)
    return stay


def broken(rnd: random.Random) -> bytes:
    """A good one in which something is not as it was; now and then it is still good."""
    kind = rnd.random()
    if kind < 0.45:
        said = _good(rnd)
        _spoil(rnd, said)
        return write(said)
    text = bytearray(good(rnd))
    for _ in range(rnd.randrange(1, 4)):
        place = rnd.randrange(len(text) + 1)
        if kind < 0.7 and place < len(text):
            text[place] = rnd.randrange(256)
        elif kind < 0.8:
            text[place:place] = rnd.choice((b"\0", b'"', b"{", b"9", b" ", b"\\u0000", b",", b"\xff"))
        elif kind < 0.9:
            del text[place : place + rnd.randrange(1, 6)]
        else:
            text[place:] = text[: rnd.randrange(len(text) + 1)] if rnd.random() < 0.5 else b""
        if not text:
            text += b"0"
    return bytes(text)


def _spoil(rnd: random.Random, said: Any) -> None:
    """Change one thing somewhere inside."""
    while True:
        if isinstance(said, list):
            if not said or rnd.random() < 0.1:
                said.append(anything(rnd, 2))
                return
            key: Any = rnd.randrange(len(said))
        else:
            if not said or rnd.random() < 0.15:
                said[rnd.choice(WORDS)] = rnd.choice(STRANGE)
                return
            key = rnd.choice(list(said))
        inside = said[key]
        if isinstance(inside, dict | list) and rnd.random() < 0.75:
            # The limits are shared by many messages; what is changed is a copy.
            said[key] = inside = inside.copy()
            said = inside
            continue
        if rnd.random() < 0.3:
            del said[key]
        else:
            said[key] = rnd.choice(STRANGE)
        return


def anything(rnd: random.Random, depth: int) -> Any:
    """JSON of no meaning."""
    kind = rnd.randrange(6 if depth else 4)
    if kind < 2:
        return rnd.choice(STRANGE)
    if kind < 4:
        return rnd.choice(WORDS)
    if kind == 4:
        return [anything(rnd, depth - 1) for _ in range(rnd.randrange(4))]
    return {rnd.choice(WORDS): anything(rnd, depth - 1) for _ in range(rnd.randrange(5))}
