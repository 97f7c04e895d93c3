"""Offers and coupons as a page shows them: in the reader's language, with everything already put into words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from babel import Locale

from hub.storefront.languages import TAGS
from hub.storefront.languages import gettext as _
from hub.storefront.terms import terms
from hub.storefront.when import moment, money, until, worth
from hub.storefront.words import TEXT_CHARACTERS, TITLE_CHARACTERS, Said, said
from hub.wire.coupon import Issued, show_code
from hub.wire.snapshot import Campaign, Shop, Text


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the language of the pages, how they write dates and sums, and when."""

    language: str
    locale: Locale
    now: float


@dataclass(frozen=True, slots=True)
class Line:
    """A text with the tag of the language in which it is."""

    text: str
    tag: str

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True, slots=True)
class Group:
    """How far a group offer has come. `joined` may be more than the `size` that it needs."""

    joined: int
    size: int
    line: str

    @property
    def is_complete(self) -> bool:
        """Whether its coupons are good."""
        return self.joined >= self.size


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer on a card or on its own page. `conditions` is its shortest condition, `terms` are all of them in words, `hours` is
    the one that says when within a week."""

    number: int
    title: Line
    text: Line
    small_print: Line
    worth: str
    until: str
    conditions: str
    picture_url: str | None
    picture_alt: Line
    request_id: str
    terms: tuple[str, ...] = ()
    group: Group | None = None
    hours: str = ""


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon on its page. `state`: good, used or expired; `state_line` says since when."""

    serial: str
    code: str
    title: Line
    worth: str
    conditions: str
    until: str
    state: str
    state_line: str
    terms: tuple[str, ...] = ()
    group: Group | None = None
    balance: str = ""
    is_rotating: bool = False


def _line(text: Text, language: str, longest: int = TITLE_CHARACTERS) -> Line:
    found: Said = said(text, language, longest)
    return Line(found.text, TAGS.get(found.language, found.language))


def shop_name(shop: Shop, language: str) -> str:
    """The shop's name; before the first snapshot it has none."""
    return said(shop.name, language, 60).text or _("This shop")


def greeting(shop: Shop, language: str) -> Line:
    """What the shop says at its door."""
    return _line(shop.greeting, language) or Line(_("Something for you today"), TAGS[language])


def _conditions(campaign: Campaign, shop: Shop, reader: Reader) -> str:
    if not campaign.basket_min_cents:
        return ""
    return _(
        "On purchases of %(sum)s or more",
        sum=money(campaign.basket_min_cents, shop.currency, reader.locale),
    )


def show_offer(
    campaign: Campaign,
    shop: Shop,
    reader: Reader,
    *,
    picture_url: Callable[[str], str],
    request_id: str = "",
    joined: int | None = None,
) -> OfferView:
    """An offer for the templates; `request_id` makes its Take button one act, however often it is pressed.

    `joined`: how many have taken it, for a group offer.
    """
    offer = campaign.offer
    title = _line(offer.title, reader.language)
    in_words = terms(campaign, shop, reader.language, reader.locale)
    return OfferView(
        campaign.number,
        title or Line(_("Offer %(number)s", number=campaign.number), TAGS[reader.language]),
        _line(offer.text, reader.language, TEXT_CHARACTERS),
        _line(offer.small_print, reader.language, TEXT_CHARACTERS),
        worth(offer.value, shop.currency, reader.locale),
        until(campaign.ends_at, reader.now, shop, reader.locale),
        _conditions(campaign, shop, reader),
        picture_url(offer.picture) if offer.picture else None,
        _line(offer.picture_alt, reader.language),
        request_id,
        tuple(in_words),
        show_group(campaign, joined),
        in_words[0] if campaign.hours else "",
    )


def show_group(campaign: Campaign, joined: int | None) -> Group | None:
    """How far a group offer has come; None for every other, and where nobody knows."""
    if campaign.group_size is None or joined is None:
        return None
    if joined >= campaign.group_size:
        line = _("%(joined)s have joined: everybody's coupon is good", joined=joined)
    else:
        line = _("%(joined)s of %(size)s have joined", joined=joined, size=campaign.group_size)
    return Group(joined, campaign.group_size, line)


def show_balance(campaign: Campaign, balance_cents: int | None, shop: Shop, reader: Reader) -> str:
    """What is left on a voucher, as a line; empty for every other coupon, and where nobody knows."""
    if campaign.offer.value.kind != "voucher" or balance_cents is None:
        return ""
    left = money(balance_cents, shop.currency, reader.locale)
    whole = money(campaign.offer.value.cents, shop.currency, reader.locale)
    return _("%(left)s left of %(whole)s", left=left, whole=whole)


def show_coupon(
    issued: Issued,
    campaign: Campaign | None,
    shop: Shop,
    reader: Reader,
    *,
    joined: int | None = None,
    balance_cents: int | None = None,
) -> CouponView:
    """A coupon for the templates; without its campaign it still says its code and until when it is good.

    `joined`: how many have taken it, for a group offer; `balance_cents`: what is left on a voucher.
    """
    expires_at = issued.coupon.expires_at
    state, state_line = "good", ""
    # A voucher is used in parts: only an empty one is used up.
    spent = balance_cents is not None and campaign is not None and campaign.offer.value.kind == "voucher"
    if (issued.used_at is not None and not spent) or (spent and balance_cents == 0):
        state = "used"
        state_line = (
            _("Nothing is left on this voucher")
            if issued.used_at is None
            else _("Used %(when)s", when=moment(issued.used_at, reader.now, shop, reader.locale))
        )
    elif expires_at <= reader.now:
        state = "expired"
        state_line = _("Expired %(when)s", when=moment(expires_at, reader.now, shop, reader.locale))
    title = _line(campaign.offer.title, reader.language) if campaign else None
    return CouponView(
        issued.coupon.serial,
        show_code(issued.code),
        title or Line(_("Your coupon"), TAGS[reader.language]),
        worth(campaign.offer.value, shop.currency, reader.locale) if campaign else "",
        _conditions(campaign, shop, reader) if campaign else "",
        until(expires_at, reader.now, shop, reader.locale),
        state,
        state_line,
        tuple(terms(campaign, shop, reader.language, reader.locale)) if campaign else (),
        show_group(campaign, joined) if campaign else None,
        show_balance(campaign, balance_cents, shop, reader) if campaign else "",
        campaign.rotating if campaign else False,
    )
