"""The member's own pages, `/me/…` on the public site: see, change, agree, pause, take away, leave, be forgotten.

No password and no cookie: a signed link (`hub.members.links`) is in the address of each page and form. It comes by message, by
joining, or for a card's code or a number that is typed here, within limits on wrong tries.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from hub.members.asked import PAUSES, asked_of, change_consent, day_of
from hub.members.carried import carried_away
from hub.members.codes import Held
from hub.members.consent import all_of, pause
from hub.members.doors import SITE, Counts, Doors, HubJoiner
from hub.members.fields import first_name, read_fields
from hub.members.holdings import holdings
from hub.members.links import LIVES_S, member_token
from hub.members.page_base import FORM_BYTES, Holder
from hub.members.wanting_pages import WantingPages
from hub.messages.screen import show_notes
from hub.storefront.forms import from_our_pages
from hub.storefront.headers import guard
from hub.storefront.join_sentences import SENTENCES
from hub.storefront.languages import carry_language, language, locale, speak
from hub.storefront.languages import gettext as _
from hub.storefront.numbers import Number, read_number
from hub.storefront.qr import qr_png, qr_svg
from hub.storefront.words import clean
from hub.wire.card import read_card, show_member_code
from hub.wire.snapshot import say

NAME = "me"
TRANSLATIONS = Path(__file__).parent / "translations"
TYPED = 300
WRONG_CODES, WITHIN_S = 20, 3_600.0
"""Of one address; each is one of 2^75, and a shop's own Wi-Fi comes from one address."""


class MemberPages(WantingPages):
    """The views."""

    def __init__(self, doors: Doors, joiner: HubJoiner, now: Callable[[], float]) -> None:
        super().__init__(doors, joiner, now)
        self._tries = Counts(WRONG_CODES, WITHIN_S)
        self._asks = Counts(WRONG_CODES, 86_400.0)

    # The way in

    def home(self) -> ResponseReturnValue:
        """Where somebody opens their page without a link."""
        return self._door()

    def enter(self) -> ResponseReturnValue:
        """A card's code, or its QR as text: on to the page. A number: a code by message, then on."""
        request.max_content_length = FORM_BYTES
        if not from_our_pages(request):
            return redirect(url_for(".home"), 303)
        if request.form.get("phone_number", "").strip() and not request.form.get("card", "").strip():
            return self._by_number()
        now, text = self._now(), clean(request.form.get("card", ""), TYPED)
        if read_card(text) is None:
            return self._door(
                wrong=_("That is no card's code: it has sixteen characters. Check it and type it again.")
            )
        if not self._tries.may(_place(), now):
            return self._door(
                429, wrong=_("Too many codes came from here. Wait an hour, or ask at the till.")
            )
        member = self._doors.book.by_card(text)
        profile = self._profile(member) if member else None
        if profile is None:
            return self._door(
                wrong=_("Nobody here has this card. Perhaps its holder has left, or a character is wrong.")
            )
        return self._let_in(profile.member, now)

    def _by_number(self) -> ResponseReturnValue:
        now, doors = self._now(), self._doors
        typed = clean(request.form.get("phone_number", ""), 40)
        number = read_number(typed, doors.country())
        if number is None:
            return self._door(number=typed, wrong_number=say(SENTENCES["wrong-number"], language()))
        handle = clean(request.form.get("handle", ""), 64)
        if handle:
            held = doors.codes.check(handle, number.e164, request.form.get("typed", ""), now)
            if held is None:
                member = doors.book.by_number(number.e164)
                if member is None or self._profile(member) is None:
                    return self._door(number=typed, wrong_number=_("Nobody here has left this number."))
                return self._let_in(member, now)
            return self._held(held, number=typed, handle=handle, sent_to=number.shown)
        form = self._joiner.new_form(now)
        # A code goes out whether or not somebody has this number: nobody learns here who is a member.
        held = self._send(number, form, now)
        if held is not None:
            return self._held(held, number=typed)
        return self._door(200, number=typed, handle=form, sent_to=number.shown)

    def _held(self, held: Held, **values: Any) -> Response:
        sentence = say(SENTENCES[held.why], language())
        if values.get("handle") and held.why == "wrong-code":
            return self._door(wrong_code=sentence, **values)
        values.pop("handle", None)
        return self._door(429 if held.wait_s else 422, wrong_number=sentence, **values)

    def _door(self, status: int = 0, **values: Any) -> Response:
        wrong = any(name.startswith("wrong") for name in values)
        page = render_template("me/door.html", sends=self._doors.sends(), **values)
        return make_response(page, status or (422 if wrong else 200))

    def _let_in(self, member: str, now: float) -> ResponseReturnValue:
        token = member_token(self._doors.key.secret, member, "visit", now)
        return redirect(url_for(".page", token=token), 303)

    # The page

    def page(self, token: str) -> ResponseReturnValue:
        """The member's page; for a link that ends messages, or that asks for a yes, that page."""
        holder = self._holder(token)
        if holder is None:
            return self._over()
        if holder.link.purpose in ("leave", "confirm"):
            return self._small(holder)
        return self._page(holder)

    def _page(self, holder: Holder, status: int = 200, **values: Any) -> Response:
        now, doors, profile = self._now(), self._doors, holder.profile
        made = clean(request.args.get("made", ""), 64)
        code = ""
        if made and self._joiner.is_own(made, now):
            code = show_member_code(self._joiner.code_of(made))
        consents = all_of(doors.store, holder.member)
        shop = self._shop()
        page = render_template(
            "me/page.html",
            token=holder.token,
            profile=profile,
            name=first_name(profile.fields.name),
            joined=day_of(profile.joined_at, shop, locale()),
            card_qr=qr_svg(doors.card(holder.member, now), _("QR code of your card")),
            code=code,
            asked=asked_of(consents, profile.fields, language(), shop, locale()),
            holds=holdings(doors.store, holder.member, now, shop, language(), locale()),
            notes=show_notes(doors.store, holder.member, now),
            paused=day_of(consents.paused_until, shop, locale()) if consents.paused_until > now else "",
            pauses=PAUSES,
            tags=[tag for tag in doors.store.tags.all() if tag.known in (holder.member, *profile.merged)],
            done=clean(request.args.get("done", ""), 20),
            sends=doors.sends(),
            visit_minutes=LIVES_S["visit"] // 60 if holder.link.purpose == "visit" else 0,
            **self._wanted(holder, locale()),
            **{"typed": {}, "wrong": {}, "code_step": {}, **values},
        )
        return make_response(page, status)

    def card(self, token: str) -> ResponseReturnValue:
        """The card's QR as a picture, to keep."""
        holder = self._holder(token)
        if holder is None or holder.link.purpose in ("leave", "confirm"):
            return self._over()
        response = Response(qr_png(self._doors.card(holder.member, self._now())), mimetype="image/png")
        response.headers["Content-Disposition"] = 'inline; filename="card.png"'
        return response

    # Changing

    def change(self, token: str) -> ResponseReturnValue:
        """Name, mail and birthday; the number has a form of its own, for a code confirms it."""
        holder = self._acting(token)
        if not isinstance(holder, Holder):
            return holder
        own, now = holder.profile.fields, self._now()
        today = datetime.fromtimestamp(now, ZoneInfo(self._shop().timezone)).date()
        typed = {name: request.form.get(name, "") for name in ("name", "mail", "birthday")}
        for label in own.free:
            typed[f"free:{label}"] = request.form.get(f"free:{label}", own.free[label])
        read = read_fields(typed, lambda _typed: None, today, tuple(own.free))
        if isinstance(read, dict):
            wrong = {name: _(said.text, **said.values) for name, said in read.items()}
            return self._page(holder, 422, typed=typed, wrong=wrong)
        fields = type(own)(read.name, own.phone, read.mail, read.birthday, read.free)
        self._doors.book.change(holder.member, fields, at=now, language=language())
        return self._back(token, "changed")

    def number(self, token: str) -> ResponseReturnValue:
        """A phone number: a code goes to it first; an empty field takes it away at once."""
        holder = self._acting(token)
        if not isinstance(holder, Holder):
            return holder
        now, doors, own = self._now(), self._doors, holder.profile.fields
        typed = clean(request.form.get("phone_number", ""), 40)
        if not typed:
            fields = type(own)(own.name, "", own.mail, own.birthday, own.free)
            doors.book.change(holder.member, fields, at=now)
            return self._back(token, "changed")
        number = read_number(typed, doors.country())
        handle = clean(request.form.get("handle", ""), 64)
        step = {"number": typed}
        if number is None:
            held: Held | None = Held("wrong-number")
        elif handle:
            held = doors.codes.check(handle, number.e164, request.form.get("typed", ""), now)
            step |= {"handle": handle, "sent_to": number.shown}
        else:
            handle = self._joiner.new_form(now)
            held = self._send(number, handle, now)
            if held is None:
                return self._page(holder, code_step={**step, "handle": handle, "sent_to": number.shown})
        if held is not None:
            if held.why != "wrong-code":
                step.pop("handle", None)
            return self._page(holder, 422, code_step={**step, "wrong": say(SENTENCES[held.why], language())})
        fields = type(own)(own.name, number.e164 if number else "", own.mail, own.birthday, own.free)
        doors.book.change(holder.member, fields, at=now)
        return self._back(token, "changed")

    def _send(self, number: Number, handle: str, now: float) -> Held | None:
        if not self._doors.sends():
            return Held("no-way")
        if not self._asks.may(_place(), now):
            return Held("too-often", 3_600.0)
        return self._doors.codes.send(number, handle, language(), now)

    def consent(self, token: str) -> ResponseReturnValue:
        """One yes, or one no."""
        holder = self._acting(token)
        if not isinstance(holder, Holder):
            return holder
        form = request.form
        done = change_consent(
            self._doors.store,
            holder.profile,
            form.get("purpose", ""),
            form.get("medium", ""),
            yes=form.get("do") == "yes",
            language=language(),
            proof=holder.proof,
            now=self._now(),
            clock=self._doors.clock(),
        )
        return self._back(token, done, "agreed")

    def pause(self, token: str) -> ResponseReturnValue:
        """Nothing for some days, or go on."""
        holder = self._acting(token)
        if not isinstance(holder, Holder):
            return holder
        now, days = self._now(), request.form.get("days", "")
        until = now + int(days) * 86_400.0 if days.isdigit() and int(days) in PAUSES else 0.0
        pause(self._doors.store, holder.member, until, place=SITE, now=now, clock=self._doors.clock())
        return self._back(token, "paused" if until else "goes-on", "paused")

    # Taking away

    def export(self, token: str, form: str) -> ResponseReturnValue:
        """Everything that is kept of them: to read, as JSON, as a table."""
        holder = self._holder(token)
        if holder is None or holder.link.purpose in ("leave", "confirm"):
            return self._over()
        return carried_away(self._doors, holder.member, token, form, self._now(), self._shop())


def _place() -> str:
    return request.remote_addr or ""


def create_member_pages(doors: Doors, joiner: HubJoiner, now: Callable[[], float]) -> Blueprint:
    """The member's own pages, in one application with the storefront, whose look they have."""
    pages = MemberPages(doors, joiner, now)
    blueprint = Blueprint(NAME, __name__, template_folder="templates")
    get, both, post = ["GET"], ["GET", "POST"], ["GET", "POST"]
    routes: list[tuple[str, str, Callable[..., ResponseReturnValue], list[str]]] = [
        ("/me/", "home", pages.home, get),
        ("/me/in", "enter", pages.enter, ["POST"]),
        ("/me/<token>", "page", pages.page, both),
        ("/me/<token>/card.png", "card", pages.card, get),
        ("/me/<token>/change", "change", pages.change, post),
        ("/me/<token>/number", "number", pages.number, post),
        ("/me/<token>/consent", "consent", pages.consent, post),
        ("/me/<token>/pause", "pause", pages.pause, post),
        ("/me/<token>/take", "take", pages.take, post),
        ("/me/<token>/write", "write", pages.write, post),
        ("/me/<token>/export/<form>", "export", pages.export, get),
        ("/me/<token>/leave", "leave", pages.leave, post),
        ("/me/<token>/confirm", "confirm", pages.confirm, post),
        ("/me/<token>/erase", "erase", pages.erase, both),
    ]
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    carry_language(blueprint)
    blueprint.after_request(lambda response: guard(response))
    blueprint.register_error_handler(Exception, pages.broken)

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        speak(state.app, TRANSLATIONS)

    return blueprint
