"""What happened at this till today: sums, and a list that can be narrowed to one person and one kind of act."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.storefront.languages import locale
from hub.storefront.when import money
from kiosk.tillpage.frame import Frame
from kiosk.tillpage.words import tone_of
from kiosk.verdicts import Verdict

MOST_ACTS = 2_000
"""More than one till redeems in a day."""

LISTED = 200

Kind = Literal["all", "redeemed", "refused", "back"]


@dataclass(frozen=True, slots=True)
class Sums:
    """What came of a day's scans. Practice counts for nothing, what was taken back was not given, a question is no refusal."""

    accepted: int = 0
    given_cents: int = 0
    refused: int = 0
    taken_back: int = 0
    back_cents: int = 0


def sum_up(verdicts: Iterable[Verdict]) -> Sums:
    """The sums over these acts."""
    accepted = given = refused = back = back_cents = 0
    for one in verdicts:
        if one.training:
            continue
        if one.reversed_at is not None:
            back += 1
            back_cents += one.value_cents
        elif one.accepted:
            accepted += 1
            given += one.value_cents
        elif tone_of(one) != "ask":
            refused += 1
    return Sums(accepted, given, refused, back, back_cents)


def is_of(verdict: Verdict, kind: Kind) -> bool:
    """Whether an act belongs in a narrowed list."""
    match kind:
        case "all":
            return True
        case "redeemed":
            return verdict.accepted and verdict.reversed_at is None
        case "refused":
            return not verdict.accepted and tone_of(verdict) != "ask"
        case "back":
            return verdict.reversed_at is not None


class DayPage:
    """The day's list."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def page(self) -> ResponseReturnValue:
        """Today, mine or everybody's."""
        frame = self._frame
        who = frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        frame.hands.ask(who, None)
        mine = request.args.get("of") != "all"
        kind: Kind = next((one for one in get_args(Kind) if one == request.args.get("show")), "all")
        verdicts = frame.counter.store.verdicts_since(frame.day_began(), MOST_ACTS)
        of = [one for one in verdicts if not mine or one.staff == who.person.id]
        shown = [one for one in of if is_of(one, kind)]
        currency = frame.shop.currency
        sums = sum_up(of)
        frame.hands.show_all(who.mark)
        frame.counter.store.mark_seen()
        return frame.page(
            "day.html",
            who=who,
            name="day",
            mine=mine,
            kind=kind,
            sums=sums,
            given=money(sums.given_cents, currency, locale()),
            back_sum=money(sums.back_cents, currency, locale()),
            acts=[frame.show(one, who.person.id) for one in shown[:LISTED]],
            more=max(0, len(shown) - LISTED),
        )
