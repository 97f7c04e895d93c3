"""What the till says: a verdict, a moment, the state of the network, in the words and the language of whoever stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from babel import Locale

from hub.storefront.languages import gettext as _
from hub.storefront.offers import Reader
from hub.storefront.when import clock_time, local_time, moment, money
from hub.storefront.words import said
from hub.wire.refusals import Refusal, sentence
from hub.wire.snapshot import Campaign, Shop
from kiosk.health import Condition
from kiosk.store import Verdict

Tone = Literal["good", "look", "no", "note"]

QUIET_AGE_S = 30.0
_MINUTE_S, _HOUR_S = 60, 3600


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A verdict as the screen shows it. `amount_helps` and `again_helps` say which way on is worth offering."""

    tone: Tone
    word: str
    reason: str
    worth: str
    title: str
    title_tag: str
    at: str
    amount_helps: bool = False
    again_helps: bool = False


@dataclass(frozen=True, slots=True)
class Badge:
    """The network's state in one badge; `line` is the same in a sentence, empty while all is well."""

    tone: Tone
    text: str
    line: str = ""


def tone_of(verdict: Verdict) -> Tone:
    """The colour and shape of a verdict, and the name of its sound."""
    if verdict.accepted:
        return "note" if verdict.offline else "good"
    return "look" if verdict.refusal == Refusal.ALREADY_REDEEMED else "no"


def show_verdict(verdict: Verdict, campaign: Campaign | None, shop: Shop, reader: Reader) -> VerdictView:
    """A verdict in words."""
    title = said(campaign.offer.title, reader.language) if campaign else None
    worth = money(verdict.value_cents, shop.currency, reader.locale) if verdict.value_cents else ""
    if verdict.accepted and campaign and campaign.offer.value.kind == "gift":
        worth = _("Free")
    return VerdictView(
        tone=tone_of(verdict),
        word=_word(verdict),
        reason=_reason(verdict, campaign, shop, reader),
        worth=worth if verdict.accepted else "",
        title=title.text if title else "",
        title_tag=title.language if title else reader.language,
        at=clock_time(verdict.at, shop, reader.locale),
        amount_helps=verdict.refusal in (Refusal.BASKET_NEEDED, Refusal.BASKET_TOO_SMALL),
        again_helps=verdict.text is not None,
    )


def _word(verdict: Verdict) -> str:
    if verdict.accepted:
        return _("Accepted") if verdict.offline else _("Redeemed")
    match verdict.refusal:
        case Refusal.ALREADY_REDEEMED:
            return _("Already used")
        case Refusal.BASKET_NEEDED:
            return _("Amount needed")
        case Refusal.BASKET_TOO_SMALL:
            return _("Not enough")
        case (
            Refusal.HUB_UNREACHABLE
            | Refusal.CODE_NEEDS_HUB
            | Refusal.NO_RIGHTS_LEFT
            | Refusal.CLOCK_UNSET
            | Refusal.UNKNOWN_CAMPAIGN
        ):
            return _("Not now")
        case Refusal.BAD_CODE:
            return _("Not a coupon")
        case Refusal.EXPIRED:
            return _("Expired")
    return _("Not accepted")


def _reason(verdict: Verdict, campaign: Campaign | None, shop: Shop, reader: Reader) -> str:
    if verdict.accepted and verdict.offline:
        return _("Held on this till's own account: the hub does not answer. It is told as soon as it does.")
    if verdict.accepted:
        return ""
    first = verdict.first_use
    if verdict.refusal == Refusal.ALREADY_REDEEMED and first is not None:
        when = moment(first.at, reader.now, shop, reader.locale)
        if first.till:
            return _("Used %(when)s at %(till)s.", when=when, till=first.till)
        return _("Used %(when)s.", when=when)
    if verdict.refusal in (Refusal.BASKET_NEEDED, Refusal.BASKET_TOO_SMALL) and campaign is not None:
        return _about_amount(verdict, campaign, shop, reader)
    problems = {
        "withdrawn": _("The hub has withdrawn this till. Ask the manager to enrol it again."),
        "unknown_device": _("The hub does not know this till. Ask the manager to enrol it again."),
        "bad_signature": _("The hub does not know this till. Ask the manager to enrol it again."),
        "too_many_tries": _("Too many wrong codes at this till. Scan the QR, or wait ten minutes."),
    }
    if verdict.refusal in problems and verdict.sentence is not None:
        return problems[verdict.refusal]
    return verdict.sentence or sentence(verdict.refusal or "", reader.language)


def _about_amount(verdict: Verdict, campaign: Campaign, shop: Shop, reader: Reader) -> str:
    least = money(campaign.basket_min_cents, shop.currency, reader.locale)
    if verdict.refusal == Refusal.BASKET_TOO_SMALL:
        return _("This offer begins at %(sum)s.", sum=least)
    if campaign.basket_min_cents:
        return _("This offer begins at %(sum)s. Enter what is bought, then redeem.", sum=least)
    return _("What this coupon is worth depends on the purchase. Enter it, then redeem.")


def age(seconds: float) -> str:
    """How long ago, in one short word."""
    if seconds < _MINUTE_S:
        return _("%(count)s s", count=max(0, int(seconds)))
    if seconds < _HOUR_S:
        return _("%(count)s min", count=int(seconds // _MINUTE_S))
    if seconds < 24 * _HOUR_S:
        return _("%(count)s h", count=int(seconds // _HOUR_S))
    return _("%(count)s d", count=int(seconds // (24 * _HOUR_S)))


def show_badge(condition: Condition, shop: Shop, locale: Locale) -> Badge:
    """How the till stands with its hub, and how much the hub does not have yet."""
    waiting = ""
    if condition.pending:
        oldest_s = condition.now - (condition.oldest_pending_at or condition.now)
        # While all goes well, a fact waits for a second or two: its age would only flicker.
        if condition.cut_off_since is None and oldest_s < QUIET_AGE_S:
            waiting = _("%(count)s waiting", count=condition.pending)
        else:
            waiting = _("%(count)s waiting, oldest %(age)s", count=condition.pending, age=age(oldest_s))
    if condition.refused_because:
        return Badge("no", _("Refused by the hub"))
    if condition.cut_off_since is not None:
        since = moment(condition.cut_off_since, condition.now, shop, locale)
        line = _("Cut off from the hub since %(when)s.", when=_plain(since))
        return Badge("note", " · ".join(filter(None, (_("Cut off"), waiting))), line)
    return Badge("good", " · ".join(filter(None, (_("Connected"), waiting))))


def _plain(when: str) -> str:
    """Without the "on" that does not go after "since"."""
    return when.removeprefix("on ")


def day_began(now: float, shop: Shop) -> float:
    """When the shop's day began, in seconds of UTC."""
    return local_time(now, shop).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
