"""Guests whom somebody of the staff has asked at a till: who holds what, and what they said.

The till starts, the guest answers: with what stands in the QR, on their own phone. By its own mark for the invitation a till can
ask what became of it, and end it; it cannot answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.members.people_key import PeopleKey
from hub.store.base import Store
from hub.store.door_records import InvitationRow
from hub.wire.identity import crockford

LIVES_S = 300.0
"""A guest reads a page and types a number within five minutes, or has left the till."""

SECRET_CHARACTERS = 16
"""80 bits, as many as fit a small QR."""


@dataclass(frozen=True, slots=True)
class Invitations:
    """The invitations of the store's shop. Call with times in seconds of UTC."""

    store: Store
    key: PeopleKey

    def invite(self, nonce: str, device: str, till: str, staff: str, now: float) -> tuple[str, float]:
        """Ask a guest: what goes into their QR, and until when it is good. The same nonce is the same invitation."""
        name = f"{device} {nonce}"
        secret = crockford(
            bytes.fromhex(self.key.mark(self.store.shop.number, "door invitation", name))[:10],
            SECRET_CHARACTERS,
        )
        with self.store.writing():
            until = now + LIVES_S
            row = InvitationRow(name, self._hash(secret), staff, till, until)
            self.store.doors.put_invitation(row)
            kept = self.store.doors.invitation(name)
        return secret, kept.until if kept is not None else until

    def state(self, nonce: str, device: str, now: float) -> InvitationRow:
        """What became of it, for the till that asked."""
        kept = self.store.doors.invitation(f"{device} {nonce}")
        if kept is None:
            return InvitationRow(nonce, "", "", "", 0.0, "over")
        if kept.state == "open" and now >= kept.until:
            return InvitationRow(nonce, "", kept.staff, kept.till, kept.until, "over")
        return kept

    def end(self, nonce: str, device: str) -> None:
        """The till no longer waits."""
        self.store.doors.answer_invitation(f"{device} {nonce}", "over", "")

    def held(self, secret: str, now: float) -> InvitationRow | None:
        """The invitation of whoever holds this; None where nobody waits for them."""
        kept = self.store.doors.invitation_by(self._hash(secret)) if secret else None
        return kept if kept is not None and kept.state == "open" and now < kept.until else None

    def refuse(self, secret: str, now: float) -> None:
        """They said no."""
        kept = self.held(secret, now)
        if kept is not None:
            self.store.doors.answer_invitation(kept.nonce, "refused", "")

    def accept(self, invitation: InvitationRow, member: str) -> bool:
        """They joined; False where somebody answered in between."""
        return self.store.doors.answer_invitation(invitation.nonce, "joined", member)

    def _hash(self, secret: str) -> str:
        return self.key.mark(self.store.shop.number, "door secret", secret.strip().upper())
