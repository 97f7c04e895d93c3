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

from hub.admin.guard import Need, allowed, lets, own_role
from hub.admin.look import own_style
from hub.admin.navigation import ShownGroup, shown
from hub.admin.values import Values, attributes
from hub.admin.wording import Wording
from hub.changing import changed
from hub.previews import Stage
from hub.roles import Right
from hub.store.base import Store
from hub.store.records import Session
from hub.storefront.languages import TAGS, gettext, language, language_links, locale
from hub.wire.events import ClockState
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
    are published. `folder`: the hub's own, where it keeps what it is at head office; None: it can join none.
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


def act_name(what: str) -> str:
    """What somebody did in the office, in the reader's words."""
    names = {
        "manager.added": gettext("added a manager"),
        "manager.password_changed": gettext("changed a password"),
        "manager.session_ended": gettext("ended a session of their own"),
        "manager.sessions_ended": gettext("ended all other sessions of their own"),
        "manager.joined": gettext("joined with an invitation"),
        "manager.invited": gettext("invited a manager"),
        "manager.uninvited": gettext("took an invitation back"),
        "manager.role": gettext("gave a manager another role"),
        "manager.logged_out": gettext("logged a manager out everywhere"),
        "manager.removed": gettext("removed a manager"),
        "manager.recovered": gettext("let a manager in anew"),
        "manager.second_step_on": gettext("turned codes of an app on"),
        "manager.second_step_off": gettext("turned codes of an app off"),
        "manager.recovery_codes": gettext("made new recovery codes"),
        "manager.recovery_code_used": gettext("used a recovery code"),
        "manager.passkey_added": gettext("added a passkey"),
        "manager.passkey_removed": gettext("removed a passkey"),
        "managers.second_step": gettext("said whether everybody needs a second step"),
        "write.refused": gettext("tried what they may not do"),
        "staff.added": gettext("added somebody to the staff"),
        "staff.withdrawn": gettext("kept somebody of the staff out"),
        "staff.let_in": gettext("let somebody of the staff in again"),
        "staff.pin_changed": gettext("gave a new PIN"),
        "staff.member_set": gettext("said which membership is somebody's own"),
        "staff.member_removed": gettext("said that somebody has no membership"),
        "coupon.reversed": gettext("took a redemption back"),
        "coupon.called_back": gettext("called a coupon back"),
        "coupons.called_back": gettext("called coupons back"),
        "coupons.good_again": gettext("let coupons be good again"),
        "key.asked": gettext("asked for a new key"),
        "key.changed": gettext("signs with a new key"),
        "key.ends": gettext("gave a key an end"),
        "key.withdrawn": gettext("withdrew a key"),
        "key.number": gettext("took the number of an old key"),
        "keys.policy": gettext("changed how keys are replaced"),
        "codes.key": gettext("replaced the key behind codes that change"),
        "backup.made": gettext("made a backup"),
        "drill.passed": gettext("told of a restore that was tried"),
        "alarms.seen": gettext("has seen the alarms"),
        "api_key.made": gettext("made a key for another program"),
        "api_key.ended": gettext("ended the key of another program"),
        "api.refused": gettext("was refused a change"),
        "webhook.added": gettext("added a webhook"),
        "webhook.removed": gettext("removed a webhook"),
        "webhook.switched": gettext("switched a webhook"),
        "webhook.resent": gettext("sent a message again"),
        "webhook.disabled": gettext("gave a webhook up"),
        "board.made": gettext("made a board"),
        "board.ended": gettext("ended a board"),
        "digest.made": gettext("made a digest"),
        "digest.asked": gettext("asked for a digest at once"),
        "digest.paused": gettext("paused a digest"),
        "digest.resumed": gettext("went on with a digest"),
        "digest.removed": gettext("removed a digest"),
        "rows.fetched": gettext("fetched rows as a file"),
        "sql.fetched": gettext("fetched an answer to a question of their own"),
        "work.begun": gettext("began long work"),
        "work.cancelled": gettext("cancelled long work"),
        "import.asked": gettext("gave a file to take in"),
        "products.imported": gettext("took products in"),
        "export.asked": gettext("asked for everything as a file"),
        "export.fetched": gettext("fetched everything as a file"),
        "device.pairing_opened": gettext("made a pairing code"),
        "device.enrolled": gettext("let a device in"),
        "upstream.joined": gettext("joined head office"),
        "upstream.moved": gettext("gave head office's new address"),
        "upstream.left": gettext("left head office"),
        "campaign.for_chain": gettext("made an offer for all shops"),
        "device.withdrawn": gettext("withdrew a device"),
        "device.accepted": gettext("accepted a device by its code"),
        "device.turned_away": gettext("turned a device away"),
        "device.replaced": gettext("replaced a device's machine"),
        "device.retiring": gettext("lets a device go"),
        "device.stays": gettext("keeps a device after all"),
        "device.retired": gettext("has told everything and is retired"),
        "device.renamed": gettext("called a device otherwise"),
        "device.grouped": gettext("put a device into a group"),
        "device.placed": gettext("placed a device"),
        "device.configured": gettext("set a device"),
        "devices.keys_allowed": gettext("allowed keys of devices"),
        "devices.keys_given": gettext("gave out keys for devices"),
        "group.configured": gettext("set a group of devices"),
        "group.removed": gettext("removed a group of devices"),
        "floor.added": gettext("added a floor"),
        "floor.changed": gettext("changed a floor"),
        "floor.removed": gettext("removed a floor"),
        "tag.added": gettext("enrolled a tag"),
        "tag.removed": gettext("removed a tag"),
        "shop.made": gettext("made the shop"),
        "shop.changed": gettext("changed the shop"),
        "note.added": gettext("wrote a note on the chart"),
        "note.removed": gettext("removed a note from the chart"),
        "offer.created": gettext("made an offer"),
        "offer.changed": gettext("changed an offer"),
        "offer.copied": gettext("copied an offer"),
        "offer.published": gettext("published an offer"),
        "offer.paused": gettext("paused an offer"),
        "offer.ended": gettext("ended an offer"),
        "offer.submitted": gettext("submitted an offer"),
        "offer.approved": gettext("approved an offer"),
        "offer.sent_back": gettext("sent an offer back"),
        "offer.taken_back": gettext("took back what was submitted"),
        "offer.rolled_back": gettext("went back to an earlier version of an offer"),
    }
    return names.get(what, what)


def done_sentence(code: str) -> str | None:
    """What a page says after a change; the address carries a code only, so nobody can put words in our mouth."""
    sentences = {
        "saved": gettext("Saved."),
        "published": gettext("Published. Tills, kiosks and the door learn it within seconds."),
        "planned": gettext("Published. It starts by itself at its time."),
        "paused": gettext("Paused. Nobody can take it until it is published again."),
        "ended": gettext("Ended."),
        "submitted": gettext("Submitted. It runs as soon as somebody else has approved it."),
        "sent-back": gettext("Sent back, with your words."),
        "taken-back": gettext("Taken back. The offer stays as it is."),
        "rolled-back": gettext("Done. It is as it was in that version."),
        "chain-joined": gettext("Joined. This shop tells head office everything from now on."),
        "chain-left": gettext("This shop stands alone again. What head office was told stays there."),
        "chain-offer": gettext("A draft for all shops. Publish it when it is right."),
        "copied": gettext("A copy, as a draft. Change what is different this time."),
        "withdrawn": gettext("Withdrawn. It is refused from now on."),
        "withdrawn-all": gettext("Withdrawn. They are refused from now on."),
        "let-join": gettext("Let in. Its screen says so within seconds."),
        "turned-away": gettext("Turned away."),
        "replaced": gettext("Replaced. The new machine says so within seconds, and the old one is refused."),
        "configured": gettext("Saved. Devices take it at their next start."),
        "retiring": gettext("It is retired as soon as it has told everything."),
        "stays": gettext("It stays."),
        "let-in": gettext("May redeem again."),
        "kept-out": gettext("May not redeem any more."),
        "member-set": gettext("Saved. The tills refuse their own coupons from now on."),
        "reversed": gettext("Taken back. The coupon is good again, and the reason stands here."),
        "called-back": gettext("Called back. Every till that hears the hub refuses it from now on."),
        "called-back-many": gettext("Called back. Every till that hears the hub refuses them from now on."),
        "good-again": gettext("The rule is gone. What it called back is good again."),
        "key-asked": gettext("The device takes a new key as soon as it is heard of."),
        "key-ends": gettext("The key has an end now."),
        "key-withdrawn": gettext(
            "Withdrawn. What it signed is refused unless the hub had heard of it; its device takes a new key."
        ),
        "codes-replaced": gettext("There is a new key behind codes that change."),
        "codes-under-way": gettext(
            "The last replacement is still under way. Try again tomorrow, or replace it at once."
        ),
        "board-ended": gettext("Ended. Its address opens nothing any more."),
        "digest-made": gettext("Made. It comes at its hour from now on."),
        "digest-asked": gettext("It is being made. Open this page again in a moment."),
        "digest-paused": gettext("Paused."),
        "digest-resumed": gettext("It comes again."),
        "digest-removed": gettext("Removed. Nothing is sent any more."),
        "work-begun": gettext("It is being done. You may close this page."),
        "work-cancelled": gettext("It ends at its next step."),
        "api-key-ended": gettext("The key is believed no more."),
        "hook-tested": gettext("A test is on its way. See below what became of it."),
        "hook-on": gettext("Switched on. What happened meanwhile is told now."),
        "hook-off": gettext("Switched off. Nothing is told to it for now."),
        "hook-removed": gettext("Removed. It is told nothing more."),
        "hook-resent": gettext("The message goes again, with the same number."),
        "tag-added": gettext("Enrolled. The doors learn it within seconds."),
        "tag-removed": gettext("Removed. Its name and its key are deleted."),
        "welcome": gettext("Welcome. Your shop is ready; make its first offer."),
        "password": gettext("Your password is changed. Log in with the new one."),
        "joined": gettext("Welcome to the office."),
        "role": gettext("Their role is changed, from now on and everywhere."),
        "manager-removed": gettext("Removed. They are logged out everywhere."),
        "manager-logged-out": gettext("They are logged out everywhere. They can log in again."),
        "uninvited": gettext("Taken back. That code is good no more."),
        "codes-off": gettext("Codes of an app are off."),
        "passkey-added": gettext("Added. You can log in with it from now on."),
        "passkey-removed": gettext("Removed. It opens this hub no more."),
        "session-ended": gettext("Logged out there."),
        "sessions-ended": gettext("Logged out everywhere else."),
        "logged-out": gettext("You are logged out."),
    }
    return sentences.get(code)
