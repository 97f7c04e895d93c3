"""The part of a coupon's QR that changes every 30 seconds, so that a picture of it is worth nothing a moment later.

Pure. The node that issued a coupon shows it, the hub and the tills check it; `hub.wire.rules` refuses what is not fresh.

    QR       token 138 | "R" | key's parity 1 bit, clock unknown 1 bit, step 28 bits | proof 45 bits      154 characters
    typed    code 12 | six digits

Parts behind the "R" are Crockford's base 32, six and nine characters. With 154 capital letters and digits a QR is still of
version 6 at level M (ISO/IEC 18004, table 7), as that of a coupon that does not change.

A step is 30 s of UTC since 1970 (RFC 6238, 4). Each coupon has two secrets, HKDF-SHA256 (RFC 5869) of the shop's rotating key
over its serial: one for the proof, the first 45 bits of HMAC-SHA256 over the step, and one for the digits, a TOTP of RFC 6238
as any authenticator makes it. So whoever sees the digits knows nothing of the proof.

Guessing. A proof names its step, so each guess has one chance in 2**45; 10,000 guesses at a till succeed once in three
billion. Six digits are good in up to five steps under two keys: 10 in a million for each guess. They are worth nothing without
the code's own 55 bits, and after five wrong ones for a coupon (`MOST_WRONG_DIGITS`) only its QR is good: 1 in 20,000 at most.

Clocks. A node whose clock was not set since it started says so in the picture, under the proof. What such a node shows, and
whatever a till sees that does not know the time itself, is judged by its pace: the step that the node showed last, and how
long ago that was by the till's own clock (RFC 6238, 6). A pace counts once two pictures have shown it, so one picture, shown
as often as one likes, never makes itself fresh. (A film of the page, played later in its own time, would; no other picture of
that node may have been seen meanwhile.) The hub's clock is the shop's time, and known.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta

from hub.wire.identity import CROCKFORD, crockford

STEP_S = 30
WINDOW = 2
"""Steps to either side of a clock: a page reloads itself every 30 s, and a queue takes a moment."""

DIGITS_WINDOW = 1
"""The same for six digits, which are typed while the page is looked at."""

MOST_WRONG_DIGITS = 5
DIGITS = 6
MARK = "R"
DIGITS_MARK = "D"
PICTURE_CHARACTERS = 16
"""What stands behind the token in a QR that changes."""

_STEP_BITS = 28
_LATEST_STEP = (1 << _STEP_BITS) - 1
_PROOF_CHARACTERS = 9
_PICTURE = re.compile(f"{MARK}[{CROCKFORD}]{{15}}|{DIGITS_MARK}[0-9]{{{DIGITS}}}")


class RotatingKey(msgspec.Struct, frozen=True):
    """The shop's secret behind all pictures. Nodes use the newest that has begun (`starts_at`, seconds of UTC) and accept the
    one before it, too; numbers rise by one. `secret` has 64 hexadecimal digits."""

    number: Annotated[int, Meta(ge=1)]
    secret: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    starts_at: int = 0


class Pace(msgspec.Struct, frozen=True):
    """The newest step that a node's pictures showed, and at which step of the own clock that was. `sure`: two agreed."""

    step: int
    own: int
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What whoever checks remembers: the pace of the node that issued the coupon, by its key's number; for the coupon, by its
    serial, the newest step with which it was accepted, and how often its digits were wrong."""

    pace: Pace | None = None
    accepted: int | None = None
    wrong_digits: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one picture. `seen` is to be kept in any case, in the transaction of the act; `after_use()` instead of it
    where the coupon was then accepted."""

    picture: Literal["fresh", "stale"]
    seen: Seen
    step: int | None = None

    def after_use(self) -> Seen:
        """What to remember once the coupon was accepted: this picture and all before it are used up."""
        return self.seen if self.step is None else replace(self.seen, accepted=self.step)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows now: the text of the QR, the six digits behind the code, and for how many seconds they stand."""

    text: str
    digits: str
    stands_s: float


def step_of(now: float) -> int:
    """The step of a time."""
    return max(0, min(int(now // STEP_S), _LATEST_STEP))


def show(
    token: str, serial: str, keys: Sequence[RotatingKey], now: float, *, clock_known: bool = True
) -> Shown | None:
    """What the page of a coupon shows now; None where this node has no rotating key yet."""
    key = current_key(keys, now)
    if key is None:
        return None
    step = step_of(now)
    text = token + _write(key, serial, step, clock_known=clock_known)
    return Shown(text, _digits(key, serial, step), STEP_S - now % STEP_S)


def current_key(keys: Sequence[RotatingKey], now: float) -> RotatingKey | None:
    """The newest key that has begun; before any has, the oldest: a node without a clock has to use one."""
    begun = [key for key in keys if key.starts_at <= now]
    if begun:
        return max(begun, key=lambda key: key.number)
    return min(keys, key=lambda key: key.number, default=None)


def is_picture(text: str) -> bool:
    """Whether this is what may stand behind a token: a step with its proof, or `D` and six digits that were typed."""
    return _PICTURE.fullmatch(text) is not None


def judge(
    picture: str,
    serial: str,
    keys: Sequence[RotatingKey],
    seen: Seen,
    now: float,
    *,
    clock_known: bool = True,
) -> Judged:
    """Whether what was shown (`Token.picture`, or `D` and six digits) is of now. `clock_known`: the own clock was set since
    the start. The coupon's signature is checked elsewhere, and first."""
    if not is_picture(picture):
        return Judged("stale", seen)
    if picture[0] == DIGITS_MARK:
        return _judge_digits(picture[1:], serial, keys, seen, step_of(now), clock_known=clock_known)
    head = _number(picture[1:7])
    parity, unknown, step = head >> 29, head >> 28 & 1, head & _LATEST_STEP
    key = next((key for key in keys if key.number & 1 == parity), None)
    if key is None or not hmac.compare_digest(_write(key, serial, step, clock_known=not unknown), picture):
        return Judged("stale", seen)
    own = step_of(now)
    by_clock = clock_known and not unknown
    known = seen.pace
    seen = replace(seen, pace=_paced(known, step, own))
    if seen.accepted is not None and step <= seen.accepted:
        return Judged("stale", seen, step)
    fresh = abs(step - own) <= WINDOW if by_clock else _on_pace(known, step, own, WINDOW)
    return Judged("fresh" if fresh else "stale", seen, step)


def _paced(pace: Pace | None, step: int, own: int) -> Pace:
    """The pace after one more authentic picture. An old picture changes nothing; one that came in time confirms it."""
    if pace is None or own < pace.own:
        return Pace(step, own)
    if step <= pace.step:
        return pace
    passed = own - pace.own
    agrees = passed >= 1 and abs(step - pace.step - passed) <= 1
    if agrees:
        return Pace(step, own, sure=True)
    # Ahead of what was expected: the node's clock was set, or what set the pace was an old picture. It has to be shown anew.
    late = step - pace.step < passed
    return pace if late and pace.sure else Pace(step, own)


def _on_pace(pace: Pace | None, step: int, own: int, window: int) -> bool:
    """Whether a step is what the node should be showing by now."""
    if pace is None or own < pace.own or step < pace.step - 1:
        return False
    expected = pace.step + own - pace.own
    if pace.sure:
        return abs(step - expected) <= window
    # Not confirmed before: this very picture confirms it where it is another one, and came when it had to.
    return own > pace.own and step > pace.step and abs(step - expected) <= 1


def _judge_digits(
    digits: str, serial: str, keys: Sequence[RotatingKey], seen: Seen, own: int, *, clock_known: bool
) -> Judged:
    if seen.wrong_digits >= MOST_WRONG_DIGITS:
        return Judged("stale", seen)
    middles = [own] if clock_known else []
    if seen.pace is not None and seen.pace.sure and own >= seen.pace.own:
        middles.append(seen.pace.step + own - seen.pace.own)
    steps = {middle + by for middle in middles for by in range(-DIGITS_WINDOW, DIGITS_WINDOW + 1)}
    found = None
    for step in sorted(steps, reverse=True):
        for key in keys:
            if step >= 0 and hmac.compare_digest(_digits(key, serial, step), digits) and found is None:
                found = step
    if found is None:
        return Judged("stale", replace(seen, wrong_digits=seen.wrong_digits + 1))
    if seen.accepted is not None and found <= seen.accepted:
        return Judged("stale", seen, found)
    return Judged("fresh", replace(seen, wrong_digits=0), found)


def _secret(key: RotatingKey, serial: str, what: str) -> bytes:
    info = f"shopbell1 rotating {what}\n{serial}".encode()
    return HKDF(SHA256(), 32, salt=None, info=info).derive(bytes.fromhex(key.secret))


def digits_secret(key: RotatingKey, serial: str) -> bytes:
    """The secret of a coupon's digits, as an authenticator would take it (HMAC-SHA256, six digits, 30 s)."""
    return _secret(key, serial, "digits")


def _write(key: RotatingKey, serial: str, step: int, *, clock_known: bool) -> str:
    head = (key.number & 1) << 29 | (not clock_known) << 28 | step
    mark = head.to_bytes(4, "big")
    proof = hmac.digest(_secret(key, serial, "picture"), mark, "sha256")
    return MARK + _characters(head, 6) + crockford(proof[:6], _PROOF_CHARACTERS)


def _digits(key: RotatingKey, serial: str, step: int) -> str:
    return totp(digits_secret(key, serial), step, DIGITS, "sha256")


def totp(secret: bytes, step: int, digits: int, algorithm: Literal["sha1", "sha256", "sha512"]) -> str:
    """The one-time password of a step (RFC 6238, 4.2; dynamic truncation of RFC 4226, 5.3)."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), getattr(hashlib, algorithm)).digest()
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def _characters(number: int, count: int) -> str:
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in range(count - 1, -1, -1))


def _number(text: str) -> int:
    number = 0
    for character in text:
        number = number << 5 | CROCKFORD.index(character)
    return number
