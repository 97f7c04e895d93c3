"""Wanting something, on the member's own page: take what is meant for them alone, write to the shop."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from babel import Locale
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.members.doors import Counts, Doors, HubJoiner
from hub.members.leaving_pages import LeavingPages
from hub.members.page_base import Holder
from hub.messages.channel import Heard
from hub.messages.heard import Ears, heard
from hub.storefront.languages import language
from hub.storefront.when import until
from hub.wire.refusals import Refusal
from hub.wire.rules import Refused
from hub.wire.snapshot import say

LONGEST_LETTER = 2_000
LETTERS_AN_HOUR = 10
"""From one member: a person writes less, and whoever plays fills no inbox."""

_NAME = re.compile("[0-9a-f]{32}")


class WantingPages(LeavingPages):
    """The views of whoever wants something."""

    def __init__(self, doors: Doors, joiner: HubJoiner, now: Callable[[], float]) -> None:
        super().__init__(doors, joiner, now)
        self._letters = Counts(LETTERS_AN_HOUR, 3_600.0)

    def _wanted(self, holder: Holder, locale: Locale) -> dict[str, Any]:
        """What the page shows of it; the names make each button one act, however often it is pressed."""
        now, desk, shop = self._now(), self._doors.desk, self._shop()
        meant = desk.campaigns_for(holder.member, now) if desk is not None else []
        return {
            "meant": [
                (
                    one.number,
                    say(one.offer.title, language()),
                    until(one.ends_at, now, shop, locale),
                    os.urandom(16).hex(),
                )
                for one in meant
            ],
            "letter_name": os.urandom(16).hex(),
            "letter_longest": LONGEST_LETTER,
        }

    def take(self, token: str) -> ResponseReturnValue:
        """A coupon of an offer that is meant for them; the answer leads to it."""
        holder = self._acting(token)
        if not isinstance(holder, Holder):
            return holder
        number, name, desk = request.form.get("offer", ""), request.form.get("request", ""), self._doors.desk
        if (
            desk is None
            or not (number.isascii() and number.isdigit() and len(number) < 11)
            or not _NAME.fullmatch(name)
        ):
            return self._back(token, "")
        taken = desk.take(int(number), name, self._now(), member=holder.member)
        if isinstance(taken, Refused):
            return self._back(
                token, "all-taken" if taken.refusal is Refusal.SOLD_OUT else "not-offered", "for-you"
            )
        return redirect(url_for("storefront.coupon", serial=taken.coupon.serial), 303)

    def write(self, token: str) -> ResponseReturnValue:
        """A letter to the shop; it lies in the inbox, and the answer stands on this page."""
        holder = self._acting(token)
        if not isinstance(holder, Holder):
            return holder
        text, name = request.form.get("letter", "").strip(), request.form.get("request", "")
        if not text or not _NAME.fullmatch(name):
            return self._back(token, "no-letter", "write")
        now, doors = self._now(), self._doors
        if not self._letters.may(holder.member, now):
            return self._back(token, "too-many", "write")
        ears = Ears(doors.store, doors.book, doors.key.secret, doors.clock, doors.country(), doors.random)
        heard(
            ears,
            Heard(f"page {holder.member} {name}", "screen", holder.member, text[:LONGEST_LETTER], now),
            now,
        )
        return self._back(token, "written", "write")
