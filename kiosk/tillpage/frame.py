"""What every page of the till stands in: who is signed in, the reader's words, the badge, the warnings, the page itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, g, make_response, render_template, request, url_for

from hub.client.db import StorageError
from hub.client.sessions import Sessions, SignedIn
from hub.client.warnings import Severity
from hub.storefront.languages import gettext as _
from hub.storefront.languages import language, locale
from hub.storefront.offers import Reader
from hub.storefront.when import moment
from hub.wire.snapshot import Campaign, Shop, say
from kiosk.counter import Counter
from kiosk.health import Condition
from kiosk.pictures import Unseen
from kiosk.tillpage.badges import Badge, day_began, show_badge
from kiosk.tillpage.hands import Hands
from kiosk.tillpage.words import ActView, show_reversal, show_verdict
from kiosk.verdicts import Reversal, Verdict

COOKIE = "shopbell-till"
TRAINING_COOKIE = "shopbell-till-training"
FORM_BYTES = 10_000
STATIC = Path(__file__).parents[1] / "static"


@dataclass(frozen=True, slots=True)
class Frame:
    """The counter, the sessions and the hands behind all pages."""

    counter: Counter
    sessions: Sessions
    hands: Hands

    # Who

    def who(self, *, touch: bool = True) -> SignedIn | None:
        """Who is signed in on this browser. `touch`: this request is something that a person did."""
        # Before anything is looked at: what happens from now on is told to this page, whether or not it shows it already.
        g.till_heard = self.hands.number()
        token = request.cookies.get(COOKIE, "")
        try:
            who = self.sessions.who(token, touch=touch)
        except StorageError:
            # A disk that takes nothing more must not keep anybody from looking.
            who = self.sessions.who(token, touch=False)
        if who is not None and touch:
            self.hands.touch(who, self.training(who))
        elif who is not None:
            self.hands.return_to(who, self.training(who))
        return who

    @staticmethod
    def training(who: SignedIn) -> bool:
        """Whether this session practises. The cookie names the session, so that the next one begins in earnest."""
        return request.cookies.get(TRAINING_COOKIE) == who.mark

    def name_of(self, staff: str) -> str:
        """What somebody of the staff is called; empty where nobody is known by that id."""
        return next((one.name for one in self.counter.shelf.staff() if one.id == staff), "")

    # Words

    @property
    def shop(self) -> Shop:
        """The shop."""
        return self.counter.desk.shop()

    def reader(self) -> Reader:
        """Who reads, and when."""
        return Reader(language(), locale(), self.counter.clock.now())

    def day_began(self) -> float:
        """When the shop's day began."""
        return day_began(self.counter.clock.now(), self.shop)

    def campaign(self, number: int | None) -> Campaign | None:
        """A campaign that this till knows."""
        return self.counter.shelf.campaign(number) if number else None

    def show(self, verdict: Verdict, staff: str = "") -> ActView:
        """A verdict in words, for somebody of the staff."""
        return show_verdict(
            verdict,
            self.campaign(verdict.campaign),
            self.shop,
            self.reader(),
            staff=staff,
            name=self.name_of(verdict.staff),
        )

    def show_reversal(self, reversal: Reversal) -> ActView:
        """What became of an undo, in words."""
        campaign = self.campaign(reversal.campaign)
        return show_reversal(reversal, campaign, self.shop, self.reader(), name=self.name_of(reversal.staff))

    def badge(self, condition: Condition) -> Badge:
        """How the till stands with its hub."""
        return show_badge(condition, self.shop, locale())

    def warnings(self) -> list[dict[str, str]]:
        """What is wrong at this counter, worst first, its devices included."""
        shop, reader = self.shop, self.reader()
        found = []
        for shown in self.counter.watcher.look():
            when = moment(shown.since or reader.now, reader.now, shop, reader.locale)
            found.append(
                {
                    "what": say(shown.what, reader.language),
                    "todo": say(shown.todo, reader.language),
                    "since": _("Since %(when)s", when=when),
                    "tone": "no" if shown.severity == Severity.ERROR else "note",
                }
            )
        return found

    @staticmethod
    def closed(condition: Condition) -> str:
        """Why nothing is redeemed now, as a sentence; empty while it is."""
        if condition.sells:
            return ""
        if condition.disk_trouble not in ("", "full"):
            return _(
                "This till's disk takes no records, so nothing can be redeemed. Call whoever looks after it."
            )
        return _(
            "This till's disk is full, so nothing can be redeemed. It goes on by itself as soon as there is room."
        )

    # Pages

    def new_form(self) -> str:
        """The mark of one form: the same form sent twice is one act."""
        return self.counter.random(16).hex()

    def page(
        self, template: str, status: int = 200, *, who: SignedIn | None = None, name: str = "", **values: Any
    ) -> Response:
        """A page. `name` is that of the tab that stands out."""
        condition = self.counter.condition()
        return make_response(
            render_template(
                f"tillpage/{template}",
                till=self.counter.node.name,
                badge_view=self.badge(condition),
                closed=self.closed(condition),
                form=self.new_form(),
                who=who,
                training=who is not None and self.training(who),
                page_name=name,
                asset=asset,
                heard=g.get("till_heard", 0),
                purses=self.counter.purses.rules() is not None,
                **{"listening": who is not None and self.hears(), **values},
            ),
            status,
        )

    def hears(self) -> bool:
        """Whether this counter has a device that reads codes: only then do pages wait to hear of one."""
        return any(one.kind in ("scanner", "camera") for one in self.counter.devices.states())


def unseen_in_words(why: Unseen) -> str:
    """Why no code came out of a picture."""
    match why:
        case Unseen.TOO_LARGE:
            return _("That picture is too large. Take a smaller one.")
        case Unseen.NO_PICTURE:
            return _("That file is no picture.")
        case Unseen.NO_CODE:
            return _("No QR code can be seen in that picture. Hold the camera closer and straight.")


def asset(name: str) -> str:
    """Where a file of the till's own is; a new one has a new address, so it may be kept for a year."""
    return url_for("till.static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
