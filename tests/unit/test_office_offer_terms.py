"""The terms of an offer as a manager types them: hours, conditions, limits, vouchers; faults all at once, there and back."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.campaigns import as_typed, blank, read_typed, settled, sketch
from hub.condition_text import _FIELDS, Faulty, read_condition, show_condition
from hub.promises import changes, faults_of, gtin_fault, worse
from hub.sentences import Said
from hub.typed import Typed
from hub.typed_hours import field_of, minutes_of, read_day, read_hours, show_hours
from hub.wire import conditions
from hub.wire.conditions import All, Any, Buys, Condition, Hours, InSegment, IsMember, Not, Spends
from hub.wire.snapshot import Campaign, Shop, Value

SHOP = Shop(7, {"en": "Corner Bakery"}, timezone="Europe/Berlin", currency="EUR")
NOW = 1_790_000_000.0
LUNCH = Hours((0, 1, 2, 3, 4), 690, 840)


def typed(days: tuple[str, ...] = (), **fields: str) -> Typed:
    """A form that is right, but for what a test changes."""
    start = dict(blank(SHOP, NOW).fields)
    return Typed(start | {"title_en": "A free croissant", "amount": "2.50"} | fields, days=days)


def read(form: Typed, others: tuple[int, ...] = ()) -> Campaign:
    found = read_typed(form, SHOP, 4, picture=None, others=others)
    assert isinstance(found, Campaign), {name: str(fault) for name, fault in found.items()}
    return found


def faults(form: Typed, others: tuple[int, ...] = ()) -> dict[str, Said]:
    found = read_typed(form, SHOP, 4, picture=None, others=others)
    assert isinstance(found, dict)
    return found


# Hours


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        ("", []),
        ("9-11", [(540, 660)]),
        ("9:00–11:30, 15-17", [(540, 690), (900, 1020)]),
        ("１５：００－１７：３０；９－１１", [(540, 660), (900, 1050)]),
        ("22-2", [(1320, 120)]),
        ("20:00 - 0:00", [(1200, 1440)]),
        ("all day", [(0, 1440)]),
        ("全天", [(0, 1440)]),
        ("0-24", [(0, 1440)]),
    ],
)
def test_the_hours_of_a_day_are_read_as_people_write_them(
    text: str, stretches: list[tuple[int, int]]
) -> None:
    assert read_day(text) == stretches


@pytest.mark.parametrize(
    "text", ["nine", "9", "9-25", "9:70-10", "10-10", "9-12, 11-14", "1-2,3-4,5-6,7-8,9-10"]
)
def test_what_is_no_hours_is_told(text: str) -> None:
    assert isinstance(read_day(text), Said)


weekly = st.lists(
    st.builds(
        Hours,
        st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
        st.integers(0, 1439),
        st.integers(1, 1440),
    ).filter(lambda hours: hours.start < hours.end),
    max_size=2,
).map(tuple)


@given(weekly)
def test_hours_survive_the_form_unchanged(hours: tuple[Hours, ...]) -> None:
    back = read_hours(Typed(show_hours(hours)), hours)
    assert isinstance(back, dict) or minutes_of(back) == minutes_of(hours)
    if len(hours) < 2:
        assert back == hours


def test_the_same_hours_of_several_days_are_one() -> None:
    campaign = read(typed(**{field_of(day): "11:30-14:00" for day in range(5)}, **{field_of(5): "9-24"}))
    assert campaign.hours == (LUNCH, Hours((5,), 540, 1440))


def test_a_wrong_day_is_told_at_that_day() -> None:
    assert set(faults(typed(hours_2="9-11", hours_3="soon"))) == {"hours_3"}


# Conditions


def test_each_kind_of_condition_can_be_typed_without_json() -> None:
    form = typed(
        days=("0", "1"), if_hours="must", when="9-11", if_spends="must", spends="20", if_buys="must_not",
        buys="4006381333931, 101", buys_least="2", if_member="must", if_segment="must_not", segment="staff，family",
    )  # fmt: skip
    assert read(form).condition == All(
        (
            Hours((0, 1), 540, 660),
            Spends(2_000),
            Not(Buys(("4006381333931", "101"), 2)),
            IsMember(),
            Not(InSegment(("staff", "family"))),
        )
    )


def test_lines_are_joined_by_any_and_one_line_stands_alone() -> None:
    assert read(typed(if_member="must", if_spends="must", spends="5", condition_join="any")).condition == Any(
        (Spends(500), IsMember())
    )
    assert read(typed(if_member="must", condition_join="any")).condition == IsMember()
    assert read(typed()).condition is None


def test_every_fault_of_the_lines_stands_at_its_field() -> None:
    form = typed(if_hours="must", when="9-11, 15-17", if_spends="must", spends="much", if_buys="must", buys=" , ",
        if_segment="must", segment="x" * 41)  # fmt: skip
    assert set(faults(form)) == {"days", "when", "spends", "buys", "segment"}
    assert set(faults(typed(if_buys="must", buys="1", buys_least="none"))) == {"buys_least"}


def test_what_does_not_matter_is_not_read() -> None:
    assert read(typed(spends="much", buys="1", condition_text="{")).condition is None


DEEP = Not(All((Any((Spends(500), IsMember())), LUNCH)))


@pytest.mark.parametrize(
    "condition",
    [
        LUNCH,
        Not(Spends(1_250)),
        All((Spends(500), LUNCH)),
        Any((IsMember(), Not(InSegment(("regulars", "friends"))))),
        DEEP,
        All((Spends(500), Spends(600))),
        Buys(("a, b",)),
        All((IsMember(),)),
    ],
)
def test_a_condition_survives_the_form_unchanged(condition: Condition) -> None:
    campaign = msgspec.structs.replace(read(typed()), condition=condition)
    assert read_typed(as_typed(campaign, SHOP), SHOP, 4, picture=None, before=campaign) == campaign


def test_what_the_lines_cannot_say_is_shown_as_text() -> None:
    campaign = msgspec.structs.replace(read(typed()), condition=DEEP)
    form = as_typed(campaign, SHOP)
    assert form.get("condition_by") == "text"
    assert read_condition(form.get("condition_text")) == DEEP


leaves = st.one_of(
    st.builds(
        Hours,
        st.lists(st.integers(0, 6), min_size=1, max_size=7).map(tuple),
        st.integers(0, 1439),
        st.integers(1, 1440),
    ),
    st.builds(Spends, st.integers(1, 10**9)),
    st.builds(
        Buys,
        st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5).map(tuple),
        st.integers(1, 1000),
    ),
    st.just(IsMember()),
    st.builds(InSegment, st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5).map(tuple)),
)
whole = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)


@given(whole)
def test_every_condition_that_is_written_is_read_back(condition: Condition) -> None:
    assert isinstance(condition, Any | All | Not | Hours | Spends | Buys | IsMember | InSegment)
    back = read_condition(show_condition(condition))
    if conditions.flaw(condition) is None:
        assert back == condition
    else:
        assert isinstance(back, Faulty)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([*_FIELDS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["is", "of", "that", "days", "start", "cents", "any_of", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(json_like)
def test_a_text_is_read_exactly_where_the_contract_reads_it(data: object) -> None:
    """Our own sentences for people and msgspec's for programs agree on what is a condition, but for unknown fields."""
    text = msgspec.json.encode(data).decode()
    read_back = read_condition(text)
    try:
        by_contract: Condition | None = msgspec.json.decode(text, type=Condition)
    except msgspec.ValidationError:
        by_contract = None
    if by_contract is None:
        assert isinstance(read_back, Faulty)
    elif not isinstance(read_back, Faulty):
        assert read_back == by_contract
    for sentence in read_back.sentences if isinstance(read_back, Faulty) else ():
        assert not str(sentence).startswith("This is no condition"), sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["line 1"]),
        ("[]", ["condition", "braces"]),
        ('{"is": "spend", "cents": 5}', ["hours, spends, buys"]),
        ('{"is": "spends"}', ['needs the field "cents"']),
        ('{"is": "spends", "cents": "5"}', ["condition.cents", "from 1 to"]),
        ('{"is": "buys", "any_of": ["1"], "at_last": 3}', ['no field "at_last"']),
        ('{"is": "all", "of": [{"is": "hours", "days": [7]}, {"is": "not"}]}', ["of[0].days", "Monday"]),
        ('{"is": "all", "of": []}', ["1 to 20 conditions"]),
        ("[" * 100_000, ["8000"]),
    ],
)
def test_each_fault_of_a_text_is_a_sentence(text: str, words: list[str]) -> None:
    found = read_condition(text)
    assert isinstance(found, Faulty)
    said = " ".join(map(str, found.sentences))
    assert all(word in said for word in words), said


def test_all_faults_of_a_text_are_told_at_once() -> None:
    form = typed(
        condition_by="text",
        condition_text='{"is": "all", "of": [{"is": "hours", "days": []}, {"is": "spends", "cents": 0}]}',
    )
    assert [*faults(form)] == ["condition_text", "condition_text.1"]


def test_a_condition_nobody_could_be_told_of_is_refused() -> None:
    deep = '{"is": "not", "that": ' * 5 + '{"is": "member"}' + "}" * 5
    pair = '{"is": "any", "of": [{"is": "member"}, {"is": "member"}]}'
    long = '{"is": "any", "of": [' + ", ".join([pair] * 11) + "]}"
    for text, number in ((deep, "4"), (long, "20")):
        found = read_condition(text)
        assert isinstance(found, Faulty)
        assert number in str(found.sentences[0])


# Limits, vouchers, next visit, GTIN


def test_a_voucher_and_a_limit_per_person_are_never_redeemed_without_the_hub() -> None:
    for form in (
        typed(value_kind="voucher", voucher_value="25"),
        typed(per_person_limit="1"),
    ):
        assert set(faults(form)) == {"offline"}
        assert settled(form).get("offline") == "refuse"
        assert read(settled(form)).offline == "refuse"
    assert settled(typed()) == typed()


def test_a_form_with_every_term_becomes_a_campaign_and_back() -> None:
    form = typed(
        value_kind="voucher", voucher_value="25", issue_limit="500", per_day_limit="20", per_person_limit="2", rotating="yes",
        group_size="50", next_visit="9", good_from="next_day", gtin="4006381333931", offline="refuse", hours_0="9-17",
    )  # fmt: skip
    campaign = read(form, others=(9,))
    assert campaign.offer.value == Value("voucher", cents=2_500)
    assert (campaign.per_day_limit, campaign.per_person_limit, campaign.group_size) == (20, 2, 50)
    assert (campaign.rotating, campaign.next_visit, campaign.good_from) == (True, 9, "next_day")
    assert campaign.gtin == "4006381333931"
    back = read_typed(as_typed(campaign, SHOP), SHOP, 4, picture=None, before=campaign, others=(9,))
    assert back == campaign


def test_terms_that_cannot_hold_together_are_told() -> None:
    form = typed(group_size="50", issue_limit="20", next_visit="8", good_from="next_day", lasts_days="1")
    assert set(faults(form)) == {"group_size", "next_visit", "lasts_days"}
    assert set(faults(typed(next_visit="4"), others=(4,))) == {"next_visit"}
    assert set(faults(typed(group_size="1", per_day_limit="0", next_visit="none", good_from="never"))) == {
        "group_size", "per_day_limit", "next_visit", "good_from",
    }  # fmt: skip


def test_an_offer_without_a_place_comes_with_a_receipt_alone() -> None:
    nowhere = replace(typed(no_channels="yes"), channels=())
    assert read(nowhere).channels == ()
    assert set(faults(replace(nowhere, channels=("kiosk",)))) == {"channels"}
    campaign = read(nowhere)
    assert read_typed(as_typed(campaign, SHOP), SHOP, 4, picture=None, before=campaign) == campaign


@pytest.mark.parametrize("gtin", ["4006381333931", "96385074", "012345678905", "04006381333931"])
def test_a_gtin_with_its_check_digit_is_taken(gtin: str) -> None:
    assert gtin_fault(gtin) is None
    assert read(typed(gtin=f" {gtin[:4]} {gtin[4:]}")).gtin == gtin


@pytest.mark.parametrize("gtin", ["4006381333932", "4006381339331", "123", "40063813339310", "400638133393x"])
def test_a_gtin_with_a_slip_is_told(gtin: str) -> None:
    assert set(faults(typed(gtin=gtin))) == {"gtin"}


def test_a_change_of_terms_that_takes_something_from_coupons_that_are_out_is_found() -> None:
    before = read(typed(hours_0="9-17", per_day_limit="20"))
    after = read(
        typed(hours_0="10-17", per_day_limit="10", per_person_limit="1", offline="refuse", rotating="yes",
            good_from="next_day", group_size="5", if_member="must"),
    )  # fmt: skip
    assert len(worse(before, after)) == 8
    assert {str(loss).split()[0] for loss in worse(after, before)} == set()
    wider = read(typed(hours_0="9-18", per_day_limit="20"))
    assert worse(before, wider) == []
    assert [str(loss) for loss in worse(read(typed(next_visit="9"), (9,)), read(typed()))] == [
        "The coupon for the next visit is another one, or none."
    ]


def test_the_record_of_changes_knows_every_term() -> None:
    before = read(typed())
    after = read(typed(hours_0="9-17", if_member="must", rotating="yes", gtin="96385074", per_day_limit="3"))
    assert set(changes(before, after)) == {"hours", "condition", "rotating", "gtin", "per_day_limit"}
    covered = set(changes(None, msgspec.structs.replace(after, air=None)))
    unseen = set(Campaign.__struct_fields__) - covered - {"number", "offer"}
    assert all(getattr(after, name) in (None, False, "", ()) for name in unseen), unseen


def test_the_preview_knows_the_terms_as_far_as_they_are_right() -> None:
    card = sketch(
        typed(hours_0="9-11", hours_1="soon", if_spends="must", spends="5"), SHOP, picture=None, now=NOW
    )
    assert card.condition == Spends(500)
    assert card.hours == ()


def test_a_campaign_from_elsewhere_is_looked_at_by_the_same_rules() -> None:
    campaign = msgspec.structs.replace(
        read(typed()), gtin="1", condition=Not(Not(Not(Not(IsMember())))), per_person_limit=1, next_visit=3
    )
    assert set(faults_of(campaign, ())) == {"gtin", "condition_text", "offline", "next_visit"}


@given(
    st.dictionaries(
        st.sampled_from(
            [*(f"hours_{day}" for day in range(7)), "if_hours", "when", "if_buys", "buys", "buys_least", "if_spends", "spends",
             "condition_by", "condition_text", "group_size", "next_visit", "gtin", "voucher_value", "value_kind", "rotating"]
        ),
        st.text() | st.sampled_from(["must", "must_not", "text", "voucher", "yes", "9-11"]),
    )
)  # fmt: skip
def test_no_terms_however_odd_raise(fields: dict[str, str]) -> None:
    form = Typed(dict(typed().fields) | fields, days=("0",))
    assert isinstance(read_typed(form, SHOP, 1, picture=None), Campaign | dict)
    assert sketch(settled(form), SHOP, picture=None, now=NOW).number == 1
