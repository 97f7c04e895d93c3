"""The hub from a shell: what a person types, what is printed, what a mistake says."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen
from uuid import UUID

import pytest

from hub.cli import main
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import read_code, read_token
from hub.wire.identity import PairingCode

Run = Callable[..., str]


@pytest.fixture
def hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command; what it printed. `status` is what it should end with; then what it said on standard error is given."""

    def run(*words: str, status: int = 0) -> str:
        assert main(["--dir", str(tmp_path / "hub"), *words]) == status
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return said.err if status else said.out

    return run


@pytest.fixture
def shop(hub: Run) -> Run:
    """The same, with a shop that has one offer."""
    hub("init", "--name", "Corner", "--name-zh", "街角", "--timezone", "Europe/Berlin")
    hub("campaign", "add", "--title", "Coffee", "--amount", "1.50", "--publish")
    return hub


def test_without_a_shop_every_command_says_how_to_make_one(hub: Run) -> None:
    for words in (["serve", "--port", "0"], ["pair"], ["report"], ["coupon", "issue", "1"], ["check"]):
        assert "python -m hub --dir" in hub(*words, status=1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--timezone", "Mars/Crater"], "no timezone"),
        (["--currency", "euro"], "no currency"),
        (["--number", "0"], "from 1 to 65535"),
    ],
)
def test_a_mistake_in_init_is_one_sentence(hub: Run, words: list[str], says: str) -> None:
    said = hub("init", "--name", "Corner", *words, status=1)
    assert says in said
    assert said.count("\n") == 1


def test_a_second_shop_in_the_same_folder_is_refused(shop: Run) -> None:
    assert "already" in shop("init", "--name", "Other", status=1)


def test_a_pairing_code_is_printed_alone(shop: Run) -> None:
    assert PairingCode.read(shop("pair", "--program", "kiosk")) is not None


def test_a_coupon_is_taken_as_on_the_pages_and_counted(shop: Run) -> None:
    coupon = json.loads(shop("coupon", "issue", "coffee", "--json"))
    assert read_token(coupon["token"]) is not None
    assert read_code(coupon["code"]) == coupon["code"]
    report = json.loads(shop("report", "--json"))
    assert (report["coupons"]["issued"], report["coupons"]["redeemed"]) == (1, 0)
    assert "1 taken, 0 used" in shop("report")


def test_offers_are_found_by_number_or_title_and_a_wrong_one_is_told(shop: Run) -> None:
    assert json.loads(shop("coupon", "issue", "1", "--json"))["campaign"] == 1
    assert "no offer tea" in shop("coupon", "issue", "tea", status=1)
    shop("campaign", "add", "--title", "Iced coffee", "--percent", "10", "--publish")
    assert "Several offers" in shop("coupon", "issue", "coffee", status=1)


def test_an_offer_that_is_paused_cannot_be_taken(shop: Run) -> None:
    shop("campaign", "pause", "1")
    assert "paused" in shop("coupon", "issue", "1", status=1)
    shop("campaign", "publish", "1")
    shop("coupon", "issue", "1")


def test_a_lot_that_is_gone_is_told(shop: Run) -> None:
    shop("campaign", "add", "--title", "Rare", "--gift", "2.00", "--limit", "2", "--publish")
    shop("coupon", "issue", "rare")
    shop("coupon", "issue", "rare")
    assert "taken" in shop("coupon", "issue", "rare", status=1)


def test_an_offer_comes_from_a_file(shop: Run, tmp_path: Path) -> None:
    path = tmp_path / "offer.json"
    path.write_text(
        json.dumps({"offer": {"title": {"en": "Tea"}, "text": {}, "value": {"kind": "gift", "cents": 90}}})
    )
    assert shop("campaign", "add", str(path)).strip() == "2"
    listed = json.loads(shop("campaign", "list", "--json"))
    assert [(one["number"], one["state"]) for one in listed] == [(2, "draft"), (1, "published")]
    path.write_text('{"offer": 5}')
    assert "is no campaign" in shop("campaign", "add", str(path), status=1)
    assert "cannot be read" in shop("campaign", "add", str(tmp_path / "none"), status=1)


def test_an_offer_from_a_file_says_on_the_air_what_can_be_said_there(shop: Run, tmp_path: Path) -> None:
    path = tmp_path / "offer.json"
    offer = {"title": {"en": "Tea"}, "text": {}, "value": {"kind": "gift", "cents": 90}}
    air = {"frames": ["ibeacon", "eddystone-url"], "url": "https://shop.example"}
    path.write_text(json.dumps({"offer": offer, "air": air}))
    shop("campaign", "add", str(path), "--publish")
    assert json.loads(shop("campaign", "list", "--json"))[0]["air"]["url"] == "https://shop.example"
    path.write_text(json.dumps({"offer": offer, "air": air | {"url": "https://corner-bakery.example/today"}}))
    assert "at most 17 fit" in shop("campaign", "add", str(path), status=1)
    path.write_text(json.dumps({"offer": offer, "air": {"frames": ["smoke"]}}))
    assert "is no campaign" in shop("campaign", "add", str(path), status=1)


IDENTITY = "ibeacon:f7826da6-4fa2-4e98-8024-bc5b71e0893e/7/300"
IRK = "ec0234a357c8ad05341010a60a397d9b"


def test_a_tag_is_enrolled_listed_and_removed(shop: Run) -> None:
    assert "No tags yet" in shop("tag", "list")
    known = shop("tag", "add", "Trolley", IDENTITY.upper()).split()[4].rstrip(".")
    (one,) = json.loads(shop("tag", "list", "--json"))
    assert (one["known"], one["name"], one["whose"], one["identity"]) == (known, "Trolley", "thing", IDENTITY)
    assert "enrolled already, as Trolley" in shop("tag", "add", "Other", IDENTITY, status=1)
    assert "UUID has 32" in shop("tag", "add", "Other", "ibeacon:7/7/7", status=1)
    assert known in shop("tag", "list")
    shop("tag", "remove", known)
    assert "no tag" in shop("tag", "remove", known, status=1)
    assert json.loads(shop("tag", "list", "--json")) == []


def test_a_key_comes_in_by_standard_input_and_is_printed_nowhere(
    shop: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "does not belong on a command line" in shop(
        "tag", "add", "Mei", IRK, "--whose", "member", status=1
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(f"irk:{IRK}\n"))
    assert "take this back at any time" in shop("tag", "add", "Mei", "--whose", "member", status=1)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"irk:{IRK}\n"))
    said = shop("tag", "add", "Mei", "--whose", "member", "--agreed", "--language", "zh")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"eddystone-eid:{IRK[::-1]}/10\n"))
    said += shop("tag", "add", "Keys", "--clock", "3600")
    said += shop("tag", "list") + shop("tag", "list", "--json") + shop("report", "--json")
    assert "a phone's key" in said
    assert "a changing identity" in said
    assert IRK not in said
    assert all(
        IRK.encode() not in path.read_bytes() for path in (tmp_path / "hub").iterdir() if path.is_file()
    )


def test_a_shop_has_a_name_on_the_air_from_the_start(shop: Run, tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as store:
        made = store.shop.get()
    assert made is not None
    assert made.beacon_uuid is not None
    assert UUID(made.beacon_uuid).version == 4


def test_a_report_says_how_many_came_in(shop: Run) -> None:
    street = json.loads(shop("report", "--json"))["street"]
    assert (street["near"], street["rate"], street["by_zone"]) == (0, None, [])
    assert "came near" not in shop("report")


def test_staff_are_let_in_with_a_pin_that_is_shown_once(shop: Run) -> None:
    assert "PIN" in shop("staff", "add", "Ann")
    assert "PIN" not in shop("staff", "list")
    assert "digits" in shop("staff", "add", "Bob", "--pin", "12", status=1)


def test_a_backup_holds_everything_and_silences_its_warning(shop: Run, tmp_path: Path) -> None:
    shop("coupon", "issue", "1")
    file = tmp_path / "backup.db"
    shop("backup", str(file))
    with sqlite3.connect(file) as copy:
        assert copy.execute("SELECT count(*) FROM coupon").fetchone() == (1,)
    copy.close()
    assert file.stat().st_mode & 0o077 == 0
    assert "already" in shop("backup", str(file), status=1)
    assert "cannot be opened" in shop("backup", str(tmp_path / "none" / "x.db"), status=1)


def test_verify_and_rebuild_agree(shop: Run) -> None:
    shop("coupon", "issue", "1")
    assert "to the byte" in shop("verify")
    assert "1 events" in shop("rebuild")
    assert json.loads(shop("verify", "--json"))["equal"] is True


def test_a_damaged_file_is_told(shop: Run, tmp_path: Path) -> None:
    (tmp_path / "hub" / "hub.db").write_bytes(b"this is no database" * 1_000)
    for leftover in ("hub.db-wal", "hub.db-shm"):
        (tmp_path / "hub" / leftover).unlink(missing_ok=True)
    assert "Restore it from a backup" in shop("report", status=1)


def test_check_says_what_is_wrong_by_its_status(shop: Run) -> None:
    assert "Nobody manages" in shop("check")
    assert json.loads(shop("check", "--json"))["ok"] is True


def test_bad_settings_are_told_together(hub: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "many")
    monkeypatch.setenv("HUB_TYPO", "1")
    said = hub("config", status=2)
    assert "HUB_PORT" in said
    assert "HUB_TYPO" in said


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "--dir", str(folder), "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HUB_SITE": "yes"},
    )


def test_it_serves_until_it_is_told_to_stop(shop: Run, tmp_path: Path) -> None:
    process = start(tmp_path / "hub", 0)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with urlopen(f"{address}/healthz", timeout=20) as reply:
            assert json.loads(reply.read())["ok"] is True
        with urlopen(f"{address}/", timeout=20) as reply:
            assert "Coffee" in reply.read().decode()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in said


def test_a_port_in_use_is_one_sentence(shop: Run, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process = start(tmp_path / "hub", port)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said == f"Port {port} is in use. Stop what uses it, or give --port another number.\n"


def test_a_kill_loses_nothing_that_was_printed(shop: Run, tmp_path: Path) -> None:
    process = start(tmp_path / "hub", 0)
    assert process.stdout is not None
    process.stdout.readline()
    serials = {json.loads(shop("coupon", "issue", "1", "--json"))["serial"] for _ in range(3)}
    process.kill()
    process.communicate(timeout=30)
    assert json.loads(shop("report", "--json"))["coupons"]["issued"] == len(serials) == 3
    assert "to the byte" in shop("verify")


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_the_folder_may_stand_anywhere_on_the_line(
    place: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["campaign", "list", "--json"]
    words[place:place] = ["--dir", str(tmp_path / "nothing")]
    assert main(words) == 1
    assert str(tmp_path / "nothing") in capsys.readouterr().err
