"""A shop's backup at head office: pieces in parts over signed requests, each shop its own, nothing half, nothing too much."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from backup_chain import KeepingChain, keeping_chain
from chain_house import Line

from hub.client.enrolling import EnrolError, enrol
from hub.client.link import Reply
from hub.client.node import Node
from hub.config import Config
from hub.devices import open_pairing
from hub.fleet.plan import Plan
from hub.health import look
from hub.safety.head_office import HeadOfficeTarget
from hub.safety.passphrase import Sealer
from hub.safety.restore import RestoreError, restore
from hub.safety.shipper import Shipper
from hub.safety.standing import Shipped, keep
from hub.safety.targets import Missing, TargetError, open_target
from hub.safety.upkeep import DAY_S, Upkeep
from hub.store.sqlite import FILE, SqliteStore
from hub.upstream.line import FOLDER
from hub.wire.backup import NAMES_AT_ONCE, PART_BYTES, BackupReply, BackupRequest, read_names
from hub.wire.identity import sign_request
from hub.wire.sync import Problem
from tests.hub_house import visit

SECRET = "seven green kettles"
LARGE = os.urandom(2 * PART_BYTES + 4_321)
SEGMENT = "line-1/seg-1"


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[KeepingChain]:
    with keeping_chain(tmp_path) as made:
        yield made


class Dropping(Line):
    """A line that drops in the middle of these requests, counted from 1."""

    def __init__(self, line: Line, *drops: int) -> None:
        super().__init__(line.link)
        self.drops = drops
        self.sent = 0

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        self.sent += 1
        if self.sent in self.drops:
            # Half a body came, and the answer to that is lost with the line.
            self.link.post(path, body[: len(body) // 2], headers, timeout_s)
            return Reply(0, b"dropped")
        return super().post(path, body, headers, timeout_s)


def files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def test_a_piece_that_is_larger_than_a_request_comes_in_parts_and_leaves_nothing_else_behind(
    chain: KeepingChain,
) -> None:
    target = chain.target(chain.shop(2))
    target.put(SEGMENT, LARGE)
    assert target.get(SEGMENT) == LARGE
    assert files(chain.kept(2)) == {SEGMENT, "counter", "lock"}
    assert (chain.kept(2) / SEGMENT).stat().st_mode & 0o077 == 0
    assert chain.kept(2).stat().st_mode & 0o077 == 0
    assert target.shown == "upstream:http://head"


def test_a_line_that_drops_in_the_middle_of_a_part_is_taken_up_with_that_part(chain: KeepingChain) -> None:
    shop = chain.shop(2)
    dropping = Dropping(shop.line, 2, 4)
    chain.target(shop, dropping).put(SEGMENT, LARGE)
    assert dropping.sent == 5
    assert chain.target(shop).get(SEGMENT) == LARGE


def test_a_lost_answer_to_the_last_part_changes_nothing(chain: KeepingChain) -> None:
    shop = chain.shop(2)
    target = chain.target(shop)
    target.put(SEGMENT, b"one")
    shop.line.lost = 1
    target.put(SEGMENT, b"another")
    assert target.get(SEGMENT) == b"another"


def test_a_piece_whose_line_stays_cut_is_not_there_and_comes_whole_later(chain: KeepingChain) -> None:
    shop = chain.shop(2)
    target = chain.target(shop, Dropping(shop.line, *range(2, 10)))
    target.put(SEGMENT, b"small")
    with pytest.raises(TargetError, match="does not answer"):
        target.put("line-1/seg-2", LARGE)
    later = chain.target(shop)
    assert later.names("") == [SEGMENT]
    with pytest.raises(Missing):
        later.get("line-1/seg-2")
    later.put("line-1/seg-2", LARGE)
    assert later.get("line-1/seg-2") == LARGE


def test_more_names_than_fit_into_an_answer_are_all_told_in_order(chain: KeepingChain) -> None:
    target = chain.target(chain.shop(2))
    target.put(SEGMENT, b"one")
    for number in range(2, NAMES_AT_ONCE + 3):
        (chain.kept(2) / "line-1" / f"seg-{number}").touch()
    found = target.names("line-1/seg-")
    assert found == sorted(found)
    assert len(found) == NAMES_AT_ONCE + 2


def test_a_list_of_names_that_is_none_or_far_too_long_is_not_read() -> None:
    for data in (b"", b"names", zlib.compress(bytes(10**7)), zlib.compress(b"line-1/seg-1")[:-1]):
        with pytest.raises(ValueError, match="names"):
            read_names(data)


def test_another_shop_sees_nothing_of_it_and_changes_nothing(chain: KeepingChain) -> None:
    mine, theirs = chain.target(chain.shop(2)), chain.target(chain.shop(3))
    mine.put(SEGMENT, b"mine")
    assert theirs.names("") == []
    assert theirs.names("line-1/") == []
    with pytest.raises(Missing):
        theirs.get(SEGMENT)
    theirs.delete(SEGMENT)
    theirs.put(SEGMENT, b"theirs")
    assert mine.get(SEGMENT) == b"mine"


def ask(chain: KeepingChain, node: Node, asked: BackupRequest, counter: int) -> Reply:
    body = msgspec.json.encode(asked)
    headers = sign_request(node.key, node.device, counter, "POST", "/v1/backup", body)
    return chain.head.link.post("/v1/backup", body, headers, 1)


def code_of(reply: Reply) -> tuple[int, str]:
    return reply.status, msgspec.json.decode(reply.body, type=Problem).code


def node_of(chain: KeepingChain, number: int) -> Node:
    found = Node.load(chain.shop(number).folder / FOLDER)
    assert found is not None
    return found


def put(name: str, data: bytes = b"x", **more: object) -> BackupRequest:
    whole = BackupRequest("put", name, 0, len(data), hashlib.sha256(data).hexdigest(), data)
    return msgspec.structs.replace(whole, **more)


NO_PIECES = (
    "", "line-1", "seg-1", "../3/line-1/seg-1", "line-1/../seg-1", "line-1/../../seg-1", "/line-1/seg-1", "line-1/seg-1/",
    "line-1/seg-1\n", "line-1/seg-1\x00", "line-1//seg-1", "line-./seg-1", "line-1/seg-1.new", "drafts/seg-1", "line-1/key-1",
    "line-1/seg-１", "counter", "line-1\\seg-1",
)  # fmt: skip


def test_a_name_that_is_no_piece_is_refused(chain: KeepingChain) -> None:
    node = node_of(chain, 2)
    outside = files(chain.head.folder)
    numbers = iter(range(1, 1_000))
    for name in NO_PIECES:
        for asked in (put(name), BackupRequest("get", name), BackupRequest("delete", name)):
            assert code_of(ask(chain, node, asked, next(numbers))) == (400, "bad_name"), name
        listed = ask(chain, node, BackupRequest("list", name), next(numbers))
        assert listed.status == 200
        assert read_names(msgspec.json.decode(listed.body, type=BackupReply).data) == [], name
    assert files(chain.head.folder) == outside


def test_a_request_that_was_seen_is_not_done_again(chain: KeepingChain) -> None:
    node = node_of(chain, 2)
    assert ask(chain, node, put(SEGMENT), 1_000).status == 200
    assert ask(chain, node, BackupRequest("delete", SEGMENT), 1_001).status == 200
    again = ask(chain, node, put(SEGMENT), 1_000)
    assert code_of(again) == (409, "counter_used")
    assert msgspec.json.decode(again.body, type=Problem).highest == 1_001
    assert files(chain.kept(2)) == {"counter", "lock"}


def test_a_hub_whose_clock_was_set_back_counts_on(chain: KeepingChain) -> None:
    shop = chain.shop(2)
    chain.target(shop).put(SEGMENT, b"one")
    behind = chain.target(shop, now=lambda: 5.0)
    behind.put(SEGMENT, b"two")
    behind.put(SEGMENT, b"three")
    assert behind.get(SEGMENT) == b"three"


def test_parts_that_do_not_make_up_the_piece_are_given_up(chain: KeepingChain) -> None:
    node = node_of(chain, 2)
    assert code_of(ask(chain, node, put(SEGMENT, digest="0" * 64), 1)) == (409, "torn")
    assert code_of(ask(chain, node, put(SEGMENT, offset=1, size=2), 2)) == (409, "part_missing")
    assert code_of(ask(chain, node, put(SEGMENT, b"longer", size=2), 3)) == (400, "bad_part")
    assert code_of(ask(chain, node, put(SEGMENT, digest=""), 4)) == (400, "bad_part")
    assert files(chain.kept(2)) == {"counter", "lock"}


def test_a_shop_has_so_much_room_and_is_told_so(tmp_path: Path) -> None:
    with keeping_chain(tmp_path, below_gb=1) as chain:
        target = chain.target(chain.shop(2))
        other = chain.target(chain.shop(3))
        chain.kept(2).joinpath("line-0").mkdir(parents=True)
        # Nothing is in it, and nothing of it is on the disk; it is as long as that.
        with (chain.kept(2) / "line-0" / "part-1-1").open("wb") as file:
            file.truncate(10**9 - 2_000)
        target.put(SEGMENT, bytes(1_500))
        with pytest.raises(TargetError) as told:
            target.put("line-1/seg-2", bytes(1_000))
        assert "does not take it: Head office keeps up to 1 GB of this shop's backup" in str(told.value)
        target.put(SEGMENT, bytes(1_600))
        other.put(SEGMENT, bytes(5_000))
        target.delete("line-0/part-1-1")
        target.put("line-1/seg-2", bytes(5_000))
        assert target.names("") == [SEGMENT, "line-1/seg-2"]


def test_only_the_hub_of_a_shop_that_is_not_withdrawn_keeps_anything(chain: KeepingChain) -> None:
    till = chain.head.node()
    refused = till.post("/v1/backup", msgspec.json.encode(put(SEGMENT)))
    assert code_of(refused) == (403, "not_a_hub")
    shop = chain.shop(2)
    target = chain.target(shop)
    target.put(SEGMENT, b"one")
    with chain.head.store.writing():
        chain.head.store.devices.withdraw("hub-1", chain.head.now)
    with pytest.raises(TargetError, match="withdrawn"):
        target.get(SEGMENT)
    unsigned = chain.head.link.post("/v1/backup", msgspec.json.encode(BackupRequest("list")), {}, 1)
    assert unsigned.status == 401


def test_without_a_passphrase_nothing_goes_to_head_office(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="HUB_BACKUP_SECRET_FILE"):
        open_target("upstream:", identity=tmp_path / FOLDER)


def test_a_missing_passphrase_is_a_warning_of_the_hub(chain: KeepingChain) -> None:
    shop = chain.shop(2)
    keep(shop.folder / "backup.json", Shipped(shop.now, "upstream:", confirmed_at=shop.now))
    told = {one.code: one for one in look(shop.store, Config(shop.folder, backup_to="upstream:"), shop.now)}
    assert "HUB_BACKUP_SECRET_FILE" in told["backup-late"].sentence()
    assert "口令" in told["backup-late"].sentence("zh")


def test_a_shop_that_stands_alone_is_told_to_join(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="upstream join"):
        HeadOfficeTarget(tmp_path / FOLDER).put(SEGMENT, b"one")


def test_a_part_of_a_base_copy_is_read_back_once_an_hour_where_the_line_is_thin(chain: KeepingChain) -> None:
    shop = chain.shop(2)
    target = chain.target(shop)
    shipper = Shipper(shop.folder / FILE, target, Sealer(SECRET), lambda: shop.now)
    shipper.begin()
    upkeep = Upkeep(shipper, 8 * DAY_S, lambda: shop.now, lambda: False, 3_600)
    upkeep.make_base()
    assert shipper.place is not None
    assert upkeep.must_have(shipper.place) is not None
    (part,) = chain.kept(2).glob("line-*/part-*")
    part.write_bytes(part.read_bytes()[:-1])
    shop.now += 3_599
    assert upkeep.must_have(shipper.place) is not None
    shop.now += 2
    with pytest.raises(Missing, match="something else under"):
        upkeep.must_have(shipper.place)
    shipper.close()


def ship(chain: KeepingChain) -> HeadOfficeTarget:
    """A shop with some facts, all of it at head office."""
    shop = chain.shop(2)
    target = chain.target(shop)
    shipper = Shipper(shop.folder / FILE, target, Sealer(SECRET), lambda: shop.now)
    shipper.begin()
    shop.node("edge", "Door").report(visit(), visit())
    Upkeep(shipper, 8 * DAY_S, lambda: shop.now, lambda: False).make_base()
    shop.node().report(visit())
    shipper.step()
    shipper.close()
    return target


def test_head_office_holds_nothing_that_it_could_read_and_a_restore_is_whole(
    chain: KeepingChain, tmp_path: Path
) -> None:
    target = ship(chain)
    kept = b"".join((chain.kept(2) / name).read_bytes() for name in target.names(""))
    assert kept
    assert "街角".encode() not in kept
    assert (chain.shops[0].folder / "hub.key").read_bytes().strip() not in kept
    done = restore(target, tmp_path / "back", passphrase=SECRET)
    assert done.files == ("hub.key",)
    store = SqliteStore(tmp_path / "back" / FILE)
    assert (store.journal.last_position(), len(store.devices.all())) == (3, 2)
    store.close()


@pytest.mark.parametrize("knows_the_format", [False, True])
def test_a_piece_that_was_tampered_with_at_head_office_is_found(
    chain: KeepingChain, tmp_path: Path, knows_the_format: bool
) -> None:
    target = ship(chain)
    names = target.names("")
    assert {name.rpartition("/")[2].partition("-")[0] for name in names} == {"seg", "base", "part"}
    for number, name in enumerate(names):
        path = chain.kept(2) / name
        raw = path.read_bytes()
        whole = bytearray(raw[:-32])
        whole[-1] ^= 1
        end = hashlib.sha256(whole).digest() if knows_the_format else raw[-32:]
        path.write_bytes(bytes(whole) + end)
        with pytest.raises(RestoreError, match=r"altered|not the part"):
            restore(target, tmp_path / f"back-{number}", passphrase=SECRET)
        assert not (tmp_path / f"back-{number}").exists()
        path.write_bytes(raw)


def test_a_code_for_the_hub_of_one_shop_lets_a_new_machine_in_that_knows_nothing_of_it(
    chain: KeepingChain, tmp_path: Path
) -> None:
    shop, head = chain.shop(2), chain.head
    chain.target(shop).put(SEGMENT, b"one")

    def code() -> str:
        plan = Plan(name="Corner", shop=2)
        return str(open_pairing(head.store, head.key, "hub", head.now, plan=plan))

    with pytest.raises(EnrolError, match="The number 2 is taken here"):
        enrol(tmp_path / "new", "http://head", code(), "hub", "Shop", head.link)
    head.store.devices.withdraw("hub-1", head.now)
    other = chain.shop(3)
    third = other.store.shop.get()
    assert third is not None
    with pytest.raises(EnrolError, match="This code is for the hub of shop 2"):
        enrol(
            tmp_path / "new", "http://head", code(), "hub", "Shop", head.link, msgspec.structs.replace(third)
        )
    with pytest.raises(EnrolError, match="says which shop it is"):
        enrol(tmp_path / "new", "http://head", head.code(), "hub", "Shop", head.link)
    node = enrol(tmp_path / "new", "http://head", code(), "hub", "Shop", head.link)
    assert node.name == "Corner"
    assert HeadOfficeTarget(tmp_path / "new", head.link).get(SEGMENT) == b"one"
