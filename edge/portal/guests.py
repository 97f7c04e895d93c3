"""A phone on the portal, and how it stands: held, let through, expired.

Pure. `edge.portal.keeper` fills it from the gate; the pages, the probes and the RFC 8908 answer read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from edge.gate.protocol import Limits, Phone

NO_LIMITS = Limits()
WayIn = Literal["click", "sms", "code", "coupon", "member"]


class State(Enum):
    """What the gate does with a phone."""

    HELD = "held"
    IN = "in"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a way in gives. `extensions`: how often the guest may extend it by as long again, by themselves."""

    way: WayIn
    seconds: int
    limits: Limits = NO_LIMITS
    extensions: int = 0
    member: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a phone stands now. `until` is seconds of UTC, 0 where it is not in; `octets_left` None where there is no limit.

    `internet`: the shop has a way out, for whoever is in. `calm`: without one, phones are told that all is well.
    """

    state: State
    until: float = 0.0
    octets_left: int | None = None
    can_extend: bool = False
    internet: bool = True
    calm: bool = False
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """One row of the staff's list. `used` is octets both ways; `limits` are those in force."""

    phone: Phone
    standing: Standing
    used: int = 0
    limits: Limits = NO_LIMITS


NOBODY = Standing(State.HELD, internet=False)
"""A phone of which nothing is known."""
