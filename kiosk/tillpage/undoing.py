"""Taking a redemption back within a minute, with a reason: asked first, then its own verdict."""

from __future__ import annotations

import re

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from hub.client.sessions import SignedIn
from hub.storefront.languages import gettext as _
from hub.wire.refusals import Refusal, sentence
from kiosk.tillpage.deciding import Deciding
from kiosk.tillpage.frame import FORM_BYTES, Frame
from kiosk.tillpage.verdicts import SOUND_FOR_S, quiet

LONGEST_REASON = 200
_FORM = re.compile(r"[0-9a-f]{32}")


def reasons() -> list[tuple[str, str]]:
    """The reasons that fit on a button, by the value that the form sends."""
    return [
        ("mistake", _("Scanned by mistake")),
        ("amount", _("Wrong amount")),
        ("changed", _("The customer changed their mind")),
        ("returned", _("The goods came back")),
        ("other_coupon", _("Another coupon was meant")),
    ]


class Undoing:
    """The pages of an undo."""

    def __init__(self, frame: Frame, deciding: Deciding) -> None:
        self._frame = frame
        self._deciding = deciding

    def undo(self, nonce: str) -> ResponseReturnValue:
        """Ask why, then take it back."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        if request.method == "GET":
            return self._page(who, nonce)
        form = request.form.get("form", "")
        if not who.made(request.form.get("mark", "")) or not _FORM.fullmatch(form):
            return self._page(who, nonce, wrong=_("That form was too old. Choose again."), status=400)
        known = dict(reasons())
        reason = known.get(request.form.get("reason", ""), "") or _one_line(request.form.get("why", ""))
        if not reason:
            return self._page(who, nonce, wrong=_("Choose a reason or write one."), status=400)
        if self._frame.counter.store.verdict(nonce) is None:
            raise NotFound
        reversal = self._deciding.undo(who, nonce, form, reason)
        return redirect(url_for("till.undone", nonce=reversal.nonce), 303)

    def undone(self, nonce: str) -> ResponseReturnValue:
        """What became of it."""
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        reversal = self._frame.counter.store.reversal(nonce)
        if reversal is None:
            raise NotFound
        self._frame.hands.ask(who, None)
        view = self._frame.show_reversal(reversal)
        fresh = abs(self._frame.counter.clock.now() - reversal.at) < SOUND_FOR_S
        return self._frame.page(
            "verdict.html",
            who=who,
            view=view,
            reversal=reversal,
            sound=url_for("till.sound", tone=view.sound) if fresh and not quiet() else None,
        )

    def _page(
        self, who: SignedIn, nonce: str, *, wrong: str | None = None, status: int = 200
    ) -> ResponseReturnValue:
        verdict = self._frame.counter.store.verdict(nonce)
        if verdict is None:
            raise NotFound
        self._frame.hands.ask(who, None)
        view = self._frame.show(verdict, who.person.id)
        reader = self._frame.reader()
        too_late = ""
        if not view.undo_s:
            refusal = Refusal.UNDO_TOO_LATE if verdict.staff == who.person.id else Refusal.UNDO_NOT_HERE
            if verdict.reversed_at is not None:
                refusal = Refusal.ALREADY_REVERSED
            elif not verdict.accepted or verdict.training:
                refusal = Refusal.NOT_REDEEMED
            too_late = sentence(refusal, reader.language)
        return self._frame.page(
            "undo.html",
            status,
            who=who,
            view=view,
            reasons=reasons(),
            wrong=wrong,
            too_late=too_late,
            nonce=nonce,
        )


def _one_line(text: str) -> str:
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())[:LONGEST_REASON]
