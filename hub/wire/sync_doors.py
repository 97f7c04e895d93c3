"""The contract of joining at a till or a kiosk with the hub: an invitation for the guest's phone, a code to their number.

Pure. `hub.members.doors` answers, `kiosk.members` asks. Staff never confirm for a guest: a till that invites somebody learns a
link for the guest's phone and, later, what the guest said. A number is believed when the code that was sent to it comes back.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Nonce = Annotated[str, Meta(min_length=8, max_length=64)]
Sealed = Annotated[str, Meta(min_length=20, max_length=8_000)]

InvitationState = Literal["open", "joined", "refused", "over"]
"""open: the guest has not answered. refused: they said no, which costs nothing. over: it is too late, or nobody asked."""

WhyNot = Literal["no-way", "wrong-number", "too-often", "over", "wrong-code"]
"""no-way: this hub has nothing to send a code with. over: the code has lived its time, or was tried too often."""


class InviteRequest(msgspec.Struct, frozen=True):
    """`POST /v1/invite`: somebody of the staff asks a guest to join. The same nonce is the same invitation."""

    nonce: Nonce
    staff: str
    till: str


class InviteReply(msgspec.Struct, frozen=True):
    """`url` is for the guest's phone, as a QR; empty where this hub has no address that a phone could open."""

    url: str
    until: float
    sends: bool = False
    """Whether this hub can send a code to a number now."""

    country: str = ""
    """Whose numbers are typed without + (ISO 3166-1)."""


class InvitedRequest(msgspec.Struct, frozen=True):
    """`POST /v1/invited`: what became of an invitation. `ended`: it is taken back (the guest answered at the screen, or left)."""

    nonce: Nonce
    ended: bool = False


class InvitedReply(msgspec.Struct, frozen=True):
    """What the guest said. `member`: their opaque id, once they joined."""

    state: InvitationState
    member: str = ""


class CodeRequest(msgspec.Struct, frozen=True):
    """`POST /v1/code`: send a code to the number in `sealed` (`hub.wire.sealing`, to the hub's key: the number as it was
    typed)."""

    nonce: Nonce
    sealed: Sealed
    language: str


class CodeReply(msgspec.Struct, frozen=True):
    """`shown`: the number with its middle left out. `wait_s`: when to ask again, where it was too often."""

    sent: bool
    shown: str = ""
    why: WhyNot | Literal[""] = ""
    wait_s: float = 0.0


class CodeCheckRequest(msgspec.Struct, frozen=True):
    """`POST /v1/codecheck`: is this the code that was sent to that number for this nonce? A right one is used up by it."""

    nonce: Nonce
    sealed: Sealed
    code: Annotated[str, Meta(max_length=40)]


class CodeCheckReply(msgspec.Struct, frozen=True):
    """Whether it was right."""

    right: bool
    why: WhyNot | Literal[""] = ""
