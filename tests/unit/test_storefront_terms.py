"""The terms of an offer in words: everything that the rule decides by is said, in both languages."""

from __future__ import annotations

import pytest
from babel import Locale

from hub.storefront.terms import condition_words, terms
from hub.wire.conditions import All, Any, Buys, Condition, Hours, InSegment, IsMember, Not, Spends
from hub.wire.snapshot import Campaign, Offer, Shop, Value

SHOP = Shop(1, {"en": "Corner Shop"}, currency="EUR")
LOCALES = {"en": Locale("en", "GB"), "zh": Locale("zh", "CN", script="Hans")}
EVERYTHING = Campaign(
    1,
    Offer({}, {}, Value("voucher", cents=1000)),
    0,
    10,
    basket_min_cents=1250,
    offline="refuse",
    hours=(Hours((0, 1, 2, 3, 4), 9 * 60, 11 * 60), Hours((5, 6))),
    condition=All((IsMember(), Not(Hours((5,), 22 * 60, 2 * 60)))),
    per_day_limit=10,
    per_person_limit=1,
    redemption_limit=50,
    rotating=True,
    group_size=37,
    good_from="next_day",
)


def test_every_term_of_an_offer_is_said_in_english() -> None:
    assert terms(EVERYTHING, SHOP, "en", LOCALES["en"]) == [
        "Good Monday to Friday, 09:00 to 11:00; Saturday and Sunday",
        "For your next visit: good from the day after you take it",
        "On purchases of €12.50 or more",
        "For members",
        "Not Saturday, 22:00 to 02:00",
        "May be spent in parts until nothing is left on it",
        "Good as soon as 37 people have joined",
        "Once for each member",
        "For the first 10 of each day",
        "For the first 50 who use it",
        "Show the coupon's page itself: its code changes every 30 seconds, a screenshot is not accepted",
    ]


def test_every_term_of_an_offer_is_said_in_chinese() -> None:
    said = terms(EVERYTHING, SHOP, "zh", LOCALES["zh"])
    assert len(said) == 11
    assert said[0] == "可用时间：星期一至星期五 09:00至11:00；星期六和星期日"
    assert said[3] == "会员专享"
    assert said[6] == "满 37 人参加即可使用"


def test_an_offer_without_terms_says_none() -> None:
    assert terms(Campaign(1, Offer({}, {}, Value("gift")), 0, 10), SHOP, "en", LOCALES["en"]) == []


@pytest.mark.parametrize(
    ("condition", "english", "chinese"),
    [
        (Spends(2000), "On purchases of €20 or more", "消费满 €20 可用"),
        (Not(Spends(2000)), "On purchases below €20", "消费低于 €20 可用"),
        (Buys(("4006381333931",)), "With product 4006381333931", "购买商品 4006381333931 可用"),
        (Buys(("a", "b"), 3), "With 3 or more of product a, b", "购买商品 a、b 共 3 件以上可用"),
        (Not(Buys(("a",), 3)), "With fewer than 3 of product a", "购买商品 a 少于 3 件时可用"),
        (InSegment(("gold", "silver")), "For members of gold or silver", "gold或silver会员专享"),
        (Not(IsMember()), "For those who are not members", "非会员专享"),
        (Not(Not(IsMember())), "For members", "会员专享"),
        (
            Any((IsMember(), Spends(2000))),
            "Either for members, or on purchases of €20 or more",
            "满足其一：会员专享；或消费满 €20 可用",
        ),
        (
            Not(Any((IsMember(), Spends(2000)))),
            "For those who are not members and on purchases below €20",
            "非会员专享，且消费低于 €20 可用",
        ),
        (Hours((0, 1, 2, 3, 4, 5, 6), 0, 720), "Good every day, 00:00 to 12:00", "每天 00:00至12:00可用"),
    ],
)
def test_a_condition_and_its_opposite_are_sentences(condition: Condition, english: str, chinese: str) -> None:
    assert condition_words(condition, SHOP, "en", LOCALES["en"]) == english
    assert condition_words(condition, SHOP, "zh", LOCALES["zh"]) == chinese


def test_a_name_that_turns_the_text_round_is_shown_without_its_trick() -> None:
    said = condition_words(InSegment(("\u202egold",)), SHOP, "en", LOCALES["en"])
    assert said == "For members of gold"
