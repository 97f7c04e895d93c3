"""What every page of the welcome is made with: the look, the best offer with its coupon, the pop-up in its two pieces."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from edge.portal.guests import State
from edge.portal.keeper import Keeper, whose
from edge.portal.ways.entry import Ways
from edge.portal.welcome.fast import (
    CODE_SLOT,
    NO_SERIAL,
    QR_SLOT,
    URL_SLOT,
    FrontPage,
    Kind,
    Shape,
    Shared,
    Voice,
    shape_key,
    voice_of,
)
from edge.portal.welcome.form import Form
from edge.portal.welcome.marks import Marks
from edge.portal.welcome.offering import front_offer, is_limited
from edge.portal.welcome.texts import Purpose, consent_text
from hub.storefront.context import PageContext
from hub.storefront.desk import Desk
from hub.storefront.headers import guard
from hub.storefront.languages import gettext as _
from hub.storefront.languages import language
from hub.storefront.offers import greeting, show_coupon, show_offer
from hub.storefront.style import Style, make_style
from hub.wire.coupon import Issued
from hub.wire.holdout import not_held_out
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
SLOT = "<!-- the guest's own piece -->"
"""Where the ticket goes: the page around it is the same for everybody."""


@cache
def _own_style() -> str:
    return (HERE / "static" / "welcome.css").read_text()


class DoorContext(PageContext):
    """The name `shopbell` in the templates of these pages: the house's, in a smaller style."""

    __slots__ = ()

    @property
    def style(self) -> Style:
        """The house's ground and the coupon, with what only these pages have."""
        return make_style(self.shop.colour, "door", more=_own_style())


@dataclass(frozen=True, slots=True)
class Screen:
    """Makes pages. `offers` is the name under which the storefront is mounted."""

    context: DoorContext
    desk: Desk
    keeper: Keeper
    ways: Ways
    marks: Marks
    front: FrontPage
    offers: str

    # Who looks

    def kind(self, ip: str, now: float) -> Kind:
        """How the phone at this address stands, as far as the page differs by it."""
        if not self.keeper.has_gate:
            return "open"
        standing = self.keeper.standing(ip, now)
        if standing.state is State.IN:
            return "in"
        if standing.state is State.EXPIRED:
            return "expired-online" if standing.internet else "expired-offline"
        return "held-online" if standing.internet else "held-offline"

    def mark(self, ip: str, what: int | str, now: float) -> str:
        """The mark of the phone at this address for a campaign or for a word: of a secret of its own, say."""
        keeper = self.keeper
        phone = keeper.phone_seen(ip) if isinstance(what, int) else keeper.phone_at(ip)
        return self.marks.of(ip, phone.mac if phone else "", str(what), now)

    def voice(self) -> Voice:
        """How this request's page speaks."""
        asked = request.args.get("lang", "")
        asked = asked if asked == language() else ""
        return voice_of(
            request.headers.get("Accept-Language", "")[:1_000], asked, tuple(self.context.shop.languages)
        )

    # Pages

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page of ours with its headers."""
        links = {
            "offers_url": url_for(f"{self.offers}.home"),
            "door_links": self._links(),
            "consent": self._consent,
        }
        text = render_template(f"welcome/{template}.html", **{**links, **values})
        return self.finish(make_response(text, status))

    def sorry(self, status: int, title: str, text: str) -> Response:
        """A page that says what was wrong, with a way on."""
        return self.page("sorry", status, sorry_title=title, sorry_text=text)

    def finish(self, response: Response) -> Response:
        """The protecting headers; the policy allows this page's own style and nothing else."""
        return guard(response, style_hash=self.context.style.csp_hash)

    def popup(self, ip: str, now: float, *, may_take: bool) -> Response:
        """The first page. `may_take`: somebody looks at it, so a coupon may be handed out."""
        kind, voice = self.kind(ip, now), self.voice()
        shared = self._own_page(kind, ip, now) or self.front.shared(kind, voice, now)
        if shared is None:
            shared = self._shared(kind, front_offer(self.desk.campaigns(now)), now)
            self.front.keep_shared(kind, voice, shared, self.context.shop.languages)
        ticket = b""
        if shared.campaign is not None:
            mark = self.mark(ip, shared.campaign.number, now)
            ticket = self.front.ticket(mark, voice, now) or b""
            if not ticket:
                text, keep = self._ticket_of(shared.campaign, mark, now, may_take)
                ticket = text.encode()
                if keep:
                    self.front.keep_ticket(mark, voice, ticket, now)
        return Response(shared.before + ticket + shared.after, headers=shared.headers)

    def form_page(self, ip: str, form: Form, status: int, now: float, line: str = "") -> Response:
        """The first page again: with what was typed and what was wrong with it, with its next step, or with another line."""
        line = line or self.line(self.kind(ip, now))
        return self.page("home", status, form=form, line=line, ticket=self.ticket(ip, now, may_take=False))

    def ticket(self, ip: str, now: float, *, may_take: bool, level: int = 1) -> str:
        """The best offer for a page that is not kept; with its coupon where there is one, or where one may be taken."""
        campaign = front_offer(not_held_out(self.desk.campaigns(now), whose(self.keeper, ip, now)))
        mark = self.mark(ip, campaign.number, now) if campaign else ""
        return self._ticket_of(campaign, mark, now, may_take, level)[0]

    # The pieces

    def _own_page(self, kind: Kind, ip: str, now: float) -> Shared | None:
        """The page around the coupon for a member who is to do without an offer; None for everybody else."""
        member = whose(self.keeper, ip, now) if kind == "in" else ""
        running = self.desk.campaigns(now) if member else []
        allowed = not_held_out(running, member)
        return None if len(allowed) == len(running) else self._shared(kind, front_offer(allowed), now)

    def _shared(self, kind: Kind, campaign: Campaign | None, now: float) -> Shared:
        form = None if kind == "open" else Form(self.ways.offered())
        ticket = SLOT if campaign else self._no_offer()
        response = self.page("home", form=form, line=self.line(kind), ticket=ticket)
        before, _slot, after = response.get_data().partition(SLOT.encode())
        headers = tuple((name, value) for name, value in response.headers if name != "Content-Length")
        return Shared(headers, before, after, campaign, now)

    def _ticket_of(
        self, campaign: Campaign | None, mark: str, now: float, may_take: bool, level: int = 1
    ) -> tuple[str, bool]:
        """The ticket, and whether it is one to keep: a coupon that is shown is on disk."""
        if campaign is None:
            return self._no_offer(level), False
        issued = self._coupon(campaign, mark, now, may_take)
        if issued is None:
            return self._offer(campaign, mark, level), False
        return self._coupon_ticket(issued, campaign, now, level), True

    def _coupon_ticket(self, issued: Issued, campaign: Campaign, now: float, level: int) -> str:
        """A coupon as it is shown. In a rush the words around it are made once, and each coupon is put in."""
        key = shape_key(self.voice(), issued, level, now)
        shape = None if key is None else self.front.shape(key, now)
        if shape is None:
            view = show_coupon(issued, campaign, self.context.shop, self.context.reader)
            text = render_template(
                "welcome/ticket.html",
                coupon=replace(view, code=CODE_SLOT),
                qr=QR_SLOT,
                coupon_url=URL_SLOT,
                level=level,
            )
            shape = Shape(
                text, url_for(f"{self.offers}.coupon", serial=NO_SERIAL), _("QR code of this coupon")
            )
            if key is not None:
                self.front.keep_shape(key, shape, now)
        return shape.filled(issued).decode()

    def _coupon(self, campaign: Campaign, mark: str, now: float, may_take: bool) -> Issued | None:
        """This guest's coupon; a new one only where there are any number, and somebody is looking."""
        if campaign.rotating:
            # Its code changes: it is shown on its own page, which knows how.
            return None
        try:
            if is_limited(campaign) or not may_take:
                return self.desk.taken(mark)
            taken = self.desk.take(campaign.number, mark, now, unasked=True)
        except Exception as wrong:  # noqa: BLE001 - a full disk raises what it likes, and must not hide the offer and the Wi-Fi
            logger.warning("offer=%s has no coupon for the pop-up: %s", campaign.number, wrong)
            return None
        return None if isinstance(taken, Refused) else taken

    def _offer(self, campaign: Campaign, mark: str, level: int) -> str:
        shown = show_offer(
            campaign, self.context.shop, self.context.reader, picture_url=lambda _digest: "", request_id=mark
        )
        return render_template(
            "welcome/ticket.html",
            offer=shown,
            limited=is_limited(campaign),
            take_url=url_for(f"{self.offers}.take", number=campaign.number),
            level=level,
        )

    def _no_offer(self, level: int = 1) -> str:
        said = greeting(self.context.shop, language())
        return render_template("welcome/ticket.html", greeting=said, level=level)

    def line(self, kind: Kind) -> str:
        """One line about how things stand, where there is something to say."""
        lines = []
        if kind.startswith("expired"):
            lines.append(_("Your time is over. Come in again if you like."))
        if kind.endswith("offline"):
            lines.append(_("No internet here now. The offer still holds."))
        return " ".join(lines)

    def _links(self) -> list[tuple[str, str]]:
        """The ways on, at the foot of every page."""
        return [
            (url_for(f"{self.offers}.home"), _("All offers")),
            *([(url_for("welcome.member"), _("I have a code"))] if self.keeper.has_gate else []),
            (url_for("welcome.forget"), _("Forget me")),
            (url_for("welcome.notice"), _("Bluetooth")),
        ]

    def _consent(self, purpose: Purpose) -> str:
        return consent_text(purpose, language())
