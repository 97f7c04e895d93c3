"""Who is let in, by which way, and what is written down of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ways_door import NOW, OTHER_KEY, Door, at, campaign

from edge.gate.protocol import Limits
from edge.portal.guests import State
from edge.portal.ways.batches import Wish
from edge.portal.ways.entry import Admitted, Entry, NotYet, Ways
from edge.portal.ways.sentences import SENTENCES, TROUBLES, not_yet
from edge.portal.welcome.texts import VERSION, consent_text
from hub.client.db import StorageError
from hub.wire.coupon import Coupon, Issued, make_code, mint_token
from hub.wire.events import ConsentGiven, ConsentWithdrawn, PortalJoined
from hub.wire.events_members import MemberJoined
from hub.wire.identity import CROCKFORD

EVERYTHING = ("click", "code", "coupon", "member")
ELSEWHERE = make_code(bytes(range(7)))
"""Well formed, and no code of this door."""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(
        tmp_path, ways=EVERYTHING, minutes=30, extensions=2, mbytes=100, down_kbytes=500, up_kbytes=80
    )
    yield door
    door.close()


def refused(door: Door, entry: Entry) -> NotYet:
    answer = door.desk.enter(entry, door.now)
    assert isinstance(answer, NotYet), answer
    assert set(answer.sentence) == {"en", "zh"}
    return answer


def code_of(door: Door, **wish: Any) -> str:
    batch = door.vouchers.make(
        Wish(**{"count": 1, "lasts_s": 3_600, "valid_until": door.now + 86_400, **wish}),
        "s1",
        door.now,
    )
    return door.vouchers.unused(batch.id)[0][1]


def test_a_click_gives_what_the_shop_set_and_says_so(door: Door) -> None:
    ways: Ways = door.desk
    assert ways.offered() == EVERYTHING
    assert door.come_in(at(2)) == ""
    standing = door.keeper.standing("10.77.0.2", door.now)
    assert standing.state is State.IN
    assert standing.until == NOW + 1_800
    assert standing.can_extend
    assert standing.grant is not None
    assert standing.grant.limits == Limits(500_000, 80_000, 100_000_000)
    assert standing.grant.extensions == 2
    assert door.facts() == [PortalJoined(way="click", seconds=1_800)]


def test_only_ways_that_are_set_are_offered_and_a_member_needs_a_way_that_is_free(tmp_path: Path) -> None:
    for ways, offered in (
        (("click",), ("click", "member")),
        (("code",), ("code",)),
        (("code", "member"), ("code", "member")),
        (("sms", "click"), ("click", "member")),
    ):
        door = Door(tmp_path / "-".join(ways), ways=ways)
        assert door.desk.offered() == offered
        missing = {"click", "code", "coupon", "member"} - set(offered)
        assert {refused(door, at(2, way, "X")).code for way in missing} == {"not-offered"}
        assert refused(door, at(2, "sms", phone_number="+4366012345678")).code == (
            "no-modem" if "sms" in ways else "not-offered"
        )
        door.close()


def test_who_wants_to_be_remembered_gets_a_code_and_the_record_holds_the_very_words(door: Door) -> None:
    code = door.come_in(at(2, remember=True, language="zh"))
    assert len(code) == 16
    assert set(code) <= set(CROCKFORD)
    told, given, joined = door.facts()
    assert isinstance(told, MemberJoined)
    assert (told.member, told.way, told.place) == (joined.member, "portal", "Front door")  # type: ignore[attr-defined]
    assert isinstance(given, ConsentGiven)
    assert isinstance(joined, PortalJoined)
    assert given.member == joined.member
    assert (given.purpose, given.text, given.text_version, given.language, given.place) == (
        "recognise",
        consent_text("recognise", "zh"),
        VERSION,
        "zh",
        "Front door",
    )
    assert code not in given.member.upper()
    # On another phone, days later.
    door.later(5 * 86_400)
    typed = f" {code[:4].lower()}-{code[4:8]} {code[8:12]} {code[12:]}".replace("0", "o").replace("1", "l")
    assert door.come_in(at(3, "member", typed)) == ""
    assert door.facts()[-1] == PortalJoined(way="member", seconds=1_800, member=given.member)
    assert door.keeper.standing("10.77.0.3", door.now).state is State.IN


def test_a_member_who_wants_to_be_forgotten_is_gone_everywhere_and_at_once(door: Door) -> None:
    code = door.come_in(at(2, remember=True))
    member = door.facts()[-1].member  # type: ignore[attr-defined]
    assert not door.desk.forget("", door.now)
    assert not door.desk.forget(code[:-1], door.now)
    assert door.desk.forget(code, door.now)
    assert not door.desk.forget(code, door.now)
    assert door.facts()[-1] == ConsentWithdrawn(
        member=member, purpose="all", place="Front door", proof="card"
    )
    assert refused(door, at(2, "member", code)).code == "wrong-code"
    kept = b"".join(path.read_bytes() for path in door.folder.glob("edge.db*"))
    assert code.encode() not in kept


def test_a_member_is_not_made_where_a_member_could_not_come_in(tmp_path: Path) -> None:
    door = Door(tmp_path, ways=("code",))
    assert door.come_in(at(2, "code", code_of(door), remember=True)) == ""
    assert [type(fact) for fact in door.facts()] == [PortalJoined]
    door.close()


def test_the_disk_holds_no_code_that_was_used_and_no_address(door: Door) -> None:
    used, unused = code_of(door), code_of(door)
    member = door.come_in(at(77, "code", used, remember=True))
    door.pool.here().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    door.pool.here().execute("VACUUM")
    door.pool.here().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = b"".join(path.read_bytes() for path in door.folder.glob("edge.db*"))
    assert unused.encode() in kept
    for secret in (used, member, "10.77.0.77", "02:00:00:00:00:4d"):
        assert secret.encode() not in kept


def test_a_printed_code_gives_its_own_time_and_limits_and_names_its_batch(door: Door) -> None:
    code = code_of(door, lasts_s=7_200, limits=Limits(1, 2, 3_000))
    door.come_in(at(2, "code", code.lower()))
    standing = door.keeper.standing("10.77.0.2", door.now)
    assert standing.until == NOW + 7_200
    assert not standing.can_extend
    assert standing.grant is not None
    assert standing.grant.limits == Limits(1, 2, 3_000)
    assert door.facts() == [PortalJoined(way="code", seconds=7_200, batch=standing.grant.batch)]


def test_a_code_is_used_when_the_gate_is_open_and_not_before(door: Door) -> None:
    code = code_of(door)
    for _ in range(3):
        assert isinstance(door.desk.enter(at(2, "code", code), door.now), Admitted)
    door.later(1_000)
    answer = door.desk.enter(at(2, "code", code), door.now)
    assert isinstance(answer, Admitted)
    assert answer.grant.seconds == 3_600
    assert door.facts() == []


def test_who_comes_back_with_their_code_gets_what_is_left_of_its_time(door: Door) -> None:
    code = code_of(door)
    door.come_in(at(2, "code", code))
    door.later(1_000)
    door.come_in(at(9, "code", code))
    assert door.keeper.standing("10.77.0.9", door.now).until == NOW + 3_600
    assert door.gate.inside() == ["10.77.0.9"]
    door.later(2_601)
    assert refused(door, at(9, "code", code)).code == "used-up"


def test_a_code_for_two_devices_lets_in_two_at_a_time_and_prefers_the_place_of_one_that_left(
    door: Door,
) -> None:
    code = code_of(door, uses=2)
    for n in (2, 3, 2, 3):
        door.come_in(at(n, "code", code))
    assert door.gate.inside() == ["10.77.0.2", "10.77.0.3"]
    phone = door.keeper.phone_at("10.77.0.3")
    assert phone is not None
    door.keeper.end(phone, door.now)
    door.later(1)
    door.come_in(at(4, "code", code))
    assert door.gate.inside() == ["10.77.0.2", "10.77.0.4"]
    door.later(1)
    door.come_in(at(5, "code", code))
    assert door.gate.inside() == ["10.77.0.4", "10.77.0.5"]


def test_a_phone_that_has_come_in_by_another_way_since_is_not_put_out(door: Door) -> None:
    code = code_of(door)
    door.come_in(at(2, "code", code))
    phone = door.keeper.phone_at("10.77.0.2")
    assert phone is not None
    door.keeper.end(phone, door.now)
    door.come_in(at(2))
    door.come_in(at(3, "code", code))
    assert door.gate.inside() == ["10.77.0.2", "10.77.0.3"]


def test_volume_that_was_used_stays_used_when_the_code_moves_to_another_phone(door: Door) -> None:
    code = code_of(door, limits=Limits(volume=1_000))
    door.come_in(at(2, "code", code))
    phone = door.keeper.phone_at("10.77.0.2")
    assert phone is not None
    door.gate.stays[phone].used = 700
    door.later(2)
    door.come_in(at(3, "code", code))
    assert door.keeper.standing("10.77.0.3", door.now).octets_left == 300
    door.gate.stays[door.keeper.phone_at("10.77.0.3")].used = 300  # type: ignore[index]
    door.later(2)
    assert refused(door, at(4, "code", code)).code == "used-up"
    door.restart()
    answer = door.desk.enter(at(4, "code", code), door.now)
    # What nobody had written down is lost with the portal; what was known at the last change of phones is not.
    assert isinstance(answer, Admitted)
    assert answer.grant.limits.volume == 300


@pytest.mark.parametrize("moment", ["before the form", "between form and gate"])
def test_an_ended_batch_lets_nobody_in(door: Door, moment: str) -> None:
    code = code_of(door)
    entry = at(2, "code", code)
    batch = door.vouchers.latest(door.now)[0].batch.id
    if moment == "before the form":
        assert door.vouchers.end(batch, door.now)
        assert refused(door, entry).code == "over"
        return
    answer = door.desk.enter(entry, door.now)
    assert isinstance(answer, Admitted)
    door.keeper.let_in(entry.place, answer.grant, door.now)
    assert door.vouchers.end(batch, door.now)
    door.desk.opened(entry, answer, door.now)
    assert door.gate.inside() == []


def test_a_code_has_to_be_begun_in_its_time(door: Door) -> None:
    early, late = code_of(door, valid_until=door.now + 60), code_of(door, valid_until=door.now + 60)
    door.later(59)
    door.come_in(at(2, "code", early))
    door.later(2)
    assert refused(door, at(3, "code", late)).code == "over"
    door.come_in(at(2, "code", early))


def test_a_disk_that_is_full_leaves_nobody_in_with_a_code_that_was_not_counted(door: Door) -> None:
    code = code_of(door)
    entry = at(2, "code", code)
    answer = door.desk.enter(entry, door.now)
    assert isinstance(answer, Admitted)
    door.keeper.let_in(entry.place, answer.grant, door.now)
    db = door.pool.here()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")

    def until_it_is_full() -> None:
        for _ in range(10_000):
            door.desk.opened(entry, answer, door.now)

    with pytest.raises(StorageError):
        until_it_is_full()
    assert door.gate.inside() == []


def test_a_running_coupon_of_this_shop_opens_the_door_and_is_not_redeemed(door: Door) -> None:
    door.adopt(campaign())
    issued = door.shopper().take(4, "0" * 32, door.now)
    assert isinstance(issued, Issued)
    for n, typed in ((2, issued.code), (3, issued.token), (4, issued.token.lower())):
        door.come_in(at(n, "coupon", typed))
    assert [fact.way for fact in door.facts() if isinstance(fact, PortalJoined)] == ["coupon"] * 3
    assert door.keeper.standing("10.77.0.3", door.now).until == NOW + 1_800
    found = door.shopper().coupon(issued.coupon.serial)
    assert found is not None
    assert found[0].used_at is None


def test_coupons_that_are_no_good_open_nothing(door: Door) -> None:
    door.adopt(campaign(), campaign(5, starts=NOW + 60), campaign(6, basket_min_cents=2_000))
    other = mint_token(OTHER_KEY, Coupon(4, 1, 4, "ab" * 8, int(NOW) + 600))
    basket = mint_token(OTHER_KEY, Coupon(4, 1, 6, "ab" * 8, int(NOW) + 600))
    door.come_in(at(2, "coupon", other))
    door.come_in(at(3, "coupon", basket))
    forged = mint_token(OTHER_KEY, Coupon(3, 1, 4, "ab" * 8, int(NOW) + 600))
    strange = mint_token(OTHER_KEY, Coupon(4, 2, 4, "ab" * 8, int(NOW) + 600))
    unknown = mint_token(OTHER_KEY, Coupon(9, 1, 4, "ab" * 8, int(NOW) + 600))
    for n, typed in enumerate((forged, strange, unknown), 20):
        assert refused(door, at(n, "coupon", typed)) == not_yet("unknown-coupon")
    for n, (number, lasts) in enumerate(((4, 0), (5, 600), (7, 600)), 30):
        over = mint_token(OTHER_KEY, Coupon(4, 1, number, "ab" * 8, int(NOW) + lasts))
        assert refused(door, at(n, "coupon", over)) == not_yet("coupon-over")
    assert refused(door, at(40, "coupon", other[:-1])) == not_yet("mistyped")
    assert refused(door, at(41, "coupon", ELSEWHERE)) == not_yet("coupon-elsewhere")


def test_whoever_types_a_code_need_not_know_of_which_kind_it_is(door: Door) -> None:
    door.adopt(campaign())
    issued = door.shopper().take(4, "0" * 32, door.now)
    assert isinstance(issued, Issued)
    member = door.come_in(at(2, remember=True))
    for n, (typed, way) in enumerate(
        ((issued.code, "coupon"), (member, "member"), (code_of(door), "code")), 3
    ):
        for said in ("code", "coupon", "member"):
            if way == "code" and said == "member":
                continue
            answer = door.desk.enter(at(n, said, typed), door.now)
            if said == "member" and way != "member":
                assert isinstance(answer, NotYet)
            else:
                assert isinstance(answer, Admitted)
                assert answer.grant.way == way


def test_a_slip_of_the_finger_costs_no_try_and_guesses_cost_time(door: Door) -> None:
    good = code_of(door)
    slip = good[:-1] + ("0" if good[-1] != "0" else "1")
    for _ in range(20):
        assert refused(door, at(2, "code", slip)) == not_yet("mistyped")
    for _ in range(5):
        assert refused(door, at(2, "code", ELSEWHERE)).code == "wrong-code"
    waiting = refused(door, at(2, "code", good))
    assert waiting.code == "too-often"
    assert 0 < waiting.wait_s <= 5
    # Another phone is not held up by that.
    assert isinstance(door.desk.enter(at(3, "code", good), door.now), Admitted)
    door.later(6)
    assert isinstance(door.desk.enter(at(2, "code", good), door.now), Admitted)


def test_one_good_code_does_not_buy_tries_without_end(door: Door) -> None:
    good = code_of(door)
    guesses = 0
    for _ in range(100):
        if refused_or_in(door, at(2, "code", ELSEWHERE)) == "too-often":
            break
        guesses += 1
        refused_or_in(door, at(2, "code", good))
    assert guesses <= 6


def refused_or_in(door: Door, entry: Entry) -> str:
    answer = door.desk.enter(entry, door.now)
    return answer.code if isinstance(answer, NotYet) else "in"


@pytest.mark.parametrize(
    "typed", ["", "   ", "\0", "x" * 100_000, "SB1" + "A" * 500, "中" * 300, "💥", "-" * 40]
)
def test_rubbish_is_answered_with_a_sentence(door: Door, typed: str) -> None:
    for way in ("code", "coupon", "member"):
        assert refused(door, at(2, way, typed)).code in ("wrong-code", "too-often")
    assert not door.desk.forget(typed, door.now)


def test_every_sentence_is_there_in_both_languages_with_its_own_punctuation() -> None:
    assert set(TROUBLES) == set(SENTENCES)
    for text in SENTENCES.values():
        assert text["en"].endswith(".")
        assert text["zh"].endswith("。")
        assert not set(text["zh"]) & set(",.;!?")
