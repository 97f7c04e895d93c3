"""What the till says of one act, in the words and the language of whoever stands there: a scan, an undo, a hold, a find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hub.storefront.languages import gettext as _
from hub.storefront.offers import Reader
from hub.storefront.when import clock_time, moment, money, until
from hub.storefront.words import said
from hub.wire.coupon import show_code
from hub.wire.refusals import Refusal, sentence
from hub.wire.rules import UNDO_S
from hub.wire.snapshot import Campaign, Shop
from hub.wire.sync import Found
from kiosk.scans import ScannedCode, read_scan
from kiosk.tillpage.purchase import Field
from kiosk.verdicts import Hold, Reversal, Verdict

Tone = Literal["good", "look", "no", "note", "ask", "back", "hold"]
"""A verdict's colour, shape and sound. good: redeemed; look: used before; no: refused; note: held on this till's own account;
ask: something is missing that staff can say; back: taken back; hold: held for a purchase."""

NEEDS: dict[str, Field] = {
    Refusal.BASKET_NEEDED: "basket",
    Refusal.BASKET_TOO_SMALL: "basket",
    Refusal.AMOUNT_NEEDED: "amount",
    Refusal.BALANCE_TOO_SMALL: "amount",
    Refusal.PRODUCTS_NEEDED: "product",
    Refusal.PRODUCT_MISSING: "product",
    Refusal.MEMBER_NEEDED: "member",
    Refusal.NOT_FOR_THIS_MEMBER: "member",
    Refusal.CODE_TOO_OLD: "digits",
}
"""What a form asks for after a refusal, where the coupon may be good with another answer."""

_ASKING = frozenset(
    {
        Refusal.BASKET_NEEDED,
        Refusal.AMOUNT_NEEDED,
        Refusal.PRODUCTS_NEEDED,
        Refusal.MEMBER_NEEDED,
    }
)

_OUR_LINE = frozenset({"withdrawn", "unknown_device", "bad_signature", "too_many_tries"})


@dataclass(frozen=True, slots=True)
class ActView:
    """One act as a page shows it. `needs`: the field that would help; `again`: the same once more may help.

    `undo_s`: for how many seconds whoever reads may take it back, 0 where they may not. `balance`: what is left on a voucher.
    `struck`: it was taken back since. `training`: nothing came of it. `undone`: it is an undo, with a page of its own.
    """

    nonce: str
    tone: Tone
    word: str
    reason: str
    worth: str
    title: str
    title_tag: str
    at: str
    who: str = ""
    balance: str = ""
    needs: Field | None = None
    again: bool = False
    undo_s: int = 0
    struck: bool = False
    training: bool = False
    undone: bool = False

    @property
    def sound(self) -> str:
        """The name of its sound."""
        return f"train-{self.tone}" if self.training else self.tone


def tone_of(verdict: Verdict) -> Tone:
    """The colour and shape of a verdict, and the name of its sound."""
    if verdict.reversed_at is not None:
        return "back"
    if verdict.accepted:
        return "note" if verdict.offline else "good"
    if verdict.refusal == Refusal.ALREADY_REDEEMED:
        return "look"
    return "ask" if needs_of(verdict) and _asks(verdict) else "no"


def _asks(verdict: Verdict) -> bool:
    # A changing code that was typed without its digits is a question; a picture of an old one is a refusal.
    return verdict.refusal in _ASKING or (verdict.refusal == Refusal.CODE_TOO_OLD and _typed(verdict))


def _typed(verdict: Verdict) -> bool:
    return verdict.text is not None and isinstance(read_scan(verdict.text), ScannedCode)


def needs_of(verdict: Verdict) -> Field | None:
    """Which field would help; None where none would, or where it is not known any more what was scanned."""
    if verdict.accepted or verdict.text is None:
        return None
    field = NEEDS.get(verdict.refusal or "")
    return None if field == "digits" and not _typed(verdict) else field


def _again_helps(verdict: Verdict) -> bool:
    """Whether the very same once more may be good in a moment. An old picture stays old."""
    old = verdict.refusal == Refusal.CODE_TOO_OLD and not _typed(verdict)
    return verdict.text is not None and not verdict.accepted and not old


def show_verdict(
    verdict: Verdict,
    campaign: Campaign | None,
    shop: Shop,
    reader: Reader,
    *,
    staff: str = "",
    name: str = "",
) -> ActView:
    """A verdict in words, for `staff`; `name` is that of whoever redeemed."""
    title = said(campaign.offer.title, reader.language) if campaign else None
    balance = ""
    if verdict.balance_cents is not None and verdict.accepted:
        balance = _("%(sum)s left on it", sum=money(verdict.balance_cents, shop.currency, reader.locale))
    left_s = UNDO_S - (reader.now - verdict.at)
    return ActView(
        nonce=verdict.nonce,
        tone=tone_of(verdict),
        word=_word(verdict),
        reason=_reason(verdict, campaign, shop, reader),
        worth=_worth(verdict, campaign, shop, reader) if verdict.accepted else "",
        title=title.text if title else "",
        title_tag=title.language if title else reader.language,
        at=clock_time(verdict.at, shop, reader.locale),
        who=name,
        balance=balance,
        needs=needs_of(verdict),
        again=_again_helps(verdict),
        undo_s=int(left_s) if verdict.may_undo(staff, reader.now) else 0,
        struck=verdict.reversed_at is not None,
        training=verdict.training,
    )


def show_reversal(
    reversal: Reversal, campaign: Campaign | None, shop: Shop, reader: Reader, *, name: str = ""
) -> ActView:
    """What became of an undo."""
    title = said(campaign.offer.title, reader.language) if campaign else None
    worth = money(reversal.value_cents, shop.currency, reader.locale) if reversal.value_cents else ""
    tone: Tone = "back"
    if reversal.state == "reversed":
        word = _("Taken back")
        reason = _("The coupon is good again.")
        if reversal.offline:
            reason = _("The coupon is good again. The hub does not answer and is told as soon as it does.")
    elif reversal.state == "open":
        tone, word, worth = "note", _("Not taken back yet"), ""
        reason = _(
            "The hub did not answer. It is asked again by itself; until then the coupon counts as used."
        )
    else:
        tone, word, worth = "no", _("Not taken back"), ""
        reason = _hubs_words(reversal.refusal, reversal.sentence, reader)
        if reversal.refusal == Refusal.ALREADY_REVERSED:
            tone, word = "look", _("Taken back before")
    return ActView(
        nonce=reversal.nonce,
        tone=tone,
        word=word,
        reason=reason,
        worth=f"−{worth}" if worth else "",
        title=title.text if title else "",
        title_tag=title.language if title else reader.language,
        at=clock_time(reversal.at, shop, reader.locale),
        who=name,
        undone=True,
    )


def show_hold(
    hold: Hold, campaign: Campaign | None, shop: Shop, reader: Reader, *, text: str = ""
) -> ActView:
    """Whether a coupon is held for a purchase, and for how long."""
    title = said(campaign.offer.title, reader.language) if campaign else None
    tone: Tone = "hold"
    worth = money(hold.value_cents, shop.currency, reader.locale) if hold.value_cents else ""
    over = hold.until is not None and hold.until <= reader.now
    if hold.held and not over:
        word = _("Held")
        reason = _("Nobody else can use it until %(time)s.", time=_second(hold.until or 0.0, shop, reader))
    elif hold.held:
        word = _("Not held any more")
        reason = _("Its time is over. Redeem it now, or hold it once more.")
    else:
        asking = hold.refusal in _ASKING and bool(text)
        tone, word, worth = (
            ("ask" if asking else "no"),
            _WORDS_FOR.get(hold.refusal or "", lambda: _("Not held"))(),
            "",
        )
        if hold.refusal == Refusal.ALREADY_REDEEMED:
            tone = "look"
        reason = _hubs_words(hold.refusal, hold.sentence, reader)
    return ActView(
        nonce=hold.nonce,
        tone=tone,
        word=word,
        reason=reason,
        worth=worth,
        title=title.text if title else "",
        title_tag=title.language if title else reader.language,
        at=clock_time(reader.now, shop, reader.locale),
        needs=NEEDS.get(hold.refusal or "") if text and not hold.held else None,
        again=bool(text) and not hold.held,
    )


@dataclass(frozen=True, slots=True)
class FoundView:
    """One coupon that a search found: what it is, how it stands, and what happened to it, line by line."""

    tone: Tone
    state: str
    title: str
    title_tag: str
    code: str
    lines: tuple[str, ...]


def show_found(found: Found, campaign: Campaign | None, shop: Shop, reader: Reader) -> FoundView:
    """A found coupon in words, with its history."""
    title = said(campaign.offer.title, reader.language) if campaign else None
    states: dict[str, tuple[Tone, str]] = {
        "open": ("good", _("Good")),
        "redeemed": ("look", _("Already used")),
        "reversed": ("good", _("Good again")),
        "reserved": ("hold", _("Held for a purchase")),
        "revoked": ("no", _("Withdrawn")),
        "expired": ("no", _("Expired")),
    }
    tone, state = states[found.state]
    lines = [_("Taken %(when)s.", when=moment(found.issued_at, reader.now, shop, reader.locale))]
    if found.at is not None:
        when = moment(found.at, reader.now, shop, reader.locale)
        sum_ = money(found.value_cents, shop.currency, reader.locale)
        place = found.till or "–"
        if found.state == "reversed":
            lines.append(_("Taken back %(when)s at %(till)s.", when=when, till=place))
        elif found.state == "reserved":
            lines.append(_("Held %(when)s at %(till)s.", when=when, till=place))
        elif found.value_cents:
            lines.append(_("Used %(when)s at %(till)s, worth %(sum)s.", when=when, till=place, sum=sum_))
        else:
            lines.append(_("Used %(when)s at %(till)s.", when=when, till=place))
    if found.balance_cents is not None:
        lines.append(
            _("%(sum)s left on it", sum=money(found.balance_cents, shop.currency, reader.locale)) + _(".")
        )
    if found.state in ("open", "reversed"):
        lines.append(until(found.expires_at, reader.now, shop, reader.locale) + _("."))
    return FoundView(
        tone,
        state,
        title.text if title else _("An offer that this till does not know"),
        title.language if title else reader.language,
        show_code(found.code) if found.code else "",
        tuple(lines),
    )


def _second(at: float, shop: Shop, reader: Reader) -> str:
    return clock_time(at, shop, reader.locale)


def _worth(verdict: Verdict, campaign: Campaign | None, shop: Shop, reader: Reader) -> str:
    if campaign and campaign.offer.value.kind == "gift":
        return _("Free")
    return money(verdict.value_cents, shop.currency, reader.locale) if verdict.value_cents else ""


# Each word stands for what staff do next; the sentence beneath says why. Functions, because the language is the request's.
_WORDS_FOR: dict[str, Callable[[], str]] = {
    Refusal.ALREADY_REDEEMED: lambda: _("Already used"),
    Refusal.BASKET_NEEDED: lambda: _("Amount needed"),
    Refusal.BASKET_TOO_SMALL: lambda: _("Not enough"),
    Refusal.AMOUNT_NEEDED: lambda: _("How much of it?"),
    Refusal.BALANCE_TOO_SMALL: lambda: _("Not enough left"),
    Refusal.PRODUCTS_NEEDED: lambda: _("Products needed"),
    Refusal.PRODUCT_MISSING: lambda: _("Product missing"),
    Refusal.MEMBER_NEEDED: lambda: _("Member needed"),
    Refusal.NOT_FOR_THIS_MEMBER: lambda: _("Another member's"),
    Refusal.OWN_COUPON: lambda: _("Your own coupon"),
    Refusal.STAFF_LIMIT: lambda: _("Ask the manager"),
    Refusal.HUB_UNREACHABLE: lambda: _("Not now"),
    Refusal.CODE_NEEDS_HUB: lambda: _("Not now"),
    Refusal.NO_RIGHTS_LEFT: lambda: _("Not now"),
    Refusal.CLOCK_UNSET: lambda: _("Not now"),
    Refusal.UNKNOWN_CAMPAIGN: lambda: _("Not now"),
    Refusal.NOT_AT_THIS_HOUR: lambda: _("Not at this hour"),
    Refusal.NOT_STARTED: lambda: _("Not yet"),
    Refusal.NEXT_VISIT: lambda: _("Not yet"),
    Refusal.GROUP_TOO_SMALL: lambda: _("Not yet"),
    Refusal.DAY_LIMIT: lambda: _("Not today"),
    Refusal.PERSON_LIMIT: lambda: _("Used up"),
    Refusal.LIMIT_REACHED: lambda: _("Used up"),
    Refusal.RESERVED: lambda: _("In use elsewhere"),
    Refusal.CODE_TOO_OLD: lambda: _("Old picture"),
    Refusal.BAD_CODE: lambda: _("Not a coupon"),
    Refusal.UNKNOWN_COUPON: lambda: _("Not a coupon"),
    Refusal.EXPIRED: lambda: _("Expired"),
    Refusal.REVOKED: lambda: _("Withdrawn"),
    Refusal.WRONG_STORE: lambda: _("Another shop's"),
    Refusal.BAD_SIGNATURE: lambda: _("Not genuine"),
}


def _word(verdict: Verdict) -> str:
    if verdict.reversed_at is not None:
        return _("Taken back")
    if verdict.accepted:
        return _("Accepted") if verdict.offline else _("Redeemed")
    if verdict.sentence is not None:
        return _("Not now")
    if verdict.refusal == Refusal.CODE_TOO_OLD and _typed(verdict):
        return _("Six digits needed")
    return _WORDS_FOR.get(verdict.refusal or "", lambda: _("Not accepted"))()


def _reason(verdict: Verdict, campaign: Campaign | None, shop: Shop, reader: Reader) -> str:
    if verdict.reversed_at is not None:
        when = moment(verdict.reversed_at, reader.now, shop, reader.locale)
        return _("It was redeemed at %(time)s and taken back %(when)s.",
                 time=clock_time(verdict.at, shop, reader.locale), when=when)  # fmt: skip
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
    if verdict.refusal == Refusal.CODE_TOO_OLD and _typed(verdict):
        return _("This coupon's code changes. Type the six digits that stand beneath it now.")
    return _hubs_words(verdict.refusal, verdict.sentence, reader)


def _hubs_words(refusal: str | None, hubs: str | None, reader: Reader) -> str:
    """Why not: what the hub says where it did not decide, in words of ours where we have them; else the refusal's sentence."""
    if hubs is not None and refusal in _OUR_LINE:
        if refusal == "withdrawn":
            return _("The hub has withdrawn this till. Ask the manager to enrol it again.")
        if refusal == "too_many_tries":
            return _("Too many wrong codes at this till. Scan the QR, or wait ten minutes.")
        return _("The hub does not know this till. Ask the manager to enrol it again.")
    return hubs or sentence(refusal or "", reader.language)


def _about_amount(verdict: Verdict, campaign: Campaign, shop: Shop, reader: Reader) -> str:
    least = money(campaign.basket_min_cents, shop.currency, reader.locale)
    if verdict.refusal == Refusal.BASKET_TOO_SMALL and campaign.basket_min_cents:
        return _("This offer begins at %(sum)s.", sum=least)
    if verdict.refusal == Refusal.BASKET_TOO_SMALL:
        return sentence(Refusal.BASKET_TOO_SMALL, reader.language)
    if campaign.basket_min_cents:
        return _("This offer begins at %(sum)s. Enter what is bought, then redeem.", sum=least)
    return _("What this coupon is worth depends on the purchase. Enter it, then redeem.")
