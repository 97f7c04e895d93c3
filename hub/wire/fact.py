"""What every fact is made of: the base of all facts, and the types of their fields.

Pure. The facts themselves stand in `events` and, by what they tell of, in `events_members`, `events_value`, `events_messages`
and `events_care`; `events.KINDS` has them all.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Serial = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
Kind = Annotated[str, Meta(pattern="^[a-z]+[.][a-z]+$", max_length=60)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Ordinal = Annotated[int, Meta(ge=1, le=2**53)]
Cents = Annotated[int, Meta(ge=0, le=10**12)]
Stamp = Annotated[float, Meta(ge=0, le=253_402_300_799)]
Short = Annotated[str, Meta(max_length=200)]
Channel = Literal["portal", "kiosk", "link", "till", "shell", "poster", "beacon", "sms"]
"""By which way somebody came to an offer. "poster", "beacon" and "sms" stand in the address that was printed, sent by radio or
written in a message; they tell of the thing, never of who followed it."""

ClockState = Literal["unset", "restored", "lan", "ntp"]

MemberId = Annotated[str, Meta(min_length=8, max_length=40)]
"""Opaque and random; it stands for a person only in the one table of the hub that can forget."""

Medium = Literal["sms", "mail", "push", "screen"]
"""A channel by which a shop may speak to a member; "screen" is what the portal or the kiosk shows them next time."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What every fact says. `simulated` is true for whatever a simulator or a recording made.

    A fact holds text and numbers and never leads back to itself, so the collector of cycles need not go through thousands of
    them. What is as usual is not written: it would be a seventh of all that travels and is kept.
    """

    simulated: bool = False
