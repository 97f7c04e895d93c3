"""What the store hands out about joining: plain values, hashes where a number or a secret stood.

Pure. `hub.members.codes` and `hub.members.invitations` work with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.wire.sync_doors import InvitationState


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code on its way. Times are seconds of UTC; `done`: it was right, or nothing was sent."""

    handle: str
    number: str
    code: str
    sent_at: float
    tries: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class OwnCoupon:
    """A coupon that was given to one member and is good."""

    serial: str
    campaign: int
    code: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A guest whom somebody of the staff has asked at a till."""

    nonce: str
    secret: str
    staff: str
    till: str
    until: float
    state: InvitationState = "open"
    member: str = ""
