"""Who was forgotten is forgotten in backups, too: again where an older state is put back, and at once where a shop wants that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.app import open_store
from hub.members.consent import is_forgotten, withdraw
from hub.members.erasing import clean, forget_asked
from hub.members.forgotten_list import ERASED_FILE, LIST_FILE, ForgottenList, read_list
from hub.rebuild import verify
from hub.safety.drill import differs
from hub.safety.erased import Erased, get_list
from hub.safety.passphrase import Sealer
from hub.safety.pieces import Broken
from hub.safety.restore import restore
from hub.safety.shipper import Shipper
from hub.safety.targets import FolderTarget
from hub.safety.upkeep import DAY_S, Upkeep
from hub.store.shipping import SHORTEN_FILE
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import ConsentGiven, PurchasePaid
from tests.hub_house import NOON, House
from tests.prove._traces import Traces, search

SECRET = "seven green kettles"
ANN, BOB = "a1" * 16, "b0" * 16


@dataclass
class Place:
    """A hub with two members, its backup, and what ships."""

    folder: Path
    secret: str = ""
    now: float = NOON
    house: House = field(init=False)
    target: FolderTarget = field(init=False)
    shipper: Shipper = field(init=False)
    upkeep: Upkeep = field(init=False)

    def __post_init__(self) -> None:
        self.house = House(self.folder / "hub")
        self.target = FolderTarget(self.folder / "kept")
        self.shipper = Shipper(self.folder / "hub" / FILE, self.target, Sealer(self.secret), lambda: self.now)
        self.shipper.begin()
        self.upkeep = Upkeep(self.shipper, 8 * DAY_S, lambda: self.now, lambda: False)
        node = self.house.node()
        for member in (ANN, BOB):
            node.report(
                ConsentGiven(
                    member=member, purpose="messages", text="Yes.", text_version="1", language="en", place="Till"
                ),
                PurchasePaid(id=f"p-{member}", till="Till 1", staff="s1", cents=100, member=member),
            )  # fmt: skip
        self.upkeep.make_base()
        self.shipper.step()

    def erase(self, member: str) -> None:
        """With the job of the hub and the shipper taking turns, as two processes do."""
        withdraw(self.house.store, member, "all", place="page", proof="link", now=self.now, clock="ntp")
        forget_asked(self.house.store, self.house.folder, self.now)
        until = time.monotonic() + 60
        while not clean(self.house.store):
            assert time.monotonic() < until
            self.shipper.step()
            if (self.house.folder / SHORTEN_FILE).exists() and self.shipper.shorten():
                (self.house.folder / SHORTEN_FILE).unlink()
        self.shipper.step()

    def pieces_with(self, member: str) -> list[str]:
        """Pieces of the backup in which an id stands."""
        found, *_ = search(Traces({"id": [member.encode()]}), self.folder / "kept")
        return list(found)

    def files_with(self, member: str) -> list[str]:
        """Files of the hub in which an id stands."""
        return [
            path.name
            for path in self.house.folder.iterdir()
            if path.is_file() and member.encode() in path.read_bytes()
        ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.shipper.close()
    made.house.close()


def test_the_log_of_a_hub_that_is_backed_up_keeps_nobody(place: Place) -> None:
    assert place.files_with(ANN)
    place.erase(ANN)
    assert place.files_with(ANN) == []
    assert place.files_with(BOB)


def test_an_older_state_that_is_put_back_forgets_again(place: Place) -> None:
    older = place.now
    place.now += 60
    place.erase(ANN)
    Erased(place.shipper, place.upkeep, place.house.folder, at_once=False).keep(lambda: False)
    assert not (place.house.folder / ERASED_FILE).exists()

    back = place.folder / "back"
    restore(place.target, back, at=older + 1)
    with closing(SqliteStore(back / FILE)) as copy:
        assert copy.forgetting.find([ANN]), "it is the state from before"
        assert differs(copy, place.house.store, 0.0) is None, "a drill finds nothing wrong in that"
    with closing(open_store(back)) as hub:
        assert hub.forgetting.find([ANN]) == {}
        assert hub.forgetting.find([BOB])
        assert is_forgotten(hub, ANN)
        assert verify(hub).differ == ()


def test_with_erasing_at_once_no_piece_of_the_backup_keeps_anybody(place: Place) -> None:
    assert place.pieces_with(ANN)
    place.now += 60
    place.erase(ANN)
    assert place.pieces_with(ANN), "so far it has the life of the backup"

    erased = Erased(place.shipper, place.upkeep, place.house.folder, at_once=True, new_log_s=0.5)
    until = time.monotonic() + 60
    while (place.house.folder / ERASED_FILE).exists():
        assert time.monotonic() < until
        # The hub goes on: the log begins anew with its next change.
        place.house.node()
        erased.keep(lambda: False)
    place.house.node()
    place.shipper.step()

    assert place.pieces_with(ANN) == []
    assert place.pieces_with(BOB)
    back = place.folder / "back"
    restore(place.target, back)
    with closing(SqliteStore(back / FILE)) as copy:
        assert differs(copy, place.house.store, 0.0) is None
        assert verify(copy).differ == ()


def test_the_list_is_sealed_where_the_backup_is(tmp_path: Path) -> None:
    place = Place(tmp_path, secret=SECRET)
    try:
        place.erase(ANN)
        Erased(place.shipper, place.upkeep, place.house.folder, at_once=False).keep(lambda: False)
        text = get_list(place.target, Sealer(SECRET))
        assert [entry.instead for entry in read_list(text)] == [place.house.store.forgetting.instead_of(ANN)]
        with pytest.raises(Broken):
            get_list(place.target, Sealer("another passphrase"))
        assert ANN.encode() not in text
    finally:
        place.shipper.close()
        place.house.close()


def test_a_line_of_the_list_that_a_crash_cut_off_costs_that_line_alone(place: Place) -> None:
    place.erase(ANN)
    path = place.house.folder / LIST_FILE
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"shop":7,"salt":"ab')
    place.erase(BOB)
    assert len(ForgottenList(place.house.folder).read()) == 2
