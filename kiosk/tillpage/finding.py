"""Looking a coupon up: by its code, by its QR, or by the member who used it. Nothing is redeemed by it."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.client.sessions import SignedIn
from hub.storefront.languages import gettext as _
from hub.wire.refusals import sentence
from kiosk.pictures import MOST_BYTES, Unseen, read_picture
from kiosk.scans import LONGEST
from kiosk.tillpage.frame import FORM_BYTES, Frame, unseen_in_words
from kiosk.tillpage.membering import Membering
from kiosk.tillpage.pending import Unfinished
from kiosk.tillpage.words import show_found
from kiosk.verdicts import Looked

SHOWN = 50


class Finding:
    """The search page. What was searched stands in no address: a token is as good as its coupon."""

    def __init__(self, frame: Frame, unfinished: Unfinished, membering: Membering) -> None:
        self._frame = frame
        self._membering = membering
        self._unfinished = unfinished

    def page(self) -> ResponseReturnValue:
        """The field, and what was found."""
        request.max_content_length = MOST_BYTES + FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        # A scanner is asked to look up here, not to redeem.
        self._frame.hands.ask(who, "find")
        text, wrong, looked = "", None, None
        if request.method == "POST" and who.made(request.form.get("mark", "")):
            text = request.form.get("text", "").strip()[:LONGEST]
            picture = request.files.get("picture")
            if not text and picture is not None and picture.filename:
                seen = read_picture(picture.stream.read(MOST_BYTES + 1))
                text, wrong = (seen, None) if not isinstance(seen, Unseen) else ("", unseen_in_words(seen))
            elif not text:
                wrong = _("Scan a coupon, or type its code or a member's number.")
        elif request.args.get("scanned"):
            text = self._unfinished.sought(who.mark)
        if text and self._frame.counter.members.is_card(text):
            return redirect(self._membering.meet(who, text), 303)
        if text:
            looked = self._frame.counter.redeemer.look(text)
        return self._answer(wrong, looked, who)

    def _answer(self, wrong: str | None, looked: Looked | None, who: SignedIn) -> ResponseReturnValue:
        frame, reader = self._frame, self._frame.reader()
        why, found = "", []
        if looked is not None:
            why = looked.sentence or (sentence(looked.refusal, reader.language) if looked.refusal else "")
            found = [
                show_found(one, frame.campaign(one.campaign), frame.shop, reader)
                for one in looked.found[:SHOWN]
            ]
        return frame.page(
            "find.html",
            400 if wrong else 200,
            who=who,
            name="find",
            wrong=wrong,
            why=why,
            found=found,
            looked=looked is not None,
            alone=looked is not None and not looked.from_hub,
        )
