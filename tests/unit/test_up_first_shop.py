"""The first shop, its pictures, its secrets, and what the terminal says."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from hub.air import air_fault
from hub.people import pin_fits
from hub.pepper import hub_pepper
from hub.store.sqlite import FILE, SqliteStore
from hub.up.drawing import PICTURES, draw
from hub.up.firststeps import FirstSteps
from hub.up.place import Place
from hub.up.plan import Plan
from hub.up.radio import choose_radio
from hub.up.seeding import pairing_codes, seed
from hub.up.view import LineView, LiveView, people_line, qr_lines
from hub.up.watch import Now, Watch
from hub.wire.identity import PairingCode

PLAN = Plan("/shops/corner", "127.0.0.1", "127.0.0.1", 9000, "ble:sim")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("hub")
    return folder, seed(folder, 1_790_000_000.0, offers=True)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_ours_is_four_to_three_and_light(name: str) -> None:
    body = draw(name)
    with Image.open(io.BytesIO(body)) as picture:
        assert (picture.width * 3, picture.format) == (picture.height * 4, "WEBP")
    assert len(body) < 60_000


def test_the_first_shop_has_offers_in_both_languages_each_with_a_picture(
    seeded: tuple[Path, dict[str, str]],
) -> None:
    store = SqliteStore(seeded[0] / FILE)
    records = store.campaigns.in_state("published")
    assert len(records) == 3
    for record in records:
        offer = record.campaign.offer
        assert (
            set(offer.title)
            == set(offer.text)
            == set(offer.picture_alt)
            == set(offer.keywords)
            == {"en", "zh"}
        )
        assert offer.picture is not None
        assert store.campaigns.picture(offer.picture) is not None
        assert offer.value.kind in ("gift", "amount")
    shop = store.shop.get()
    assert shop is not None
    assert shop.name == {"en": "Corner Shop", "zh": "街角小店"}
    assert shop.beacon_uuid is not None
    (speaking,) = [record.campaign.air for record in records if record.campaign.air]
    assert air_fault(speaking) is None
    assert set(speaking.frames) == {"ibeacon", "eddystone-url"}
    store.close()


def test_the_pin_that_is_shown_is_the_one_that_fits(seeded: tuple[Path, dict[str, str]]) -> None:
    folder, made = seeded
    store = SqliteStore(folder / FILE)
    (member,) = store.people.staff()
    assert pin_fits(member.pin, made["pin"], hub_pepper(folder))
    assert made["pin"] not in member.pin
    store.close()


def test_nothing_is_made_twice_and_a_lost_code_is_replaced(seeded: tuple[Path, dict[str, str]]) -> None:
    folder, made = seeded
    assert seed(folder, 1_790_000_100.0, offers=True) == {}
    again = seed(folder, 1_790_000_200.0, offers=True, new_code=True)
    assert set(again) == {"setup_code"}
    assert again["setup_code"] != made["setup_code"]


def test_without_offers_there_is_a_shop_and_a_way_in_and_nothing_else(tmp_path: Path) -> None:
    assert set(seed(tmp_path, 1_790_000_000.0, offers=False)) == {"setup_code"}
    store = SqliteStore(tmp_path / FILE)
    assert store.shop.get() is not None
    assert store.campaigns.all() == []
    assert store.people.staff() == []
    store.close()


def test_pairing_codes_are_real_ones_and_differ(seeded: tuple[Path, dict[str, str]]) -> None:
    codes = pairing_codes(seeded[0], time.time(), ["kiosk", "edge"])
    assert set(codes) == {"kiosk", "edge"}
    read = [PairingCode.read(code) for code in codes.values()]
    assert None not in read
    assert len({one.secret for one in read if one}) == 2
    assert len({one.hub_fingerprint for one in read if one}) == 1


def test_secrets_are_kept_for_their_owner_alone_until_a_manager_has_a_password(tmp_path: Path) -> None:
    steps = FirstSteps(Place(tmp_path), PLAN)
    steps.learn({"staff": "Counter", "pin": "482915", "setup_code": "AAAA-BBBB-CCCC"})
    file = tmp_path / "first-steps.txt"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "482915" in file.read_text()
    assert "AAAA-BBBB-CCCC" in file.read_text()
    assert list(tmp_path.iterdir()) == [file]
    steps.forget()
    assert not file.exists()
    assert steps.lines == []


def test_a_code_that_is_made_later_is_added_and_nothing_stands_there_twice(tmp_path: Path) -> None:
    steps = FirstSteps(Place(tmp_path), PLAN)
    steps.learn({"staff": "Counter", "pin": "482915"})
    steps.learn({"installer_code": "CCCC-DDDD-EEEE"})
    steps.learn({})
    written = (tmp_path / "first-steps.txt").read_text().splitlines()
    assert (
        written
        == steps.lines
        == [
            "Staff at the till: Counter, PIN 482915",
            "Installer: open http://127.0.0.1:9002/installer/ and use the code CCCC-DDDD-EEEE",
        ]
    )


def test_a_later_start_shows_no_secret_and_says_where_they_are(tmp_path: Path) -> None:
    FirstSteps(Place(tmp_path), PLAN).learn({"staff": "Counter", "pin": "482915"})
    later = FirstSteps(Place(tmp_path), PLAN)
    later.learn({})
    console = Console(file=io.StringIO(), force_terminal=True, width=140, height=60)
    with LiveView(console) as view:
        view.opened(PLAN, choose_radio("ble:sim"), later)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "482915" not in said
    assert "first-steps.txt" in said


def test_a_pipe_or_a_log_never_gets_a_secret(tmp_path: Path) -> None:
    steps = FirstSteps(Place(tmp_path), PLAN)
    steps.learn({"staff": "Counter", "pin": "482915", "setup_code": "AAAA-BBBB-CCCC"})
    out = io.StringIO()
    with LineView(out) as view:
        view.opened(PLAN, choose_radio("ble:sim"), steps)
    assert "482915" not in out.getvalue()
    assert "AAAA" not in out.getvalue()
    assert "first-steps.txt" in out.getvalue()
    assert "http://127.0.0.1:9001/till" in out.getvalue()


def test_the_first_start_on_a_terminal_shows_them_once(tmp_path: Path) -> None:
    steps = FirstSteps(Place(tmp_path), PLAN)
    steps.learn({"staff": "Counter", "pin": "482915", "setup_code": "AAAA-BBBB-CCCC"})
    console = Console(file=io.StringIO(), force_terminal=True, width=140, height=60)
    with LiveView(console) as view:
        view.opened(PLAN, choose_radio("ble:sim"), steps)
        view.show([], Now(events={"visit.closed": 3}, issued=2, redeemed=1))
        view.tell("The kiosk stopped.")
    said = console.file.getvalue()  # type: ignore[attr-defined]
    for words in ("482915", "AAAA-BBBB-CCCC", "visit.closed", "2 issued, 1 redeemed", "Simulated street"):
        assert words in said


def test_people_are_said_with_their_band_and_age() -> None:
    now = Now(people={"people": 31.2, "low": 27.0, "high": 35.4, "at": time.time() - 20})
    assert people_line(now).startswith("31 people now (27 to 35) · ")
    assert people_line(Now()) == "People present: no count yet"


def test_a_qr_fits_beside_the_addresses() -> None:
    lines = qr_lines("http://192.168.123.231:8082/").splitlines()
    assert 10 < len(lines) <= 18


def test_the_watch_reads_an_empty_folder_and_a_new_shop(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "hub", tmp_path / "edge")
    assert watch.look() == Now()
    seed(tmp_path / "hub", time.time(), offers=False)
    now = watch.look()
    watch.close()
    assert (now.total, now.visits, now.has_manager, now.people) == (0, 0, False, {})
    assert "街角小店" in now.shop
