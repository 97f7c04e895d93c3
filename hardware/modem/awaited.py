"""Delivery reports matched with what was sent: by reference and number, whichever of the two is told first.

Pure. A reference has eight bits and comes round again, so the latest message with it to that number is meant. Networks write the
number of a report as they like (`+43660...`, `0660...`, `43660...`): the last digits have to agree.
"""

from __future__ import annotations

from collections import OrderedDict

SAME_DIGITS = 7
MOST_AWAITED = 512


def same_number(one: str, other: str) -> bool:
    """Whether these are one number, written with or without its country; names and short codes have to be the same."""
    mine, yours = (number.lstrip("+").lstrip("0") for number in (one, other))
    shorter, longer = sorted((mine, yours), key=len)
    return mine == yours or (len(shorter) >= SAME_DIGITS and longer.endswith(shorter))


class Awaited:
    """What reports are awaited for: a ticket for each part; bounded, the oldest are forgotten."""

    def __init__(self, most: int = MOST_AWAITED) -> None:
        self._most = most
        self._sent: OrderedDict[tuple[int, str], str] = OrderedDict()

    def sent(self, reference: int, number: str, ticket: str) -> None:
        """A part went out."""
        self._sent.pop((reference, number), None)
        self._sent[(reference, number)] = ticket
        while len(self._sent) > self._most:
            self._sent.popitem(last=False)

    def ticket(self, reference: int, number: str, *, final: bool) -> str:
        """Whose report this is; "" where it is not known. After a final one the reference is free."""
        for key in reversed(self._sent):
            if key[0] == reference and same_number(key[1], number):
                return self._sent.pop(key) if final else self._sent[key]
        return ""
