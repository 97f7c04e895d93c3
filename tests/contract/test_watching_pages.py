"""Alarms on the manager's pages: red on every one, a silent node in one glance, and who has seen it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from hub.admin import create_admin
from hub.config import Config
from hub.health import SILENT_AFTER_S, look
from hub.people import add_manager
from hub.pepper import hub_pepper
from hub.watching.teller import channels, tell
from tests.hub_house import House
from tests.hub_office import PASSWORD, Office, words


class Watched(Office):
    """The manager's pages with the hub's warnings."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.config = Config(house.folder)
        app = Flask("office")
        app.testing = True
        app.register_blueprint(
            create_admin(
                house.store, house.key, pepper=lambda: hub_pepper(house.folder), now=lambda: house.now,
                warnings=lambda now: look(house.store, self.config, now), folder=house.folder,
            ),
            url_prefix="/manage",
        )  # fmt: skip
        self.client = app.test_client()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Watched]:
    house = House(tmp_path / "hub")
    add_manager(house.store, "Ines", PASSWORD, house.now, who="test")
    house.node(name="Till 1").report()
    house.node(name="Till 2").report()
    made = Watched(house)
    made.log_in()
    yield made
    house.close()


PAGES = ("/", "/offers", "/devices", "/shop", "/alarms", "/backups", "/nowhere")


@pytest.mark.parametrize("page", PAGES)
def test_an_alarm_stands_in_red_on_every_page_in_both_languages(office: Watched, page: str) -> None:
    assert "alarm-band" not in office.get(page).get_data(as_text=True)
    office.house.now += SILENT_AFTER_S + 1
    shown = office.get(page).get_data(as_text=True)
    assert "alarm-band" in shown
    assert "Till 1 is silent" in shown
    assert "Till 1没有消息" in office.get(f"{page}?lang=zh").get_data(as_text=True)


def test_who_is_not_logged_in_learns_of_no_trouble(office: Watched) -> None:
    office.house.now += SILENT_AFTER_S + 1
    office.client.delete_cookie("shopbell_manager", path="/manage/")
    for page in ("/login", "/alarms/band"):
        assert "Till 1" not in office.get(page).get_data(as_text=True)


def test_the_wall_puts_the_silent_device_first(office: Watched) -> None:
    office.house.now += SILENT_AFTER_S - 1
    office.house.node(name="Door", program="edge").report()
    office.house.now += 2
    office.house.node(name="New till")
    shown = office.get("/alarms").get_data(as_text=True)
    wall = shown[shown.index('<ul class="wall">') :]
    assert wall.index("Till 1") < wall.index("Till 2") < wall.index("New till") < wall.index("Door")
    assert wall.count("tile tone-no silent") == 2
    assert wall.count("tile tone-good well") == 1
    # A class that the shared style knows, such as the one that hides from all but screen readers, is none for a tile.
    assert wall.count("tile tone-note awaited") == 1


def test_who_takes_note_is_named_and_nothing_sounds_or_reminds_any_more(office: Watched) -> None:
    house = office.house
    house.now += SILENT_AFTER_S + 1
    assert 'data-unseen="2"' in office.get("/alarms/band").get_data(as_text=True)
    office.post("/alarms/seen", page="/alarms")
    shown = office.get("/alarms/band")
    assert 'data-unseen="0"' in shown.get_data(as_text=True)
    assert "Ines has seen it" in words(shown)
    assert "noted" in shown.get_data(as_text=True)
    assert any(entry.what == "alarms.seen" and entry.who == "Ines" for entry in house.store.people.audit())
    # A channel that is told later is told nothing that somebody has seen, once it was told.
    sent: list[str] = []
    sending = channels(office.config, house.store, lambda: house.now)
    sending["mail"] = lambda turn, _message: sent.extend(row.subject for row in turn.tell) or ""  # type: ignore[func-returns-value]
    for _ in range(3):
        tell(house.store, look(house.store, office.config, house.now), sending, lambda: house.now, 600.0)
        house.now += 700
    assert 'data-unseen="0"' in office.get("/alarms/band").get_data(as_text=True)
    # Another one is another trouble.
    house.node(name="Door", program="edge").report()
    house.now += SILENT_AFTER_S + 1
    assert 'data-unseen="1"' in office.get("/alarms/band").get_data(as_text=True)


def test_the_page_of_backups_says_that_there_is_none_and_how_to_have_one(office: Watched) -> None:
    assert "HUB_BACKUP_TO" in words(office.get("/backups"))
