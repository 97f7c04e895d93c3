"""A purchase that was paid, with a coupon or without: told to the hub, so that the office knows what was sold and not only what
was given."""

from __future__ import annotations

import re

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.client.sessions import SignedIn
from hub.storefront.languages import gettext as _
from hub.storefront.languages import locale
from hub.storefront.when import money
from kiosk.buying import MOST_CENTS, MOST_ITEMS, Bought
from kiosk.scans import read_amount
from kiosk.tillpage.frame import Frame
from kiosk.tillpage.membering import Membering, refused_in_words
from kiosk.tillpage.purchase import LONGEST_AMOUNT, LONGEST_MEMBER, plain_line, show_amount
from kiosk.verdicts import Verdict

_NAME = re.compile(r"[0-9A-Za-z-]{8,64}")


class Paying:
    """The page with the sum. `of`: the redemption that was made for this purchase."""

    def __init__(self, frame: Frame, membering: Membering) -> None:
        self._frame = frame
        self._membering = membering

    def page(self) -> ResponseReturnValue:
        """The form, and what was told last."""
        frame = self._frame
        who = frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        frame.hands.ask(who, None)
        act = self._act(request.args.get("of", ""))
        if request.method == "GET" or not who.made(request.form.get("mark", "")):
            amount = show_amount(_paid(act)) if act is not None else ""
            shown = {"member": self._membering.met(request.args.get("met", ""), who)}
            return self._answer(who, act, {}, amount=amount, typed=shown)
        wrong: dict[str, str] = {}
        typed = {name: request.form.get(name, "").strip() for name in ("amount", "things", "member", "form")}
        cents = _amount(typed["amount"])
        if cents is None:
            wrong["amount"] = _("Type what was paid, such as 12.50.")
        items = int(typed["things"]) if typed["things"].isdecimal() and len(typed["things"]) < 6 else None
        if typed["things"] and (items is None or items > MOST_ITEMS):
            wrong["things"] = _("Type how many things it were, or leave it out.")
        name = act.act or act.nonce if act is not None else typed["form"]
        if wrong or cents is None or _NAME.fullmatch(name) is None:
            return self._answer(who, act, wrong, amount=typed["amount"], typed=typed)
        if not frame.training(who):
            seen = frame.counter.members.id_of(plain_line(typed["member"], LONGEST_MEMBER))
            if seen.refusal:
                wrong["member"] = refused_in_words(seen)
                return self._answer(who, act, wrong, amount=typed["amount"], typed=typed)
            member = seen.member or (act.member if act is not None else "")
            frame.counter.purchases.tell(Bought(name, who.person.id, cents, items, member))
            frame.counter.syncer.kick()
        return redirect(url_for("till.paid", told=cents), 303)

    def _act(self, nonce: str) -> Verdict | None:
        """The redemption behind a verdict of this till; None where it is none that stands."""
        verdict = self._frame.counter.store.verdict(nonce) if nonce else None
        return verdict if verdict is not None and verdict.printable else None

    def _answer(
        self, who: SignedIn, act: Verdict | None, wrong: dict[str, str], **values: object
    ) -> ResponseReturnValue:
        frame = self._frame
        told = request.args.get("told", "")
        known = told.isdecimal() and len(told) <= len(str(MOST_CENTS))
        return frame.page(
            "paid.html",
            422 if wrong else 200,
            who=who,
            name="paid",
            of=act.nonce if act is not None else None,
            wrong=wrong,
            told=money(int(told), frame.shop.currency, locale()) if known else "",
            **{"amount": "", "typed": {}, **values},
        )


def _amount(text: str) -> int | None:
    try:
        cents = read_amount(text[:LONGEST_AMOUNT])
    except ValueError:
        return None
    return cents if cents is not None and 0 <= cents <= MOST_CENTS else None


def _paid(act: Verdict) -> int | None:
    """What is left to pay of a basket whose sum was said."""
    return None if act.basket_cents is None else max(0, act.basket_cents - act.value_cents)
