"""What every manager's page works with: the store, the clock, and how a page is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.admin.deeds import act_name, done_sentence
from hub.admin.guard import Need, allowed, lets, own_role
from hub.admin.look import own_style
from hub.admin.navigation import ShownGroup, shown
from hub.admin.values import Values, attributes
from hub.admin.wording import Wording
from hub.changing import changed
from hub.members.book import Book
from hub.members.people_key import PeopleKey, no_people, people_key
from hub.outward import NOWHERE, Outward
from hub.previews import Stage
from hub.roles import Right
from hub.store.base import Store
from hub.store.records import Session
from hub.storefront.languages import TAGS, language, language_links, locale
from hub.up.whereabouts import country_of
from hub.wire.events import ClockState
from hub.wire.identity import public_text
from hub.wire.snapshot import Shop, say

View = Callable[..., Any]
NAMELESS = Shop(0, {})


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the manager's pages. `open`: also for who is not logged in."""

    rule: str
    endpoint: str
    view: View
    methods: tuple[str, ...] = ("GET",)
    open: bool = False


@dataclass(frozen=True, slots=True)
class Office:
    """The manager's pages of one hub. `key` is its own, `pepper()` what is beneath the PINs; `secure`: it is reached by TLS, so
    cookies must be too.

    `warnings(now)` says what needs attention, `notice(language)` the one line that every page carries. `url`: where others reach
    the hub, "" where nobody has said. `clock()`: how far the hub's own clock is to be trusted. `stage` shows offers before they
    are published. `folder`: the hub's own, where it keeps what it is at head office; None: it can join none. `home`:
    the country of the shop. `outward`: whether the public pages are shown, and how text messages come in.
    """

    store: Store
    key: Ed25519PrivateKey
    pepper: Callable[[], bytes]
    now: Callable[[], float]
    secure: bool
    notice: Callable[[str], str | None]
    warnings: Callable[[float], Sequence[Any]]
    url: str = ""
    clock: Callable[[], ClockState] = lambda: "ntp"
    stage: Stage = field(kw_only=True)
    folder: Path | None = field(default=None, kw_only=True)
    home: str = field(default="", kw_only=True)
    outward: Outward = field(default=NOWHERE, kw_only=True)

    def shop(self) -> Shop:
        """The shop; nameless before it has been made."""
        return self.store.shop.get() or NAMELESS

    def wording(self) -> Wording:
        """How this page says figures."""
        if "shopbell_wording" not in g:
            g.shopbell_wording = Wording(self.shop(), locale(), self.now())
        wording: Wording = g.shopbell_wording
        return wording

    def who(self) -> str:
        """The manager who is logged in."""
        session: Session = g.shopbell_session
        return session.manager

    def people_key(self) -> PeopleKey:
        """The key of personal fields; StorageError where this hub has no folder for it."""
        return people_key(self.folder) if self.folder is not None else no_people()

    def book(self) -> Book:
        """The members of the shop. StorageError where the key of their fields is not there."""
        return Book(self.store, self.people_key(), public_text(self.key))

    def country(self) -> str:
        """Of which country a phone number is that is typed without its code: two letters, empty where nobody knows."""
        return self.home or country_of(self.shop().timezone) or ""

    def note(
        self,
        what: str,
        subject: str,
        detail: str = "{}",
        changes: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """Write down that this manager changed something. `changes`: {name: {"before": …, "after": …}}."""
        self.store.people.note(changed(self.now(), self.who(), what, subject, changes or {}, detail))

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page with its status."""
        return Response(render_template(f"manage/{template}", **values), status, mimetype="text/html")


def context(office: Office, needed: Mapping[str, Need | None]) -> dict[str, Any]:
    """What every template of ours and `shopbell/base.html` may use. `needed`: the right that each endpoint asks for."""
    shop = office.shop()
    spoken = language()
    session: Session | None = g.get("shopbell_session")
    return {
        "shopbell": {
            "tag": TAGS[spoken],
            "surface": "wide",
            "shop_name": say(shop.name, spoken) or "Shopbell",
            "inline_style": False,
            "style_url": url_for(".style", v=own_style(shop.colour)[1]),
            "bell_url": url_for(".bell"),
            "notice": office.notice(spoken),
            "home_url": url_for(".today"),
            "languages": language_links(),
        },
        "shop": shop,
        "spoken": spoken,
        "say": lambda text: say(text, spoken),
        "w": office.wording(),
        "act_name": act_name,
        "manager": session.manager if session else None,
        "figures": Values(office.wording(), spoken),
        "number_attributes": attributes,
        "may": lambda right: allowed(Right(right)),
        "form_token": g.get("shopbell_form_token", ""),
        "navigation": lambda: _navigation(office, needed),
        "alarms": lambda: _alarms(office),
        "done": done_sentence(request.args.get("done", "")),
    }


def _alarms(office: Office) -> object:
    from hub.admin.alarms import alarms_of

    return alarms_of(office)


def _navigation(office: Office, needed: Mapping[str, Need | None]) -> list[ShownGroup]:
    here = (request.endpoint or "").rpartition(".")[2]
    prefix = f"{request.blueprint}."
    mounted = {name.removeprefix(prefix) for name in current_app.view_functions if name.startswith(prefix)}
    opened = {name for name in mounted if lets(own_role(), needed.get(name), {})}
    return shown(here, opened, lambda endpoint: url_for(f".{endpoint}"), office.wording().say)


def locale_of(spoken: str) -> Locale:
    """How a reader of one of the shop's languages writes; this reader's own way where it is the page's language."""
    return locale() if spoken == language() else Locale.parse(spoken)


def back_to(endpoint: str, done: str | None = None, **values: Any) -> Response:
    """Go on to another page of ours after a change, so that a reload does not send the form again."""
    return redirect(url_for(f".{endpoint}", done=done, **values), 303)


def own_path(text: str | None) -> str | None:
    """A path on this very site, and nothing that a browser could take for another one."""
    if not text or not text.startswith("/") or text.startswith("//") or "\\" in text:
        return None
    if any(ord(character) < 33 for character in text):
        return None
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else None
