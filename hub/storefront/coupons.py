"""A coupon's page, and what is carried away from it: picture, calendar entry, wallet passes. One that changes stays a page."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from hub.storefront.carried import Carried, carried_of
from hub.storefront.ics import calendar_entry
from hub.storefront.languages import gettext as _
from hub.storefront.languages import language
from hub.storefront.offers import CouponView, show_coupon
from hub.storefront.picture import coupon_picture
from hub.storefront.qr import qr_png, qr_svg
from hub.storefront.views import Views
from hub.storefront.visits import Visits
from hub.storefront.wallets import NO_WALLETS, Wallets
from hub.wire.coupon import Issued
from hub.wire.refusals import Refusal
from hub.wire.rotating import STEP_S
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign

logger = logging.getLogger(__name__)

FORM_BYTES = 10_000
_REQUEST_ID = re.compile(r"[0-9a-f]{32}")
_SERIAL = re.compile(r"[0-9a-f]{16}")

Found = tuple[Issued, Campaign | None]


@dataclass(frozen=True, slots=True)
class Code:
    """What the page shows for the till: the QR's text; where it changes, the digits behind the code, and for how many seconds."""

    text: str
    digits: str = ""
    left_s: int = 0


class CouponViews:
    """Taking a coupon and looking at it. `visits`: at a kiosk, where a coupon is shown to whoever took it and nobody else."""

    def __init__(self, views: Views, visits: Visits | None, wallets: Wallets = NO_WALLETS) -> None:
        self.views = views
        self.visits = visits
        self.wallets = wallets

    def take(self, number: int) -> ResponseReturnValue:
        """Take a coupon of an offer; the answer leads to it."""
        views = self.views
        request.max_content_length = FORM_BYTES
        # Another site's page must not empty a limited lot through the browsers of its visitors.
        from_elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
        request_id = request.form.get("request", "")
        if request.method != "POST" or from_elsewhere or not _REQUEST_ID.fullmatch(request_id):
            return redirect(views.url("offer", number=number), 303)
        now = views.context.now()
        taken = views.desk.take(
            number, request_id, now, way=views.context.way, whose=views.whose(number, now)
        )
        if not isinstance(taken, Refused):
            return redirect(views.url("coupon", serial=self._shown_as(taken)), 303)
        if taken.refusal is Refusal.SOLD_OUT:
            return views.sorry(
                409,
                _("All taken"),
                _("Somebody had the last coupon of this offer just now. Have a look at the others."),
            )
        return views.not_running()

    def _shown_as(self, issued: Issued) -> str:
        """What stands for the coupon in an address: its serial; at a kiosk only its place in this visit."""
        serial = issued.coupon.serial
        if self.visits is None:
            return serial
        return str(self.visits.touch(self.views.context.visit).place_of(serial))

    def coupon(self, serial: str) -> ResponseReturnValue:
        """A coupon: its QR, its code, until when it is good."""
        views, context = self.views, self.views.context
        found = self._find(serial)
        if found is None:
            return self._unknown()
        issued, campaign = found
        shown = self._view(issued, campaign)
        code = self._code(issued, campaign)
        qr = qr_svg(code.text, _("QR code of this coupon")) if code and shown.state == "good" else ""
        idle_s = self._idle_s()
        carried = Carried()
        if self.visits is None and shown.state == "good":
            carried = carried_of(issued, campaign, self.wallets, views, shown)
        return render_template(
            "storefront/coupon.html",
            coupon=shown,
            qr=qr,
            code=code,
            carried=carried,
            turn_s=self._turn_s(shown, code),
            turn_url=views.url("coupon", serial=serial, turn=1) if self.visits else context.here_url,
            idle_elapsed=round(idle_s),
            idle_due=idle_s >= context.screen.idle_s,
        )

    def _view(self, issued: Issued, campaign: Campaign | None) -> CouponView:
        context, desk = self.views.context, self.views.desk
        return show_coupon(
            issued,
            campaign,
            context.shop,
            context.reader,
            joined=self.views.joined(campaign) if campaign else None,
            balance_cents=desk.balance(issued.coupon.serial) if campaign else None,
        )

    def _code(self, issued: Issued, campaign: Campaign | None) -> Code | None:
        """None where the code changes and this node has no key to make it."""
        if campaign is None or not campaign.rotating:
            return Code(issued.token)
        now = self.views.context.now()
        made = self.views.desk.rotated(issued.coupon.serial, now)
        return Code(made[0], made[1], STEP_S - int(now % STEP_S)) if made else None

    def _turn_s(self, shown: CouponView, code: Code | None) -> int:
        """After how many seconds the page looks again by itself; 0 for never."""
        if shown.state != "good" or not shown.is_rotating:
            return 0
        return code.left_s if code else STEP_S

    def _find(self, shown_as: str) -> Found | None:
        serial: str | None = shown_as
        if self.visits is not None:
            visit = self.visits.find(self.views.context.visit)
            serial = visit.serial_at(shown_as) if visit else None
        return self.views.desk.coupon(serial) if serial and _SERIAL.fullmatch(serial) else None

    def _idle_s(self) -> float:
        """How long nobody has touched the screen: a page that reloads itself takes it over from the page before."""
        visit = self.visits.find(self.views.context.visit) if self.visits else None
        return self.visits.idle_s(visit) if visit is not None and self.visits is not None else 0.0

    def _unknown(self) -> Response:
        if self.visits is not None:
            page = make_response(render_template("storefront/ended.html"), 410)
            page.headers["Clear-Site-Data"] = '"cache"'
            return page
        return self.views.sorry(
            404,
            _("We do not have this coupon here"),
            _(
                "Perhaps it was taken on another screen, or the address is not complete. "
                "If you have its code, the till can read it."
            ),
        )

    # Carried away

    def _carry(self, serial: str) -> tuple[Issued, Campaign | None, CouponView]:
        """A coupon that may leave its page: good, and the same tomorrow. Everything else is not found."""
        found = self._find(serial) if self.visits is None else None
        if found is None or (found[1] is not None and found[1].rotating):
            raise NotFound
        shown = self._view(*found)
        if shown.state != "good":
            raise NotFound
        return (*found, shown)

    def qr(self, serial: str) -> ResponseReturnValue:
        """A coupon's QR alone, to keep or to print."""
        issued, _campaign, _shown = self._carry(serial)
        return self._file(qr_png(issued.token), "image/png", f"coupon-{issued.code}.png", inline=True)

    def picture(self, serial: str) -> ResponseReturnValue:
        """A coupon as a picture: shop, offer, QR, code, until when."""
        issued, _campaign, shown = self._carry(serial)
        context = self.views.context
        drawn = coupon_picture(
            shop=context.shop_name,
            title=shown.title.text,
            worth=shown.worth,
            until=shown.until,
            show=_("Show this at the till"),
            code=shown.code,
            token=issued.token,
            colour=context.shop.colour,
        )
        if drawn is None:
            return self.views.sorry(
                501,
                _("This picture cannot be drawn here"),
                _(
                    "This machine has no Chinese letters to draw with. Take a screenshot of the coupon instead."
                ),
            )
        return self._file(drawn, "image/png", f"coupon-{issued.code}.png")

    def calendar(self, serial: str) -> ResponseReturnValue:
        """A reminder before it ends, for the phone's calendar."""
        found = self._find(serial) if self.visits is None else None
        shown = self._view(*found) if found else None
        if found is None or shown is None or shown.state != "good":
            raise NotFound
        issued, _campaign = found
        context = self.views.context
        entry = calendar_entry(
            uid=f"{issued.coupon.serial}@coupon.shopbell",
            title=f"{shown.title.text} · {context.shop_name}",
            text="\n".join([shown.worth, f"{_('Code')}: {shown.code}", *shown.terms]),
            url=self.views.url("coupon", serial=serial, _external=True),
            expires_at=issued.coupon.expires_at,
            now=context.now(),
            language=language(),
        )
        return self._file(entry.encode(), "text/calendar; charset=utf-8", f"coupon-{issued.code}.ics")

    def apple(self, serial: str) -> ResponseReturnValue:
        """A pass for Apple's wallet."""
        issued, campaign, shown = self._carry(serial)
        context = self.views.context
        maker = self.wallets.apple
        if maker is None or not maker.is_good(context.now()):
            raise NotFound
        made = maker.make(issued, campaign, context.shop, shown, context.shop_name, language())
        return self._file(made, "application/vnd.apple.pkpass", f"coupon-{issued.code}.pkpass")

    def _file(self, content: bytes, kind: str, name: str, *, inline: bool = False) -> Response:
        response = Response(content, content_type=kind)
        how = "inline" if inline else "attachment"
        response.headers["Content-Disposition"] = f'{how}; filename="{quote(name)}"'
        return response
