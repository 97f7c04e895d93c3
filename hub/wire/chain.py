"""How the hub of a shop and that of head office speak about the shop's journal. It travels in the exchange (`hub.wire.sync`).

Pure. `hub.upstream` sends and receives it.

The shop's hub is one more node of head office's shop. Its whole journal goes up, the facts of all its devices in the shop's own
order, each the very text that the device wrote, into the books that head office keeps under that shop's number. Its id says
whether an event is there already, so whatever is lost, doubled or told again counts once. Positions only say how far one is.

Offers of the chain have numbers from CHAIN_FIRST on: no offer of a shop's own has one, so a shop can carry both.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from hub.wire.events import Count, Ordinal

CHAIN_FIRST = 2**31
"""The lowest number of an offer of the chain; the highest is that of a campaign, 2**32 - 1."""

RELAY_BATCH = 1_000
RELAY_BYTES = 2 * 2**20
"""Facts in one step: a transaction of some ten milliseconds. A body with the rest of a request stays below its limit."""


def is_of_chain(campaign: int) -> bool:
    """Whether an offer is head office's, by its number."""
    return campaign >= CHAIN_FIRST


class Relay(msgspec.Struct, frozen=True):
    """A part of a shop's journal. Positions are the shop's own."""

    journal: Ordinal
    """Which journal: another number after the shop's hub was set back to a backup, as its positions mean something else then."""

    after: Count
    """`events` are those that follow this position."""

    last: Count
    """The position of the shop's newest event, sent or not."""

    events: Annotated[tuple[msgspec.Raw, ...], Meta(max_length=RELAY_BATCH)] = ()
    recall: Count | None = None
    """Tell what came after this position of head office's: the shop's hub may have lost it."""


class Relayed(msgspec.Struct, frozen=True):
    """How far head office has come. `upto`: it has everything up to this position of the shop's, on disk."""

    upto: Count
    at: Count
    """The position of head office's own newest event of this shop: from there on a shop that is set back asks what it lost."""

    parked: Count = 0
    """Events of this request that head office cannot take: unreadable, or another one has the same number. It has kept them."""

    set_back: bool = False
    """Head office has events of this very journal that the shop's hub does not have: that one was set back to a backup."""

    recalled: tuple[msgspec.Raw, ...] = ()
    recalled_upto: Count | None = None
    """The events that were asked for with `recall`, and where to ask on; None: nothing was asked."""

    more: bool = False
    """There are more of those."""
