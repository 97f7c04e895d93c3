"""A shop's hub ships to head office, is lost with its folder, and comes back from there on a new machine: two real processes."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from chain_house import HeadHouse, texts
from chain_served import Served, wait_for
from hub_house import House, HouseNode, campaign, visit

from hub.app import open_store
from hub.cli import main
from hub.client.link import HttpLink
from hub.people import NewStaff, add_staff
from hub.pepper import hub_pepper
from hub.rebuild import verify
from hub.safety.drill import journal_digest
from hub.safety.standing import shipped
from hub.store.sqlite import FILE
from hub.upstream.joining import join
from hub.upstream.line import node_at_head_office

TOLD_WITHIN_S = 60.0
SECRET = "seven green kettles"


def confirmed(folder: Path) -> str:
    """Whether head office has all that is committed by now."""
    since = time.time()

    def look() -> str:
        state = shipped(folder)
        return "yes" if state is not None and (state.confirmed_at or 0.0) > since else ""

    return wait_for(look, TOLD_WITHIN_S, folder.with_name("shop.log"))


def told(house: House, head: HeadHouse) -> Callable[[], str]:
    def look() -> str:
        here = house.store.journal.last_position()
        return "all" if here and here == head.store.of_shop(2).journal.last_position() else ""

    return look


def trade(door: HouseNode, till: HouseNode, count: int) -> None:
    for _ in range(count):
        door.report(visit())
        fact, token = till.mint(expires_at=int(time.time()) + 3_600)
        till.report(fact)
        assert till.redeem(token).accepted


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], Served]]:
    """Starts a hub; whatever still runs at the end is killed."""
    running: list[Served] = []

    def start(folder: Path) -> Served:
        running.append(Served(folder, tmp_path / f"{folder.name}.log"))
        return running[-1]

    yield start
    for one in running:
        one.stop(signal.SIGKILL)


@pytest.mark.timeout(300)
def test_a_shop_comes_back_from_head_office_and_catches_up_with_it(
    tmp_path: Path,
    serve: Callable[[Path], Served],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, log = tmp_path / "shop", tmp_path / "shop.log"
    head = HeadHouse(tmp_path / "head")
    above = serve(head.folder)
    folder.mkdir()
    house = House(folder, number=2)
    # The programs have the machine's clock.
    house.now = head.now = time.time()
    house.publish(campaign(ends_at=int(house.now) + 86_400))
    staff = add_staff(house.store, "Mei", None, house.now, who="test", pepper=hub_pepper(folder))
    assert isinstance(staff, NewStaff)
    join(house.store, folder, above.url, head.code(), house.now, "test")
    door, till = house.node("edge", "Door"), house.node()

    # What is traded while it ships is at head office twice: as sealed pieces, and in its books.
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "other").write_text("another passphrase")
    monkeypatch.setenv("HUB_BACKUP_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("HUB_BACKUP_CHECK_S", "0.5")
    monkeypatch.setenv("HUB_BACKUP_DRILL_HOURS", "0")
    monkeypatch.setenv("HUB_BACKUP_TO", "upstream:")
    shop = serve(folder)
    trade(door, till, 3)
    traded = house.store.journal.last_position()
    confirmed(folder)
    shop.stop(signal.SIGKILL)
    # The hub may have written a fact of its own between the two.
    stood = house.store.journal.last_position()
    digests = {position: journal_digest(house.store, position)[0] for position in range(traded, stood + 1)}

    # What is traded after that is in the books alone.
    monkeypatch.delenv("HUB_BACKUP_TO")
    shop = serve(folder)
    trade(door, till, 2)
    wait_for(told(house, head), TOLD_WITHIN_S, log)
    before = sorted(texts(house))
    devices = {one.device: one.public for one in house.store.devices.all()}
    shop.stop(signal.SIGKILL)
    house.close()
    shutil.rmtree(folder)

    # Head office lets a new machine be that shop's hub, once it has let the old one go.
    pair = ["--dir", str(head.folder), "pair", "--program", "hub", "--for"]
    assert main([*pair, "3"]) == 1
    assert "No shop 3 has joined here" in capsys.readouterr().err
    assert main([*pair, "2"]) == 1
    assert "devices --withdraw hub-1" in capsys.readouterr().err
    assert main(["--dir", str(head.folder), "devices", "--withdraw", "hub-1"]) == 0
    capsys.readouterr()
    assert main([*pair, "2"]) == 0
    code = capsys.readouterr().out.strip()

    back = tmp_path / "new" / "shop"
    restore = ["restore", f"upstream:{above.url}", "--to", str(back)]
    assert main(restore) == 1
    assert "--code" in capsys.readouterr().err
    monkeypatch.setenv("HUB_BACKUP_SECRET_FILE", str(tmp_path / "other"))
    assert main([*restore, "--code", code]) == 1
    assert "sealed with another passphrase" in capsys.readouterr().err
    assert not back.exists()
    # The code is used up; who this machine is was kept.
    monkeypatch.setenv("HUB_BACKUP_SECRET_FILE", str(tmp_path / "secret"))
    assert main(restore) == 0
    assert "hub.key and pins.pepper came with it" in capsys.readouterr().out
    assert [path.name for path in back.parent.iterdir()] == ["shop"]

    with closing(open_store(back)) as store:
        copied = store.journal.last_position()
        assert copied < len(before)
        assert journal_digest(store, copied)[0] == digests[copied]
        assert {one.device: one.public for one in store.devices.all()} == devices
        assert [one.id for one in store.people.staff()] == [staff.member.id]
        assert store.campaigns.all()
        assert store.setback.marked_at() is not None
    node = node_at_head_office(back)
    assert node is not None
    assert (node.device, node.name) == ("hub-2", "Corner")

    # It serves, gets from head office what came after the copy, hears its devices, and ships to the same place.
    monkeypatch.setenv("HUB_BACKUP_TO", "upstream:")
    shop = serve(back)
    house.link = HttpLink(shop.url)  # type: ignore[assignment]
    with closing(open_store(back)) as store:
        wait_for(lambda: "all" if store.journal.last_position() >= len(before) else "", TOLD_WITHIN_S, log)
        assert sorted(text for chunk in store.journal.chunks() for _, _, text in chunk) == before
        assert store.setback.latest() is not None
        sent = store.journal.last_position()
        verdicts = door.report(visit()).verdicts
        assert [one.outcome for one in verdicts] == ["taken"]
        wait_for(
            lambda: "all" if head.store.of_shop(2).journal.last_position() > sent else "", TOLD_WITHIN_S, log
        )
        assert verify(store).differ == ()
    confirmed(back)
    shop.stop()
    lines = {path.parent.name for path in (head.folder / "below" / "2").glob("line-*/base-*")}
    assert len(lines) == 2

    # A second look at the backup, from the shop's own hub: what somebody changed at head office is found.
    part = max((head.folder / "below" / "2").glob("line-*/part-*"), key=lambda path: path.parent.name)
    raw = part.read_bytes()
    part.write_bytes(raw[:-40] + bytes([raw[-40] ^ 1]) + raw[-39:])
    again = ["--dir", str(back), "restore", "upstream:", "--to", str(tmp_path / "again")]
    assert main(again) == 1
    assert part.name in capsys.readouterr().err
    part.write_bytes(raw)
    assert main([*again, "--quick"]) == 0
    assert (tmp_path / "again" / FILE).exists()
    above.stop()
    head.close()
