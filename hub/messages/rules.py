"""What a shop sets of its messages: how fast each channel goes, what a part costs, how long texts are kept.

Pure. It stands in the database (`store.messages.rules`) and has a page; without it these defaults are in force.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from hub.messages.channel import ChannelName
from hub.wire.snapshot import Text

Rate = Annotated[int, Meta(ge=1, le=60_000)]
Cost = Annotated[int, Meta(ge=0, le=1_000_000)]

COST_UNITS = 10_000
"""Costs are whole ten-thousandths of the currency: providers charge fractions of a cent."""


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one channel: parts a minute, and what each costs in ten-thousandths of the currency."""

    a_minute: Rate = 60
    cost: Cost = 0


DEFAULT_PACES: dict[str, Pace] = {
    "modem": Pace(a_minute=10),
    "smpp": Pace(a_minute=600),
    "http": Pace(a_minute=300),
    "mail": Pace(a_minute=60),
    "push": Pace(a_minute=600),
    "screen": Pace(a_minute=6_000),
}
"""A modem takes some seconds for each; networks look at SIM cards that send faster. Mail servers of shops mind bursts."""


class MessageRules(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `paces` has what differs from the defaults. `footer`: what is put beneath each text message of the shop's own
    wish, such as "Reply STOP to end."; `sender`: the name from which SMPP and HTTP providers send. `late_hours`: after so long
    what could not be sent is not sent any more."""

    paces: dict[str, Pace] = {}
    footer: Text = {}
    sender: Annotated[str, Meta(max_length=20)] = ""
    late_hours: Annotated[int, Meta(ge=1, le=720)] = 48
    keep_days: Annotated[int, Meta(ge=1, le=3_650)] = 400

    def pace(self, channel: ChannelName) -> Pace:
        """How this channel goes."""
        return self.paces.get(channel) or DEFAULT_PACES.get(channel) or Pace()


def read_rules(body: str) -> MessageRules:
    """What was kept; the defaults where nothing was, or where it cannot be read any more."""
    if not body:
        return MessageRules()
    try:
        return msgspec.json.decode(body, type=MessageRules)
    except msgspec.MsgspecError:
        return MessageRules()


def write_rules(rules: MessageRules) -> str:
    """As it is kept."""
    return msgspec.json.encode(rules).decode()
