"""Who is let through: the port between the portal's pages and the gate, and what stands there where there is no gate."""

from __future__ import annotations

from typing import Protocol

from edge.gate.protocol import Limits, Phone
from edge.portal.guests import NOBODY, Grant, Guest, Standing


class GateSilent(Exception):
    """The gate does not answer, or refuses; nothing was changed. `sentence` is for the log and for staff."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Keeper(Protocol):
    """Lets phones through and ends that. `now` is seconds of UTC; every method may be called from several threads."""

    has_gate: bool
    """False: this portal runs without an access point, and every phone reaches it over some other network."""

    def phone_at(self, ip: str) -> Phone | None:
        """The phone at an address of the guest network; None where there is none, such as for a request of this machine."""

    def phone_seen(self, ip: str) -> Phone | None:
        """The same as of a second ago at most, for what is asked with every page; never for what opens the gate."""

    def standing(self, ip: str, now: float) -> Standing:
        """How the phone at this address stands; never raises."""

    def let_in(self, ip: str, grant: Grant, now: float) -> Standing:
        """Let it through; GateSilent where that cannot be done."""

    def extend(self, ip: str, now: float) -> Standing:
        """As long again, where its grant allows one more; else as it stands."""

    def end(self, phone: Phone, now: float) -> None:
        """End its stay; GateSilent where that cannot be done."""

    def prolong(self, phone: Phone, seconds: int, now: float) -> Standing:
        """Staff give so many seconds more, whatever the grant says."""

    def limit(self, phone: Phone, limits: Limits, now: float) -> None:
        """Staff set other limits."""

    def guests(self, now: float) -> list[Guest]:
        """Who is in, and who was a short while ago; by address. GateSilent where the gate does not answer."""


class NoGate:
    """No access point: whoever sees the page has another network, and there is nothing to let anybody through."""

    has_gate = False

    def phone_at(self, ip: str) -> Phone | None:  # noqa: ARG002
        """No phone is known by its address."""
        return None

    def phone_seen(self, ip: str) -> Phone | None:  # noqa: ARG002
        """No phone is known by its address."""
        return None

    def standing(self, ip: str, now: float) -> Standing:  # noqa: ARG002
        """Nothing is known of anybody."""
        return NOBODY

    def let_in(self, ip: str, grant: Grant, now: float) -> Standing:  # noqa: ARG002
        """Nobody can be let through."""
        raise GateSilent("This portal has no access point.")

    def extend(self, ip: str, now: float) -> Standing:
        """Nothing to extend."""
        return self.standing(ip, now)

    def end(self, phone: Phone, now: float) -> None:
        """Nothing to end."""

    def prolong(self, phone: Phone, seconds: int, now: float) -> Standing:  # noqa: ARG002
        """Nothing to prolong."""
        raise GateSilent("This portal has no access point.")

    def limit(self, phone: Phone, limits: Limits, now: float) -> None:  # noqa: ARG002
        """Nothing to limit."""
        raise GateSilent("This portal has no access point.")

    def guests(self, now: float) -> list[Guest]:  # noqa: ARG002
        """Nobody."""
        return []


def whose(keeper: Keeper, ip: str, now: float) -> str:
    """The opaque id of the member behind an address, where somebody came in as one; empty for everybody else."""
    grant = keeper.standing(ip, now).grant if keeper.has_gate else None
    return grant.member if grant is not None else ""
