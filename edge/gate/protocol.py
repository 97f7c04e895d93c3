"""What may be asked of the gate's helper, and what it answers: six verbs, each one datagram of JSON on a Unix socket.

Pure. `edge.gate.client` asks, `edge.gate.helper` answers. SOCK_SEQPACKET: a message arrives whole or not at all, so there
is no framing to get wrong. Fields that are not known are refused: whoever asks is the process that speaks with strangers.

A guest is a pair of MAC and IPv4 address: neither alone lets anybody through. Times are seconds from now, volumes octets,
rates octets per second; 0 is no limit.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MOST_GUESTS = 1_024
"""In one message: a whole shop that wakes up at once, in a datagram of some 150 kB."""

MESSAGE_OCTETS = 262_144
LONGEST_S = 31 * 86_400
"""A voucher for a month is the longest stay that anybody sells."""

Mac = Annotated[str, Meta(min_length=17, max_length=17)]
Ip = Annotated[str, Meta(min_length=7, max_length=15)]
# Their signs are looked at for all phones of a message together: a pattern for each would be half the time of a large one.
_MAC_SHAPE = b"hh:hh:hh:hh:hh:hh"
_HEX_TO_H = bytes.maketrans(b"0123456789abcdefh", b"h" * 16 + b"x")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPS = re.compile(f"(?:{_OCTET}(?:[.]{_OCTET}){{3}} )*")
Seconds = Annotated[int, Meta(ge=1, le=LONGEST_S)]
Octets = Annotated[int, Meta(ge=0, le=2**50)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What one guest may use: octets per second towards it and from it, octets in both directions together. 0: no limit."""

    down_per_s: Annotated[int, Meta(ge=0, le=2**40)] = 0
    up_per_s: Annotated[int, Meta(ge=0, le=2**40)] = 0
    volume: Octets = 0


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True, gc=False):
    """A phone on the guest network: `mac` in small letters with colons, `ip` with four numbers."""

    mac: Mac
    ip: Ip


class Stay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Let this phone through for so long from now on.

    For one that is in already it is the new end, and what it has used stays used.
    """

    phone: Phone
    seconds: Seconds
    limits: Limits = Limits()


class LetIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="let-in"):
    """Let phones through, all in one transaction: all or none."""

    stays: Annotated[tuple[Stay, ...], Meta(min_length=1, max_length=MOST_GUESTS)]


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="end"):
    """End stays now, and forget that they were. A phone that is not in is no error."""

    phones: Annotated[tuple[Phone, ...], Meta(min_length=1, max_length=MOST_GUESTS)]


class ListGuests(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="list"):
    """Who is in, who was a short while ago."""


class SetLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="limits"):
    """Other limits for a phone that is in; how long it may stay does not change."""

    phone: Phone
    limits: Limits


class Reload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="reload"):
    """Read the settings again and make the rules anew; whoever is in stays in."""


class AskHealth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="health"):
    """How the gate is."""


Ask = LetIn | End | ListGuests | SetLimits | Reload | AskHealth


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It is so in the kernel now; `count` of guests that it concerned."""

    count: int = 0


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Nothing was changed. not-allowed: the asker; not-ours: an address outside the guest range."""

    code: Literal["bad-message", "not-allowed", "not-in", "not-ours", "full", "broken"]
    sentence: str


class Inside(msgspec.Struct, frozen=True):
    """A stay as the kernel knows it; `used` is octets both ways.

    `seconds_left` 0: it has ended, and is remembered for a while.
    """

    phone: Phone
    seconds_left: float
    used: int
    limits: Limits


class Guests(msgspec.Struct, frozen=True, tag="guests"):
    """The list, by address."""

    guests: tuple[Inside, ...]


class Health(msgspec.Struct, frozen=True, tag="health"):
    """How the gate is: whether its rules are in the kernel as they should be, and whether there is a way out.

    `offline`: what a guest without a way out is told, `honest` (phones see that there is no internet) or `calm` (they do not).
    `rules` changes whenever the rules do.
    """

    rules_stand: bool
    upstream: bool
    offline: Literal["honest", "calm"]
    guests: int
    rules: str


Answer = Done | Refused | Guests | Health

_asks = msgspec.json.Decoder(Ask)
_answers = msgspec.json.Decoder(Answer)
_encoder = msgspec.json.Encoder()


class BadMessage(ValueError):
    """The text is no message of ours; it says why."""


def write(message: Ask | Answer) -> bytes:
    """A message as it goes over the socket."""
    return _encoder.encode(message)


def read_ask(text: bytes) -> Ask:
    """A question; BadMessage where it is none."""
    if len(text) > MESSAGE_OCTETS:
        raise BadMessage(f"A message has at most {MESSAGE_OCTETS} octets.")
    try:
        asked: Ask = _asks.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadMessage(str(wrong)) from None
    match asked:
        case LetIn(stays=stays):
            _look_at([stay.phone for stay in stays])
        case End(phones=phones):
            _look_at(phones)
        case SetLimits(phone=phone):
            _look_at((phone,))
    return asked


def _look_at(phones: Sequence[Phone]) -> None:
    macs = "".join([phone.mac for phone in phones])
    if macs.encode("utf-8", "replace").translate(_HEX_TO_H) != _MAC_SHAPE * (len(macs) // 17):
        raise BadMessage("A MAC is six pairs of 0-9 and a-f with colons between.")
    ips = " ".join([phone.ip for phone in phones]) + " "
    if ips.count(" ") != len(phones) or _IPS.fullmatch(ips) is None:
        raise BadMessage("An address is four numbers from 0 to 255 with dots between.")


def read_answer(text: bytes) -> Answer:
    """An answer; BadMessage where it is none."""
    try:
        answered: Answer = _answers.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadMessage(str(wrong)) from None
    return answered


def mac_octets(mac: str) -> bytes:
    """The six octets of a MAC of a message that was read."""
    return bytes.fromhex(mac.replace(":", ""))


def ip_octets(ip: str) -> bytes:
    """The four octets of an address; BadMessage for what is none."""
    try:
        return ipaddress.IPv4Address(ip).packed
    except ValueError as wrong:
        raise BadMessage(str(wrong)) from None
