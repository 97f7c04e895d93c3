"""What the store says of a chain.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpstreamRecord:
    """How this shop stands with head office. Positions are those of `hub.wire.chain`, times seconds of UTC.

    `journal`, `sent`: which journal of ours, and how much of it head office has. `there`: its own newest position of us.
    `recall`: from which of its positions on it is to tell us again; None: nothing. `books`: a digest of what it knows of us
    beside the journal. `reached_at`, `failing_since`, `code`, `sentence`: the line.
    `parked`: facts that it could not take. `got_back`, `got_back_at`: facts that came back after this hub was set back.
    """

    device: str
    joined_at: float
    journal: int
    sent: int = 0
    there: int = 0
    recall: int | None = 0
    books: str = ""
    reached_at: float | None = None
    failing_since: float | None = None
    code: str = ""
    sentence: str = ""
    parked: int = 0
    got_back: int = 0
    got_back_at: float | None = None


@dataclass(frozen=True, slots=True)
class ShopBelow:
    """A shop whose hub, the node `device` of head office, sends its journal. `tenant`: the shop's number."""

    device: str
    tenant: int
    joined_at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """How far head office has heard a shop. `upto`: how much of the journal with the number `journal` is here; `last`: how much
    there was when it was heard, at `told_at`. `set_backs`, `set_back_at`: how often it came back with less than is here, and
    when.
    """

    device: str
    journal: int = 0
    upto: int = 0
    last: int = 0
    told_at: float | None = None
    parked: int = 0
    set_backs: int = 0
    set_back_at: float | None = None

    @property
    def behind(self) -> int:
        """Events that were there when the shop was heard last, and are not here."""
        return max(0, self.last - self.upto)
