"""A member's purse at the till: what is in it, paid from it, paid into it, taken back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.client.sessions import SignedIn
from hub.storefront.languages import gettext as _
from hub.storefront.languages import language, locale
from hub.storefront.when import moment, money
from hub.wire.purse_rules import UNDO_S, PurseRules, Unit, worth
from hub.wire.refusals import sentence
from hub.wire.snapshot import say
from hub.wire.sync_value import PurseSeen
from kiosk.purse import Pay, Told
from kiosk.scans import act_of, read_amount
from kiosk.tillpage.frame import FORM_BYTES, Frame
from kiosk.tillpage.membering import Membering
from kiosk.tillpage.purchase import LONGEST_AMOUNT, show_amount

_FORM = re.compile(r"[0-9A-Za-z-]{8,64}")
UNITS: dict[str, Unit] = {"points": "points", "stored": "stored", "punch": "punch"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act, as the page says it. `tone`: good, note (the till decided alone), no, back."""

    tone: str
    word: str
    reason: str
    of: str = ""


class Pursing:
    """The page of a member's purse."""

    def __init__(self, frame: Frame, membering: Membering) -> None:
        self._frame = frame
        self._membering = membering

    def page(self, nonce: str) -> ResponseReturnValue:
        """The purse of somebody whose card was scanned (`nonce`, as of their page)."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        self._frame.hands.ask(who, None)
        member = self._membering.met(nonce, who)
        rules = self._frame.counter.purses.rules()
        if not member or rules is None:
            return redirect(url_for("till.members"), 303)
        if request.method == "GET" or not who.made(request.form.get("mark", "")):
            return self._show(who, nonce, member, rules, None)
        if request.form.get("do") == "undo":
            return self._undo(who, nonce, member, rules)
        return self._act(who, nonce, member, rules)

    def _act(self, who: SignedIn, nonce: str, member: str, rules: PurseRules) -> ResponseReturnValue:
        form, do = request.form.get("form", ""), request.form.get("do", "")
        typed = {
            name: request.form.get(name, "").strip()[:LONGEST_AMOUNT]
            for name in ("basket", "amount", "paid_in")
        }
        wrong: dict[str, str] = {}
        sums = {name: _sum(text, wrong, name) for name, text in typed.items()}
        kind, _sep, card = do.partition(":")
        if do == "topup" and sums["paid_in"] is None:
            wrong.setdefault("paid_in", _("Type what was paid in, such as 20."))
        if wrong or (do != "topup" and kind not in UNITS) or _FORM.fullmatch(form) is None:
            return self._show(who, nonce, member, rules, None, wrong=wrong, typed=typed, status=422)
        if self._frame.training(who):
            told = Outcome("back", _("Training"), _("Nothing was taken and nothing was counted."))
            return self._show(who, nonce, member, rules, told)
        purses = self._frame.counter.purses
        said = "\n".join((member, do, *(str(sums[name]) for name in sums)))
        act = act_of(form, said, None)
        if do == "topup":
            answer = purses.top_up(act, member, sums["paid_in"] or 0, who.person.id)
        else:
            cents = sums["amount"]
            if cents is None and kind != "punch":
                cents = self._most(member, UNITS[kind], sums["basket"], rules)
            pay = Pay(act, member, UNITS[kind], who.person.id, cents, card[:40], sums["basket"])
            answer = purses.pay(pay)
        self._frame.counter.syncer.kick()
        outcome = self._outcome(answer, sums["basket"])
        status = 200 if answer.done else 409
        typed = typed if not answer.done else {}
        return self._show(who, nonce, member, rules, outcome, told=answer.purse, typed=typed, status=status)

    def _most(self, member: str, unit: Unit, basket: int | None, rules: PurseRules) -> int | None:
        """As much of the purchase as is in the purse, where nobody said how much."""
        if basket is None:
            return None
        purse, _at = self._frame.counter.purses.look(member)
        if purse is None:
            return basket
        have = purse.stored_cents if unit == "stored" else worth(rules, purse.points)
        if unit == "points":
            have = min(have, worth_of_part(basket, rules))
        return max(0, min(basket, have)) or basket

    def _undo(self, who: SignedIn, nonce: str, member: str, rules: PurseRules) -> ResponseReturnValue:
        of, form = request.form.get("of", "")[:64], request.form.get("form", "")
        if _FORM.fullmatch(of) is None or _FORM.fullmatch(form) is None:
            return self._show(who, nonce, member, rules, None)
        told = self._frame.counter.purses.take_back(
            of, act_of(form, of, None), who.person.id, "undone at the till"
        )
        self._frame.counter.syncer.kick()
        if told.refusal == "hub_unreachable":
            outcome = Outcome(
                "note", _("Not yet"), _("The hub does not answer. It is asked again by itself.")
            )
        elif told.refusal:
            outcome = Outcome("no", _("Not taken back"), sentence(told.refusal, language()))
        else:
            outcome = Outcome("back", _("Taken back"), _("Everything is in the purse as it was before."))
        return self._show(who, nonce, member, rules, outcome, status=409 if told.refusal else 200)

    def _outcome(self, told: Told, basket: int | None) -> Outcome:
        act, shop = told.act, self._frame.shop
        if act is None or told.refusal:
            reason = told.sentence or sentence(told.refusal, language())
            return Outcome("no", _("Not paid"), reason)
        sum_ = money(act.cents, shop.currency, locale())
        if act.kind == "topup":
            return Outcome("good", _("Paid in"), _("%(sum)s are in the purse now.", sum=sum_), act.nonce)
        lines = {
            "points": _("%(sum)s with %(points)s points.", sum=sum_, points=act.amount),
            "stored": _("%(sum)s from what was paid in ahead.", sum=sum_),
            "punch": _("The card was full: hand over the reward."),
        }
        reason = lines[act.unit]
        if basket is not None and act.unit != "punch":
            left = money(max(0, basket - act.cents), shop.currency, locale())
            reason = f"{reason} {_('Left to pay: %(sum)s.', sum=left)}"
        word = _("Paid") if act.decided_by == "hub" else _("Paid, on this till's own account")
        return Outcome("good" if act.decided_by == "hub" else "note", word, reason, act.nonce)

    def _show(
        self,
        who: SignedIn,
        nonce: str,
        member: str,
        rules: PurseRules,
        outcome: Outcome | None,
        *,
        told: PurseSeen | None = None,
        wrong: dict[str, str] | None = None,
        typed: dict[str, str] | None = None,
        status: int = 200,
    ) -> ResponseReturnValue:
        frame = self._frame
        shop, now = frame.shop, frame.counter.clock.now()
        purse, at = (told, now) if told is not None else frame.counter.purses.look(member)
        old = at is not None and purse is not None and now - at > UNDO_S
        return frame.page(
            "purse.html",
            status,
            who=who,
            name="members",
            nonce=nonce,
            outcome=outcome,
            purse=purse,
            heard_then=moment(at, now, shop, locale()) if old and at is not None else "",
            rules=rules,
            worth=money(purse.worth_cents, shop.currency, locale()) if purse else "",
            stored=money(purse.stored_cents, shop.currency, locale()) if purse else "",
            cards=[
                (card.id, say(card.title, language()), say(card.reward, language()), have, card.needs)
                for card in rules.cards
                if (have := purse.punch.get(card.id, 0) if purse else 0) or purse
            ],
            topup=show_amount(None),
            wrong=wrong or {},
            typed=typed or {},
        )


def worth_of_part(basket: int, rules: PurseRules) -> int:
    """What of a purchase may be paid with points."""
    return basket * rules.most_percent // 100


def _sum(text: str, wrong: dict[str, str], name: str) -> int | None:
    try:
        return read_amount(text)
    except ValueError:
        wrong[name] = _("That is no amount. Type it like 12.50.")
        return None
