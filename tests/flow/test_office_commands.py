"""The counter from a shell: a coupon looked up and taken back, conflicts, alerts, conditions, vouchers, paper."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hub.cli import main
from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.conditions import All, Hours, Spends
from hub.wire.events import CouponRedeemed
from hub.wire.pins import read_pin
from hub.wire.snapshot import Value

Run = Callable[..., str]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command in a shop with one offer; what it printed, on standard error where it should fail."""

    def run(*words: str, status: int = 0) -> str:
        assert main(["--dir", str(tmp_path / "hub"), *words]) == status
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return said.err if status else said.out

    run("init", "--name", "Corner", "--timezone", "Europe/Berlin")
    run("campaign", "add", "--title", "Coffee", "--amount", "1.50", "--publish")
    return run


def redeemed(folder: Path, serial: str, *nonces: str) -> None:
    """The coupon was used at tills, once for each nonce: the second one too many."""
    with closing(SqliteStore(folder / "hub" / FILE)) as store, store.writing():
        for nonce in nonces:
            fact = CouponRedeemed(
                serial=serial, campaign=1, nonce=nonce, till="kiosk-1", staff="s1", value_cents=150
            )
            fold(store.ledger, [append_own(store, "coupon.redeemed", write_fact(fact), time.time(), "ntp")])


def test_a_coupon_is_looked_up_and_its_redemption_taken_back(shop: Run, tmp_path: Path) -> None:
    made = json.loads(shop("coupon", "issue", "1", "--json"))
    assert "It is good." in shop("coupon", "show", made["code"])
    assert "no redemption" in shop("coupon", "reverse", made["code"], "--reason", "slip", status=1)
    redeemed(tmp_path, made["serial"], "nonce-0001")
    said = shop("coupon", "show", made["token"])
    assert "It was redeemed." in said
    assert "accepted, 1.50 EUR, kiosk-1, s1" in said
    assert "1 to 200" in shop("coupon", "reverse", made["code"], "--reason", " ", status=1)
    assert "Taken back: 1.50" in shop("coupon", "reverse", made["serial"], "--reason", "wrong article")
    said = shop("coupon", "show", made["code"])
    assert "It is good." in said
    assert "taken back, 1.50 EUR, office, command line, wrong article" in said
    assert "Nothing here has this code" in shop("coupon", "show", "0000", status=1)


def test_conflicts_are_listed_with_their_cost(shop: Run, tmp_path: Path) -> None:
    assert "No coupon was accepted twice" in shop("conflicts")
    made = json.loads(shop("coupon", "issue", "1", "--json"))
    redeemed(tmp_path, made["serial"], "nonce-0001", "nonce-0002")
    said = shop("conflicts")
    assert "1.50 EUR" in said
    assert "Together 1.50 EUR." in said
    assert "Taken back" in shop("coupon", "reverse", made["serial"], "--reason", "given twice")
    assert "Together 0.00 EUR." in shop("conflicts")
    (line,) = json.loads(shop("conflicts", "--json"))
    assert line["settled_at"] is not None


def test_alerts_are_told_from_a_shell_too(shop: Run) -> None:
    assert "Nothing at the counter needs a look" in shop("alerts")
    assert json.loads(shop("alerts", "--json")) == []


def test_an_offer_with_a_condition_comes_from_a_file(shop: Run, tmp_path: Path) -> None:
    file = tmp_path / "offer.json"
    hours = {"is": "hours", "days": [0], "start": 540, "end": 660}
    offer = {
        "offer": {"title": {"en": "Tart"}, "text": {}, "value": {"kind": "gift", "cents": 120}},
        "condition": {"is": "all", "of": [hours, {"is": "spends", "cents": 2000}]},
    }
    file.write_text(json.dumps(offer))
    number = int(shop("campaign", "add", str(file)))
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as store:
        record = store.campaigns.get(number)
    assert record is not None
    assert record.campaign.condition == All((Hours((0,), 540, 660), Spends(2_000)))
    offer["condition"] = {"is": "all", "of": [hours | {"days": [9]}, {"is": "spends", "cent": 5}]}
    offer["gtin"] = "123"
    file.write_text(json.dumps(offer))
    said = shop("campaign", "add", str(file), status=1)
    assert "condition.of[0].days" in said
    assert 'no field "cent"' in said
    offer["condition"] = None
    file.write_text(json.dumps(offer | {"next_visit": 99, "per_person_limit": 1}))
    said = shop("campaign", "add", str(file), status=1)
    assert all(part in said for part in ("GTIN", "There is no offer 99", "need the hub")), said


def test_a_voucher_from_the_shell_needs_the_hub(shop: Run, tmp_path: Path) -> None:
    number = int(shop("campaign", "add", "--title", "Voucher", "--voucher", "25"))
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as store:
        record = store.campaigns.get(number)
    assert record is not None
    assert (record.campaign.offer.value, record.campaign.offline) == (Value("voucher", 2_500), "refuse")


def test_labels_are_made_from_a_shell(shop: Run, tmp_path: Path) -> None:
    file = tmp_path / "labels.pdf"
    assert "--address" in shop("paper", "labels-24", str(file), "1", status=1)
    address = ("--address", "https://shop.example", "--language", "en")
    assert "0013" in shop("paper", "labels-24", str(file), "1", "--copies", "24", *address)
    assert file.read_bytes().startswith(b"%PDF-1.4")
    assert "already" in shop("paper", "labels-24", str(file), "1", *address, status=1)
    assert "no offer 9" in shop("paper", "poster", str(tmp_path / "x.pdf"), "9", *address, status=1)


def test_a_pin_is_kept_under_the_pepper_and_a_backup_names_its_file(
    shop: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop("staff", "add", "Ann", "--member", "member-0001")
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as store:
        (ann,) = store.people.staff()
    assert read_pin(ann.pin).pepper
    assert ann.member == "member-0001"
    pepper = tmp_path / "hub" / "pins.pepper"
    assert pepper.stat().st_mode & 0o777 == 0o600
    assert "pins.pepper" in shop("backup", str(tmp_path / "backup.db"))
    assert "cannot sign in" not in shop("check")
    pepper.unlink()
    assert main(["--dir", str(tmp_path / "hub"), "check"]) == 2
    assert "cannot sign in" in capsys.readouterr().out
