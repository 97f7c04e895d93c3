"""An offer as a manager types it: faults all at once, nothing lost, there and back again."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.campaigns import as_typed, blank, read_typed, sketch
from hub.promises import changes, may, standing, worse
from hub.sentences import Said
from hub.typed import CHANNELS, Typed, local_text, read_cents, read_local, show_cents
from hub.wire.snapshot import Campaign, Offer, Shop, Value

SHOP = Shop(7, {"en": "Corner Bakery"}, timezone="Europe/Berlin", currency="EUR")
NOW = 1_790_000_000.0


def typed(**fields: str) -> Typed:
    """A form that is right, but for what a test changes."""
    start = dict(blank(SHOP, NOW).fields)
    return Typed(start | {"title_en": "A free croissant", "amount": "2.50"} | fields)


def read(form: Typed) -> Campaign:
    found = read_typed(form, SHOP, 4, picture=None)
    assert isinstance(found, Campaign), {name: str(fault) for name, fault in found.items()}
    return found


def faults(form: Typed) -> dict[str, Said]:
    found = read_typed(form, SHOP, 4, picture=None)
    assert isinstance(found, dict)
    return found


def test_a_form_that_is_right_becomes_a_campaign() -> None:
    campaign = read(typed(title_zh="送可颂", basket_min="5", issue_limit="200"))
    assert campaign.number == 4
    assert campaign.offer.title == {"en": "A free croissant", "zh": "送可颂"}
    assert campaign.offer.value == Value("amount", cents=250)
    assert campaign.basket_min_cents == 500
    assert campaign.issue_limit == 200
    assert campaign.redemption_limit is None
    assert campaign.channels == CHANNELS


def test_everything_that_is_wrong_is_told_at_once_by_field() -> None:
    found = faults(
        Typed(
            {
                "title_en": "  ",
                "text_zh": "长" * 401,
                "value_kind": "percent",
                "percent": "140",
                "starts": "yesterday",
                "ends": "",
                "lasts_days": "-1",
                "issue_limit": "many",
                "redemption_limit": "0",
                "basket_min": "five",
                "offline": "perhaps",
            },
            channels=(),
        )
    )
    assert set(found) == {
        "title_en", "text_zh", "percent", "starts", "ends", "lasts_days", "issue_limit", "redemption_limit",
        "basket_min", "offline", "channels",
    }  # fmt: skip
    assert "401" in str(found["text_zh"])


def test_the_end_must_come_after_the_start() -> None:
    assert set(faults(typed(starts="2026-12-02T10:00", ends="2026-12-02T10:00"))) == {"ends"}


def test_a_shop_without_english_needs_a_title_in_its_own_language() -> None:
    shop = Shop(7, {"zh": "面包店"}, languages=("zh",))
    found = read_typed(typed(title_en="only English"), shop, 1, picture=None)
    assert isinstance(found, dict)
    assert set(found) == {"title_zh"}


def test_a_campaign_survives_the_form_unchanged() -> None:
    campaign = Campaign(
        4,
        Offer(
            {"en": "Two for one", "zh": "买一送一"},
            {"en": "All day."},
            Value("percent", percent=50),
            "f" * 64,
        ),
        1_790_000_040 - 1_790_000_040 % 60,
        1_795_000_040 - 1_795_000_040 % 60,
        coupon_lasts_s=3 * 86_400,
        issue_limit=10,
        redemption_limit=9,
        basket_min_cents=1_050,
        offline="refuse",
        channels=("kiosk",),
    )
    assert read_typed(as_typed(campaign, SHOP), SHOP, 4, picture="f" * 64, before=campaign) == campaign


def test_what_the_form_does_not_show_is_kept() -> None:
    before = read(typed())
    before = msgspec.structs.replace(
        before,
        offer=msgspec.structs.replace(before.offer, title=before.offer.title | {"fr": "Un croissant"}),
        channels=("portal", "hologram"),
    )
    after = read_typed(replace(typed(), channels=("kiosk",)), SHOP, 4, picture=None, before=before)
    assert isinstance(after, Campaign)
    assert after.offer.title["fr"] == "Un croissant"
    assert after.channels == ("kiosk", "hologram")


@pytest.mark.parametrize(
    ("text", "cents"),
    [("4", 400), ("4.5", 450), ("4,50", 450), ("1 200.00", 120_000), ("１２．５", 1_250), ("0", 0)],
)
def test_money_is_read_as_people_type_it(text: str, cents: int) -> None:
    assert read_cents(text) == cents


@pytest.mark.parametrize("text", ["", "free", "-4", "4.505", "4..5", "1e3", "NaN", "€4"])
def test_what_is_no_money_is_not_guessed_at(text: str) -> None:
    assert read_cents(text) is None


@given(st.integers(0, 10**9))
def test_money_shown_is_money_read(cents: int) -> None:
    assert read_cents(show_cents(cents)) == cents


@given(st.integers(946_771_200, 4_000_000_000).map(lambda at: at - at % 60))
def test_a_time_shown_on_the_shops_clock_reads_back_to_within_the_hour_that_comes_twice(at: int) -> None:
    back = read_local(local_text(at, "Europe/Berlin"), "Europe/Berlin")
    assert back in (at, at - 3_600)


def test_a_time_that_the_clocks_skip_is_told() -> None:
    assert isinstance(read_local("2026-03-29T02:30", "Europe/Berlin"), Said)
    assert isinstance(read_local("2026-03-29T03:30", "Europe/Berlin"), int)
    assert read_local("soon", "Europe/Berlin") is None


def test_controls_and_turned_directions_never_get_into_an_offer() -> None:
    assert read(typed(title_en="A\u202e free\x00 tart")).offer.title["en"] == "A free tart"


@given(
    st.dictionaries(
        st.sampled_from(["title_en", "text_zh", "amount", "starts", "percent", "lasts_days"]), st.text()
    )
)
def test_no_form_however_odd_raises(fields: dict[str, str]) -> None:
    form = Typed(dict(typed().fields) | fields)
    assert isinstance(read_typed(form, SHOP, 1, picture=None), Campaign | dict)
    assert sketch(form, SHOP, picture=None, now=NOW).number == 1


def test_the_preview_shows_what_is_right_and_leaves_the_rest_open() -> None:
    card = sketch(typed(title_en="Half a form", ends="no idea", amount="x"), SHOP, picture=None, now=NOW)
    assert card.offer.title == {"en": "Half a form"}


def test_a_change_that_takes_something_from_coupons_that_are_out_is_found() -> None:
    before = read(typed(amount="2.50"))
    assert worse(before, read(typed(amount="3"))) == []
    assert [
        str(loss) for loss in worse(before, read(typed(amount="2", basket_min="10", redemption_limit="5")))
    ] == [
        "The coupon is worth less.",
        "The purchase has to be larger.",
        "Fewer coupons can be redeemed in all.",
    ]
    assert len(worse(before, read(typed(value_kind="gift", offline="refuse")))) == 2


def test_the_record_of_changes_says_before_and_after() -> None:
    before, after = read(typed(amount="2")), read(typed(amount="3"))
    assert changes(before, after) == {"value_cents": {"before": 200, "after": 300}}
    assert changes(None, after)["title"] == {"before": None, "after": {"en": "A free croissant"}}


def test_where_an_offer_stands_follows_the_clock() -> None:
    campaign = read(typed(starts="2026-12-01T00:00", ends="2026-12-08T00:00"))
    assert standing("published", campaign, campaign.starts_at - 1) == "planned"
    assert standing("published", campaign, campaign.starts_at) == "running"
    assert standing("published", campaign, campaign.ends_at) == "ended"
    assert standing("draft", campaign, campaign.ends_at) == "draft"


def test_what_is_over_cannot_be_published_again() -> None:
    assert may("publish", "draft")
    assert may("publish", "paused")
    assert not may("publish", "ended")
    assert not may("pause", "draft")
