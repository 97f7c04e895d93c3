"""Members at the hub: who joined at a node arrives sealed, is found by card, number, address and name, merges and parts.

The same on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.client.counters import Counters
from hub.client.db import Pool, StorageError, writing
from hub.client.enrolling import enrol
from hub.client.exchange import Exchange
from hub.client.joins import Joins
from hub.client.link import Reply, SignedLink
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.config import Config
from hub.devices import open_pairing
from hub.health import look
from hub.members.book import Book
from hub.members.consent import give, standing, withdraw
from hub.members.duplicates import pairs, pairs_of, say_different
from hub.members.erasing import work_forgetting
from hub.members.joining import Agreed, join_here
from hub.members.merging import merge, part, preview
from hub.members.people_key import KeptPeopleKey, PeopleKey, people_key
from hub.rebuild import rebuild, verify
from hub.sentences import Said
from hub.wire.card import Card, card_hash, make_card, make_member_code, show_member_code
from hub.wire.events_members import MemberJoined
from hub.wire.identity import public_text
from hub.wire.sealing import seal
from hub.wire.snapshot import Shop as ShopBody
from hub.wire.sync_members import Fields, JoinReply, JoinRequest, MemberReply, MemberRequest, Sealed
from tests.hub_house import NOON, House, campaign
from tests.postgres_server import PostgresServer, postgres_server

ANNA = Fields("Anna Huber", "+4366012345678", "Anna.Huber@example.org", "1980-02-29", {"Size": "38"})
NAMES = (
    "😀 Ann 👩‍👩‍👧",
    "محمد بن عبد الله",
    '=HYPERLINK("http://evil.example","x")',
    "<script>alert(1)</script>",
    "Robert'); DROP TABLE member;--",
    "\x00zero\x00",
    "王小明",
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


class Shop(House):
    """A hub that has a folder for its secrets, so that it may keep people."""

    def __init__(self, folder: Path, database: str = "") -> None:
        super().__init__(folder, database)
        self.people = KeptPeopleKey(folder)()
        self.book = Book(self.store, self.people, public_text(self.key))

    def join(
        self, fields: Fields, at: float = NOON, member: str = "", code: str = "", language: str = "de"
    ) -> str:
        member = member or os.urandom(16).hex()
        with self.store.writing():
            self.book.join(
                member,
                fields,
                language=language,
                way="office",
                at=at,
                code_hash=card_hash(code) if code else "",
            )
        return member


@pytest.fixture(params=["sqlite", "postgres"])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    url = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    house = Shop(tmp_path / "hub", url)
    yield house
    house.close()


class Till:
    """A node with its disk, over a line that can be cut."""

    def __init__(self, shop: Shop, folder: Path, name: str = "Till 1") -> None:
        code = open_pairing(shop.store, shop.key, "kiosk", shop.now)
        self.node = enrol(folder, "http://hub", str(code), "kiosk", name, shop.link)
        self.pool = Pool(folder / "kiosk.db", [MIGRATIONS_CLIENT])
        self.outbox = Outbox(self.pool, self.node, shop.clock)
        self.shelf = Shelf(self.pool)
        self.cut = False
        self._hub = shop.link
        self.link = SignedLink(self, self.node, Counters(self.pool))
        self.joins = Joins(self.pool, self.node.hub)
        self.exchange = Exchange(self.node, self.outbox, self.shelf, self.link, shop.clock)

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        return Reply(0, b"cut") if self.cut else self._hub.post(path, body, headers, timeout_s)

    def take_in(self, fields: Fields, code: str = "", member: str = "", at: float = NOON) -> str:
        member = member or os.urandom(16).hex()
        with writing(self.pool.here()) as conn:
            self.joins.put(conn, member, fields, language="de", at=at, code=code)
            self.outbox.put(
                conn, MemberJoined(member=member, way="till", place="Till 1", language="de", staff="s1"), at
            )
        return member

    def ask(self, text: str) -> MemberReply:
        reply = self.link.post("/v1/member", msgspec.json.encode(MemberRequest(text)), 5)
        assert reply.status == 200, reply.body
        return msgspec.json.decode(reply.body, type=MemberReply)

    def close(self) -> None:
        self.pool.close()


def disk_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_who_joins_at_a_till_that_is_cut_off_is_known_at_the_hub_as_soon_as_it_is_heard(
    shop: Shop, tmp_path: Path
) -> None:
    till = Till(shop, tmp_path / "till")
    till.cut = True
    code = make_member_code(os.urandom(10))
    member = till.take_in(ANNA, code)
    assert till.exchange.once().retry is not None
    assert till.joins.count() == 1
    kept = disk_of(tmp_path / "till")
    assert not any(text.encode() in kept for text in ("Anna", "66012345678", "example.org", "1980-02-29"))
    till.cut = False
    assert till.exchange.once().retry is None
    assert till.joins.count() == 0
    assert shop.book.fields(member) == ANNA
    assert shop.book.language(member) == "de"
    assert shop.book.address(member, "sms") == ANNA.phone
    assert shop.book.address(member, "mail") == ANNA.mail
    assert shop.book.address(member, "push") is None
    found = till.ask(show_member_code(code).lower())
    assert (found.member, found.greeting) == (member, "Anna")
    till.close()


def test_the_same_joining_twice_is_one_and_a_later_change_replaces_an_earlier_one_only(
    shop: Shop, tmp_path: Path
) -> None:
    till = Till(shop, tmp_path / "till")
    member = till.take_in(ANNA)
    asked = till.joins.pending()[0]
    for _ in range(2):
        till.link.post("/v1/join", msgspec.json.encode(asked), 5)
    answer = till.link.post("/v1/join", msgspec.json.encode(asked), 5)
    assert msgspec.json.decode(answer.body, type=JoinReply) == JoinReply(member, known=True)
    assert shop.store.register.count() == 1

    def change(name: str, at: float) -> None:
        content = msgspec.json.encode(Sealed(member, msgspec.structs.replace(ANNA, name=name)))
        sealed = seal(bytes.fromhex(till.node.hub), content, os.urandom(32))
        told = JoinRequest(member, "fr", at, sealed, change=True)
        assert till.link.post("/v1/join", msgspec.json.encode(told), 5).status == 200

    change("Anna Maier", NOON + 60)
    change("Anna Huber", NOON + 30)
    assert shop.book.fields(member).name == "Anna Maier"
    assert shop.book.found("name", "anna maier") == (member,)
    assert shop.book.found("name", "anna huber") == ()
    till.close()


def test_what_was_not_sealed_to_this_hub_or_for_another_member_is_never_kept(
    shop: Shop, tmp_path: Path
) -> None:
    till = Till(shop, tmp_path / "till")
    others = [
        seal(os.urandom(31) + b"\x01", b"{}", os.urandom(32)),
        seal(
            bytes.fromhex(till.node.hub),
            msgspec.json.encode(Sealed("b" * 32, ANNA)),
            os.urandom(32),
        ),
        "SBS1" + "A" * 120,
        "nothing of ours",
    ]
    for sealed in others:
        asked = JoinRequest("a" * 32, "en", NOON, sealed)
        answer = till.link.post("/v1/join", msgspec.json.encode(asked), 5)
        assert msgspec.json.decode(answer.body, type=JoinReply).refusal == "unreadable"
    assert shop.store.register.count() == 0
    till.close()


def test_a_card_is_known_by_its_signature_and_nobody_elses(shop: Shop, tmp_path: Path) -> None:
    till = Till(shop, tmp_path / "till")
    member = shop.join(ANNA)
    number = shop.store.shop.number
    key_number = till.node.key_number
    good = make_card(till.node.key, Card(key_number, number, member, int(NOON)))
    by_hub = make_card(shop.key, Card(None, number, member, int(NOON)))
    forged = make_card(shop.key, Card(key_number, number, member, int(NOON)))
    elsewhere = make_card(shop.key, Card(None, number + 1, member, int(NOON)))
    assert till.ask(good.lower()).member == member
    assert till.ask(by_hub).member == member
    assert till.ask(forged).refusal == "bad_signature"
    assert till.ask(elsewhere).refusal == "wrong_shop"
    assert till.ask(make_member_code(os.urandom(10))).refusal == "unknown"
    assert till.ask(member).member == member
    assert till.ask(os.urandom(16).hex()).refusal == "unknown"
    shop.book.remove(member)
    assert till.ask(by_hub).refusal == "left"
    till.close()


def test_guessing_card_codes_stops_the_till_as_guessing_coupons_does(shop: Shop, tmp_path: Path) -> None:
    till = Till(shop, tmp_path / "till")
    statuses = set()
    for _ in range(40):
        asked = MemberRequest(make_member_code(os.urandom(10)))
        statuses.add(till.link.post("/v1/member", msgspec.json.encode(asked), 5).status)
    assert statuses == {200, 429}
    till.close()


def test_no_field_of_anybody_stands_readable_in_the_database(shop: Shop, tmp_path: Path) -> None:
    if "postgres" in type(shop.store).__name__.lower():
        pytest.skip("a server keeps its own files: the rows are the same as in the file")
    shop.join(ANNA)
    kept = disk_of(tmp_path / "hub")
    for text in ("Anna", "anna", "Huber", "66012345678", "example.org", "02-29"):
        assert text.encode() not in kept, text


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind_come_back_as_they_were_told(shop: Shop, name: str) -> None:
    member = shop.join(Fields(name))
    assert shop.book.fields(member).name == name


def test_another_key_of_personal_fields_changes_nothing_and_says_which_file_is_needed(shop: Shop) -> None:
    member = shop.join(ANNA)
    other = Book(shop.store, PeopleKey(os.urandom(32)))
    profile = other.profile(member)
    assert profile is not None
    assert not profile.readable
    assert profile.fields == Fields()
    with pytest.raises(StorageError, match=r"people\.key"):
        other.join("c" * 32, ANNA, language="de", way="office", at=NOON)
    with pytest.raises(StorageError, match=r"people\.key"):
        other.change(member, Fields(), at=NOON + 1)
    assert shop.book.fields(member) == ANNA


def test_a_key_that_is_missing_or_another_one_stands_in_the_list_of_warnings(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "hub")
    config = Config(dir=shop.folder)

    def told() -> bool:
        return "people-key" in {one.code for one in look(shop.store, config, NOON)}

    assert not told()
    shop.join(ANNA)
    assert not told()
    file = shop.folder / "people.key"
    kept = file.read_bytes()
    file.unlink()
    assert told()
    assert not file.exists()
    file.write_text(os.urandom(32).hex())
    assert told()
    file.write_bytes(kept)
    assert not told()
    shop.close()


def test_the_key_is_made_once_for_its_owner_alone_and_a_broken_file_is_told(tmp_path: Path) -> None:
    made = people_key(tmp_path)
    file = tmp_path / "people.key"
    assert people_key(tmp_path).secret == made.secret
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("no key")
    with pytest.raises(StorageError, match=r"people\.key"):
        people_key(tmp_path)


def test_who_may_be_one_person_is_noted_once_and_stays_different_where_somebody_said_so(shop: Shop) -> None:
    first = shop.join(ANNA)
    same_phone = shop.join(Fields("Berta", ANNA.phone), NOON + 1)
    same_mail = shop.join(Fields("Carl", mail="anna.huber@EXAMPLE.org"), NOON + 2)
    same_name = shop.join(Fields("Huber Anna", birthday="--02-29"), NOON + 3)
    shop.join(Fields("Anna Huber", birthday="1981-02-28"), NOON + 4)
    found = {(pair.one.member, pair.other.member, pair.why) for pair in pairs(shop.book, 10)}
    whose = {(next(one for one in (a, b) if one != first), why) for a, b, why in found if first in (a, b)}
    assert whose == {(same_phone, "phone"), (same_mail, "mail"), (same_name, "name")}
    assert len(found) == 3
    say_different(shop.book, first, same_phone)
    shop.book.change(same_phone, Fields("Berta B", ANNA.phone), at=NOON + 9)
    assert {pair.other.member for pair in pairs_of(shop.book, first)} == {same_mail, same_name}


def test_merged_members_are_one_person_for_every_question_and_apart_again_as_before(shop: Shop) -> None:
    old = shop.join(Fields("Anna Huber", "+4366012345678"))
    new = shop.join(Fields("Anna Maier", mail="anna@example.org", birthday="1980-02-29"), NOON + 60)
    looked = preview(shop.book, old, new)
    assert not isinstance(looked, Said)
    assert looked.together == Fields("Anna Maier", "+4366012345678", "anna@example.org", "1980-02-29")
    assert looked.hidden == {"name": "Anna Huber"}
    for _ in range(2):
        done = merge(shop.book, old, new, act="act-1", by="Mia", now=NOON + 90, clock="ntp")
        assert not isinstance(done, Said)
    assert shop.book.by_number("+4366012345678") == new
    assert shop.book.into(old) == new
    assert shop.book.fields(old) == looked.together
    assert shop.store.register.group(old) == (new, old)
    again = merge(shop.book, new, old, act="act-2", by="Mia", now=NOON + 91, clock="ntp")
    assert isinstance(again, Said)
    # A change afterwards: the number that they took away does not come back from the merged one.
    shop.book.change(new, Fields("Anna Maier", "", "anna@example.org", "1980-02-29"), at=NOON + 95)
    assert shop.book.fields(new).phone == ""
    assert shop.book.by_number("+4366012345678") is None
    part(shop.book, "act-1", by="Mia", now=NOON + 99, clock="ntp")
    assert shop.book.into(old) == old
    assert shop.book.fields(old).name == "Anna Huber"
    assert shop.book.fields(new).name == "Anna Maier"
    assert verify(shop.store).differ == ()
    rebuild(shop.store)
    assert shop.store.register.group(old) == (old,)


def test_merging_is_kept_flat_and_undone_in_any_order(shop: Shop) -> None:
    a, b, c, d = (shop.join(Fields(name), NOON + place) for place, name in enumerate("abcd"))
    for act, member, into in (("1", a, b), ("2", c, d), ("3", b, d)):
        done = merge(shop.book, member, into, act=act, by="Mia", now=NOON, clock="ntp")
        assert not isinstance(done, Said)
    assert {shop.book.into(one) for one in (a, b, c, d)} == {d}
    part(shop.book, "1", by="Mia", now=NOON, clock="ntp")
    assert [shop.book.into(one) for one in (a, b, c, d)] == [a, d, d, d]
    part(shop.book, "3", by="Mia", now=NOON, clock="ntp")
    assert [shop.book.into(one) for one in (a, b, c, d)] == [a, b, d, d]
    assert verify(shop.store).differ == ()


def test_who_was_merged_and_then_forgotten_leaves_nothing_of_either_membership(shop: Shop) -> None:
    old, new = shop.join(ANNA), shop.join(Fields("Anna H", ANNA.phone), NOON + 1)
    merge(shop.book, new, old, act="a" * 32, by="Mia", now=NOON, clock="ntp")
    withdraw(shop.store, new, "all", place="Shop", proof="page", now=NOON + 2, clock="ntp")
    for _ in range(3):
        work_forgetting(shop.store, Config(dir=shop.folder), NOON + 3)
    assert shop.store.register.count() == 0
    assert shop.store.register.count_pairs() == 0
    assert shop.book.all_by_number(ANNA.phone) == ()
    assert shop.store.register.merges_of(old) == shop.store.register.merges_of(new) == []
    assert verify(shop.store).differ == ()


def test_a_coupon_given_to_one_membership_is_good_for_both_and_counts_for_both(shop: Shop) -> None:
    shop.publish(campaign(4, per_person_limit=1))
    till = shop.node()
    old, new = shop.join(Fields("Anna")), shop.join(Fields("Anna H"))
    (first, first_token), (second, second_token) = till.mint(4, member=old), till.mint(4, member=new)
    till.report(first, second)
    assert not till.redeem(first_token, member=new).accepted
    merge(shop.book, old, new, act="1", by="Mia", now=NOON, clock="ntp")
    assert till.redeem(first_token, member=new).accepted
    again = till.redeem(second_token, member=old)
    assert (again.accepted, again.refusal) == (False, "person_limit")


def test_of_two_merged_members_the_stricter_consent_counts(shop: Shop) -> None:
    yes, no = shop.join(Fields("Anna")), shop.join(Fields("Anna H"))
    words = {"words": "Messages, please.", "version": "1", "language": "en", "place": "Shop", "proof": "page"}
    for one in (yes, no):
        give(shop.store, one, "messages", "sms", **words, now=NOON, clock="ntp")
    withdraw(shop.store, no, "messages", place="Shop", proof="page", now=NOON + 1, clock="ntp")
    assert standing(shop.store, yes, "messages", "sms", NOON + 2)
    merge(shop.book, no, yes, act="1", by="Mia", now=NOON + 3, clock="ntp")
    assert not standing(shop.store, yes, "messages", "sms", NOON + 4)
    part(shop.book, "1", by="Mia", now=NOON + 5, clock="ntp")
    assert standing(shop.store, yes, "messages", "sms", NOON + 6)


def test_joining_at_the_hub_itself_is_one_transaction_with_its_facts(shop: Shop) -> None:
    agreed = [Agreed("messages", "mail", "Write to me.", "1", "page")]
    for _ in range(2):
        join_here(
            shop.book,
            "d" * 32,
            ANNA,
            way="office",
            place="Office",
            language="de",
            agreed=agreed,
            now=NOON,
            clock="ntp",
        )
    kinds = shop.store.journal.kinds()
    assert (kinds["member.joined"], kinds["consent.given"]) == (1, 1)
    assert standing(shop.store, "d" * 32, "messages", "mail", NOON + 1)
    assert not standing(shop.store, "d" * 32, "messages", "sms", NOON + 1)


def test_a_number_that_several_share_is_found_for_each_of_them(shop: Shop) -> None:
    first = shop.join(Fields("Ann", "+4366012345678"), NOON)
    second = shop.join(Fields("Bob", "+4366012345678"), NOON + 1)
    assert shop.book.all_by_number("+4366012345678") == (first, second)
    assert shop.book.by_number("+4366012345678") == first
    assert shop.book.by_number("") is None


def test_birthdays_are_found_by_the_day(shop: Shop) -> None:
    member = shop.join(ANNA)
    assert shop.book.born_on(2, 29) == [member]
    assert shop.book.born_on(2, 28) == []


def test_a_member_belongs_to_the_shop_in_whose_rows_they_are(shop: Shop) -> None:
    member = shop.join(ANNA)
    other = shop.store.of_shop(9)
    other.shop.save(ShopBody(9, {"en": "Harbour"}), NOON)
    book = Book(other, shop.people)
    assert book.profile(member) is None
    assert book.by_number(ANNA.phone) is None
    book.join(member, Fields("Somebody else"), language="en", way="office", at=NOON)
    assert shop.book.fields(member) == ANNA
