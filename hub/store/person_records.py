"""What the store keeps of how managers prove who they are. Times are seconds of UTC.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TotpRecord:
    """A manager's secret for one-time codes, sealed to the hub's key; `confirmed_at` None until a first code was right.

    `last_step`: the time step of the latest right code: that one and those before it are spent.
    """

    manager: str
    sealed: str
    made_at: float
    confirmed_at: float | None
    last_step: int


@dataclass(frozen=True, slots=True)
class PasskeyRecord:
    """A public key of a manager's authenticator. `credential`, `public` and `handle` are base64url, as WebAuthn has them."""

    credential: str
    manager: str
    handle: str
    public: str
    sign_count: int
    name: str
    made_at: float
    used_at: float | None


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """Something that was begun and waits for its second half. It can be used once."""

    ticket_hash: str
    kind: str
    manager: str
    body: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class SessionUse:
    """What is known of a session beside its end: how its manager came in, with what, when last seen, when last proved."""

    token_hash: str
    way: str
    browser: str
    used_at: float
    fresh_at: float


@dataclass(frozen=True, slots=True)
class InvitationRecord:
    """A way in for somebody new, once. `note`: for whom it is, in the words of who made it."""

    code_hash: str
    role: str
    note: str
    by: str
    made_at: float
    expires_at: float
