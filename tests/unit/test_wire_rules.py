"""The one rule."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from hub.wire.coupon import Coupon
from hub.wire.refusals import LANGUAGES, Refusal, sentence
from hub.wire.rules import Accepted, CutOff, Facts, FirstUse, Refused, decide
from hub.wire.snapshot import Campaign, Key, Offer, Value

NOW = 1_790_000_000.0
COUPON = Coupon(key_number=1, shop=1, campaign=4, serial="00" * 8, expires_at=int(NOW) + 1000)
CAMPAIGN = Campaign(
    number=4,
    offer=Offer({"en": "Coffee"}, {}, Value("amount", cents=250)),
    starts_at=int(NOW) - 1000,
    ends_at=int(NOW) + 1000,
)
GOOD = Facts(now=NOW, shop=1, campaign=CAMPAIGN, key=Key(1, "kiosk-1", "00" * 32))


def with_campaign(**changes: object) -> Facts:
    return replace(GOOD, campaign=msgspec.structs.replace(CAMPAIGN, **changes))


def test_a_good_coupon_is_accepted_for_its_value() -> None:
    assert decide(COUPON, GOOD) == Accepted(250)


FIRST = FirstUse(NOW - 60, "Till 2", "staff-1", "nonce-01")


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        (replace(GOOD, shop=2), Refusal.WRONG_STORE),
        (replace(GOOD, key=None), Refusal.BAD_SIGNATURE),
        (replace(GOOD, key=Key(1, "kiosk-1", "00" * 32, withdrawn_at=1)), Refusal.BAD_SIGNATURE),
        (replace(GOOD, revoked=True), Refusal.REVOKED),
        (replace(GOOD, campaign=None), Refusal.UNKNOWN_CAMPAIGN),
        (replace(GOOD, now=NOW - 1001), Refusal.NOT_STARTED),
        (replace(GOOD, now=NOW + 1000), Refusal.EXPIRED),
        (with_campaign(basket_min_cents=500), Refusal.BASKET_NEEDED),
        (replace(with_campaign(basket_min_cents=500), basket_cents=499), Refusal.BASKET_TOO_SMALL),
        (replace(with_campaign(redemption_limit=3), redeemed=3), Refusal.LIMIT_REACHED),
        (
            replace(with_campaign(offline="refuse"), cut_off=CutOff(5, clock_known=True)),
            Refusal.HUB_UNREACHABLE,
        ),
        (replace(GOOD, cut_off=CutOff(0, clock_known=True)), Refusal.NO_RIGHTS_LEFT),
        (replace(GOOD, cut_off=CutOff(5, clock_known=False, not_before=NOW + 1000)), Refusal.EXPIRED),
    ],
)
def test_each_wrong_thing_has_its_own_refusal(facts: Facts, refusal: Refusal) -> None:
    assert decide(COUPON, facts) == Refused(refusal)


@pytest.mark.parametrize(
    "facts",
    [
        replace(GOOD, now=NOW + 999.9),
        replace(GOOD, now=CAMPAIGN.starts_at),
        replace(with_campaign(basket_min_cents=500), basket_cents=500),
        replace(with_campaign(redemption_limit=3), redeemed=2),
        replace(GOOD, cut_off=CutOff(1, clock_known=True)),
        replace(GOOD, key=None, known=True),
        # A till that does not know the time refuses nothing that may be good, whatever its clock shows.
        replace(GOOD, now=NOW + 99_999, cut_off=CutOff(1, clock_known=False, not_before=NOW + 999.9)),
        replace(GOOD, now=0.0, cut_off=CutOff(1, clock_known=False)),
    ],
)
def test_at_the_very_edge_the_coupon_is_still_good(facts: Facts) -> None:
    assert isinstance(decide(COUPON, facts), Accepted)


def test_a_used_coupon_is_told_as_used_whatever_else_is_wrong_with_it() -> None:
    facts = replace(GOOD, first_use=FIRST, now=NOW + 99_999, campaign=None, revoked=True, key=None)
    assert decide(COUPON, facts) == Refused(Refusal.ALREADY_REDEEMED, FIRST)


def test_a_percentage_is_taken_off_the_basket_and_needs_to_know_it() -> None:
    offer = Offer({"en": "A tenth off"}, {}, Value("percent", percent=10))
    facts = with_campaign(offer=offer)
    assert decide(COUPON, facts) == Refused(Refusal.BASKET_NEEDED)
    assert decide(COUPON, replace(facts, basket_cents=1999)) == Accepted(199)


def test_every_refusal_has_a_sentence_in_every_language() -> None:
    for refusal in Refusal:
        sentences = {sentence(refusal, language) for language in LANGUAGES}
        assert len(sentences) == len(LANGUAGES)
        assert refusal.value not in sentences
    assert sentence("from_a_later_release", "en") == "from_a_later_release"
