"""A node joins by a code that it shows, by a key that was allowed before, or as the new hardware of one that was there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.enrolling import EnrolError, enrol
from hub.client.joining import Joining, lasting_key
from hub.client.link import Reply
from hub.client.node import Node
from hub.devices import open_pairing
from hub.fleet.doors import accept, allow_keys, give_keys, read_keys, turn_away
from hub.fleet.plan import Plan
from hub.wire.events import CouponRedeemed, write_event
from hub.wire.identity import fingerprint, public_text, sign_text
from hub.wire.joining import ASKING_S, AskReply, AskRequest, HelloReply, joining_code
from hub.wire.snapshot import Manifest, Right, Shop
from hub.wire.sync import EnrolReply, Problem, SyncReply
from tests.hub_house import House, HouseNode, campaign, problem, read
from tests.postgres_server import PostgresServer, postgres_server

WHO = "Ines"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    house = House(tmp_path / "hub", database)
    yield house
    house.close()


def newcomer(house: House, folder: Path, name: str = "Till 1", **more: object) -> Joining:
    return Joining(folder, "http://hub.test", "kiosk", name, link=house.link, **more)  # type: ignore[arg-type]


def let_in(house: House, joining: Joining, plan: Plan | None = None) -> Node:
    standing = joining.step()
    assert standing.stage == "waiting", standing
    taken = accept(house.store, standing.code, plan or Plan(), house.now, WHO)
    assert not isinstance(taken, Problem), taken
    assert joining.step().stage == "joined"
    node = Node.load(joining.folder)
    assert node is not None
    return node


def as_house_node(house: House, node: Node) -> HouseNode:
    reply = EnrolReply(node.device, node.shop, node.key_number, node.epoch + 1, node.hub, "")
    return HouseNode(house, node.key, reply)


def test_a_node_shows_a_code_and_is_in_when_somebody_accepts_it(house: House, tmp_path: Path) -> None:
    joining = newcomer(house, tmp_path / "new")
    first = joining.step()
    assert (first.stage, len(first.code), first.hub) == ("waiting", 12, fingerprint(public_text(house.key)))
    house.now += 60
    assert joining.step().code == first.code, "the code stays while it is good"
    node = let_in(house, joining, Plan(name="The long till"))
    assert (node.device, node.name, node.shop) == ("kiosk-1", "The long till", 7)
    assert not list((tmp_path / "new").glob("joining.*"))
    assert as_house_node(house, node).send().verdicts == ()
    assert [entry.who for entry in house.store.people.audit() if entry.what == "device.accepted"] == [WHO]


def test_a_code_is_good_once(house: House, tmp_path: Path) -> None:
    joining = newcomer(house, tmp_path / "new")
    code = joining.step().code
    let_in(house, joining)
    again = accept(house.store, code, Plan(), house.now, WHO)
    assert isinstance(again, Problem)
    assert again.code == "used_code"
    assert len(house.store.devices.all()) == 1


def test_a_code_that_is_typed_late_is_refused_and_the_node_shows_another(
    house: House, tmp_path: Path
) -> None:
    joining = newcomer(house, tmp_path / "new")
    code = joining.step().code
    house.now += ASKING_S
    late = accept(house.store, code, Plan(), house.now, WHO)
    assert isinstance(late, Problem)
    assert late.code == "late_code"
    joining.step()
    another = joining.step()
    assert another.stage == "waiting"
    assert another.code not in ("", code)
    assert house.store.devices.all() == []


def test_a_yes_that_the_node_did_not_fetch_within_ten_minutes_is_over(house: House, tmp_path: Path) -> None:
    joining = newcomer(house, tmp_path / "new")
    code = joining.step().code
    assert not isinstance(accept(house.store, code, Plan(), house.now, WHO), Problem)
    house.now += ASKING_S
    joining.step()
    assert joining.step().stage == "waiting"
    assert house.store.devices.all() == []


def test_somebody_who_saw_the_code_gets_in_with_no_key_of_his_own(house: House, tmp_path: Path) -> None:
    code = newcomer(house, tmp_path / "new").step().code
    thief = Ed25519PrivateKey.generate()
    hub = public_text(house.key)
    asked = AskRequest(public_text(thief), "kiosk", "Till 1", hub, "")
    signed = msgspec.structs.replace(asked, signature=sign_text(thief, asked.signed_text()))
    assert read(house.link.post("/v1/ask", msgspec.json.encode(signed), {}, 1), AskReply).state == "waiting"
    assert not isinstance(accept(house.store, code, Plan(), house.now, WHO), Problem)
    again = read(house.link.post("/v1/ask", msgspec.json.encode(signed), {}, 1), AskReply)
    assert again.state == "waiting"
    # And with the node's own key in his question he cannot sign it.
    forged = msgspec.structs.replace(signed, name="Mine")
    assert house.link.post("/v1/ask", msgspec.json.encode(forged), {}, 1).status == 401


class Between:
    """Somebody on the line who says that he is the hub, and asks the real one under a key of his own."""

    def __init__(self, house: House) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.house = house

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        if path == "/v1/hello":
            return Reply(200, msgspec.json.encode(HelloReply(public_text(self.key), self.house.now)))
        return self.house.link.post(path, body, headers, timeout_s)


def test_a_node_that_heard_somebody_else_shows_a_code_that_the_hub_does_not_know(
    house: House, tmp_path: Path
) -> None:
    joining = newcomer(house, tmp_path / "new")
    joining.link = Between(house)
    standing = joining.step()
    assert standing.stage != "waiting"
    key = Ed25519PrivateKey.generate()
    code = joining_code(public_text(key), public_text(Ed25519PrivateKey.generate()))
    unknown = accept(house.store, code, Plan(), house.now, WHO)
    assert isinstance(unknown, Problem)
    assert unknown.code == "unknown_code"


def test_a_node_that_is_for_one_hub_takes_no_other(house: House, tmp_path: Path) -> None:
    other = fingerprint(public_text(Ed25519PrivateKey.generate()))
    assert newcomer(house, tmp_path / "a", hub_key=other).step().stage == "another_hub"
    own = fingerprint(public_text(house.key))
    assert newcomer(house, tmp_path / "b", hub_key=own.lower()).step().stage == "waiting"


def test_a_node_that_was_turned_away_asks_no_more_until_it_is_told_to(house: House, tmp_path: Path) -> None:
    joining = newcomer(house, tmp_path / "new")
    code = joining.step().code
    assert turn_away(house.store, code, house.now, WHO) is None
    assert joining.step().stage == "refused"
    joining.begin_again(name="Till 9")
    assert joining.step().code not in ("", code)


def test_a_power_cut_between_the_hubs_yes_and_the_nodes_own_record_loses_nothing(
    house: House, tmp_path: Path
) -> None:
    lost = newcomer(house, tmp_path / "new")
    code = lost.step().code
    accept(house.store, code, Plan(), house.now, WHO)

    class CutOff:
        def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
            house.link.post(path, body, headers, timeout_s)
            return Reply(0, b"cut")

    lost.link = CutOff()
    assert lost.step().stage == "unreachable"
    assert len(house.store.devices.all()) == 1
    house.now += 3 * ASKING_S
    assert newcomer(house, tmp_path / "new").step().stage == "joined"
    assert len(house.store.devices.all()) == 1


def test_many_who_ask_from_one_place_do_not_keep_others_out(house: House, tmp_path: Path) -> None:
    stages = [newcomer(house, tmp_path / f"n{number}").step().stage for number in range(34)]
    assert stages.count("waiting") == 32
    assert stages[-1] == "full"
    house.now += 2 * ASKING_S
    assert newcomer(house, tmp_path / "later").step().stage == "waiting"


def test_a_code_belongs_to_the_shop_that_accepts_it(house: House, tmp_path: Path) -> None:
    other = house.store.of_shop(8)
    other.shop.save(Shop(8, {"en": "Another"}), house.now)
    here, there = newcomer(house, tmp_path / "a"), newcomer(house, tmp_path / "b")
    code = there.step().code
    let_in(house, here)
    assert not isinstance(accept(other, code, Plan(), house.now, WHO), Problem)
    assert there.step().stage == "joined"
    assert [device.name for device in house.store.devices.all()] == ["Till 1"]
    assert len(other.devices.all()) == 1
    # The other shop cannot even see that somebody waited with that code.
    gone = accept(house.store, code, Plan(), house.now, WHO)
    assert isinstance(gone, Problem)
    assert gone.code == "unknown_code"


def test_a_file_of_keys_lets_nodes_in_without_anybody_at_the_page(house: House, tmp_path: Path) -> None:
    publics = [lasting_key(tmp_path / f"n{number}") for number in range(3)]
    assert publics[0] == lasting_key(tmp_path / "n0"), "the key stays the same"
    text = "\n".join(f"{public} kiosk Till {place}" for place, public in enumerate(publics, 1))
    good, bad = read_keys(f"# our tills\n{text}\nnothing kiosk\n{publics[0]} kiosk Again\n{'0' * 64} toaster")
    assert [line.number for line in bad] == [5, 6, 7]
    assert allow_keys(house.store, good, house.now + 86_400, house.now, WHO) == 3
    own = fingerprint(public_text(house.key))
    for number in range(3):
        joining = newcomer(house, tmp_path / f"n{number}", "unnamed", hub_key=own)
        assert joining.step().stage == "joined"
    assert [device.name for device in house.store.devices.all()] == ["Till 1", "Till 2", "Till 3"]


def test_an_allowed_key_needs_to_know_its_hub_since_nobody_compares_a_code(
    house: House, tmp_path: Path
) -> None:
    public = lasting_key(tmp_path / "new")
    allow_keys(house.store, [(public, "kiosk", Plan())], house.now + 60, house.now, WHO)
    standing = newcomer(house, tmp_path / "new").step()
    assert standing.stage == "another_hub"
    assert "hub-key" in standing.sentence


def test_an_allowed_key_that_is_too_old_waits_like_any_other(house: House, tmp_path: Path) -> None:
    public = lasting_key(tmp_path / "new")
    allow_keys(house.store, [(public, "kiosk", Plan())], house.now + 60, house.now, WHO)
    house.now += 61
    own = fingerprint(public_text(house.key))
    assert newcomer(house, tmp_path / "new", hub_key=own).step().stage == "waiting"


def test_a_key_of_one_use_lives_as_long_as_is_said_and_lets_one_node_in(house: House, tmp_path: Path) -> None:
    codes = give_keys(
        house.store, house.key, 2, "kiosk", Plan(name="Bulk"), house.now + 86_400, house.now, WHO
    )
    house.now += 80_000
    # Wrong codes end those of ten minutes, and not these: they have 130 random bits.
    open_pairing(house.store, house.key, None, house.now)
    for _ in range(25):
        house.enrol(Ed25519PrivateKey.generate(), "0" * 8)
    node = enrol(tmp_path / "a", "http://hub.test", str(codes[0]), "kiosk", "x", link=house.link)
    assert node.name == "Bulk"
    with pytest.raises(EnrolError, match="wrong or too old"):
        enrol(tmp_path / "b", "http://hub.test", str(codes[0]), "kiosk", "x", link=house.link)
    house.now += 80_000
    with pytest.raises(EnrolError, match="wrong or too old"):
        enrol(tmp_path / "c", "http://hub.test", str(codes[1]), "kiosk", "x", link=house.link)


@pytest.fixture
def swap(house: House, tmp_path: Path) -> Callable[..., tuple[HouseNode, HouseNode]]:
    """An old till and the new one that took its place."""

    def do(plan: Plan, before: Callable[[HouseNode], None] = lambda _: None) -> tuple[HouseNode, HouseNode]:
        old = house.node(name="Till by the door")
        before(old)
        house.now += 5
        node = let_in(house, newcomer(house, tmp_path / "new", "whatever"), plan)
        return old, as_house_node(house, node)

    return do


Swap = Callable[..., tuple[HouseNode, HouseNode]]


def test_new_hardware_is_the_old_node_with_its_name_and_a_journal_of_its_own(
    house: House, swap: Swap
) -> None:
    post = house.store.fleet.post("kiosk-1")
    house.store.fleet.put_post(replace(post, note="under the stairs"))

    def sell(old: HouseNode) -> None:
        old.report(old.mint()[0])

    old, new = swap(Plan(replaces="kiosk-1"), sell)
    assert new.device == old.device == "kiosk-1"
    (device,) = house.store.devices.all()
    assert (device.name, device.public) == ("Till by the door", public_text(new.key))
    assert house.store.fleet.post("kiosk-1").note == "under the stairs"
    assert new.place.epoch > 1
    assert new.place.key_number != old.place.key_number
    refused = problem(old.post("/v1/sync", b"{}"))
    assert refused.code == "withdrawn"
    assert "other hardware" in refused.sentence
    assert new.send().verdicts == ()


def test_coupons_of_replaced_hardware_stay_good_and_those_of_stolen_do_not(
    house: House, tmp_path: Path
) -> None:
    for place, stolen in enumerate((False, True), 1):
        old = house.node(name=f"Till {place}")
        told, known = old.mint()
        _, unknown = old.mint()
        old.report(told)
        node = let_in(
            house, newcomer(house, tmp_path / f"n{place}"), Plan(replaces=old.device, stolen=stolen)
        )
        new = as_house_node(house, node)
        assert new.redeem(known).accepted, "the hub had heard of it"
        assert new.redeem(unknown).accepted is not stolen
        fresh, token = new.mint()
        new.report(fresh)
        assert new.redeem(token).accepted


def rights_of(reply: SyncReply) -> dict[int, Right]:
    assert reply.snapshot is not None
    rights = msgspec.json.decode(reply.snapshot.sections["rights"], type=list[Right])
    assert msgspec.json.decode(reply.snapshot.manifest, type=Manifest).device
    return {right.campaign: right for right in rights}


@pytest.mark.parametrize("keep", [True, False])
def test_rights_of_old_hardware_are_the_new_ones_only_where_it_has_told_everything(
    house: House, swap: Swap, *, keep: bool
) -> None:
    house.publish(campaign(2, issue_limit=400, channels=("kiosk",)))
    house.now += 700  # longer than a hub waits for nodes after a start
    seen: list[int] = []

    def spend_some(old: HouseNode) -> None:
        sync(old)
        old.report(old.mint(2)[0])
        seen.append(house.store.ledger.grant_of(2, old.device).issue)

    def sync(node: HouseNode) -> SyncReply:
        return read(node.post("/v1/sync", b'{"rights":[]}'), SyncReply)

    _, new = swap(Plan(replaces="kiosk-1", keep_rights=keep), spend_some)
    (held,) = seen
    assert held >= 1
    right = rights_of(sync(new))[2]
    left = right.issue - right.issued
    given = right.issue - held
    # What of the old hardware's own nobody can vouch for is not handed out once more.
    assert left == given + (held - 1 if keep else 0)


def test_a_replacement_of_another_kind_or_of_nobody_is_not_accepted(house: House, tmp_path: Path) -> None:
    house.node("edge", "Door")
    code = newcomer(house, tmp_path / "new").step().code
    for plan, wrong in (
        (Plan(replaces="edge-1"), "wrong_program"),
        (Plan(replaces="kiosk-9"), "unknown_device"),
        (Plan(team="nowhere"), "unknown_group"),
    ):
        answer = accept(house.store, code, plan, house.now, WHO)
        assert isinstance(answer, Problem)
        assert answer.code == wrong


def test_old_hardware_that_comes_back_with_late_facts_mixes_nothing_up(house: House, swap: Swap) -> None:
    def sell(node: HouseNode) -> None:
        node.report(node.mint()[0])

    old, new = swap(Plan(replaces="kiosk-1"), sell)
    before = house.store.journal.last_position()
    late = write_event(old.event(old.mint()[0]))
    assert old.post("/v1/sync", b'{"events":[' + late + b"]}").status == 403
    assert house.store.journal.last_position() == before
    fact = CouponRedeemed(serial="00" * 8, campaign=1, nonce="n" * 16, till="t", staff="s", value_cents=1)
    event = msgspec.structs.replace(new.event(fact), epoch=new.place.epoch)
    assert new.send(write_event(event)).verdicts[0].outcome == "taken"
