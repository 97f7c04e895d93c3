"""What is carried away from a coupon's page: picture, calendar entry, Apple's pass, Google's link; and what is not."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from html import unescape
from pathlib import Path

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from PIL import Image
from storefront_desk import DAY, NOW, SHOP, FakeDesk, little_shop, offer
from wallet_shop import PASS_TYPE, TEAM, WalletShop

from hub.storefront import create_storefront
from hub.storefront.wallets import NO_WALLETS, WalletError, Wallets, read_wallets
from hub.wire.snapshot import Shop, Value


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> WalletShop:
    return WalletShop(tmp_path_factory.mktemp("wallets"), NOW)


@pytest.fixture
def desk() -> FakeDesk:
    return little_shop()


def client_of(desk: FakeDesk, wallets: Wallets = NO_WALLETS, now: float = NOW) -> FlaskClient:
    app = Flask("shop")
    app.register_blueprint(create_storefront(desk, now=lambda: now, wallets=wallets))
    return app.test_client()


def taken(desk: FakeDesk, number: int = 1) -> str:
    return f"/coupon/{desk.take(number, f'{number:032x}', NOW).coupon.serial}"


def test_where_no_wallet_is_set_up_there_is_no_button_for_one(desk: FakeDesk) -> None:
    client, address = client_of(desk), taken(desk)
    page = client.get(address).text
    assert "Wallet" not in page
    assert f"{address}/coupon.png" in page
    assert f"{address}/coupon.ics" in page
    assert client.get(address + "/coupon.pkpass").status_code == 404


def test_a_pass_has_its_parts_their_sums_and_the_shops_signature(
    desk: FakeDesk, shop: WalletShop, tmp_path: Path
) -> None:
    client, address = client_of(desk, read_wallets(shop.folder)), taken(desk)
    assert f"{address}/coupon.pkpass" in client.get(address).text
    answer = client.get(address + "/coupon.pkpass?lang=zh")
    assert answer.mimetype == "application/vnd.apple.pkpass"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {
        "pass.json",
        "icon.png",
        "icon@2x.png",
        "icon@3x.png",
        "logo.png",
        "manifest.json",
        "signature",
    } <= set(files)
    sums = json.loads(files["manifest.json"])
    assert sums == {
        name: hashlib.sha1(content).hexdigest()
        for name, content in files.items()
        if name not in ("manifest.json", "signature")
    }
    for name, side in (("icon.png", 29), ("icon@2x.png", 58), ("icon@3x.png", 87)):
        assert Image.open(io.BytesIO(files[name])).size == (side, side)
    told = json.loads(files["pass.json"])
    (issued,) = desk.issued.values()
    assert (told["formatVersion"], told["passTypeIdentifier"], told["teamIdentifier"]) == (1, PASS_TYPE, TEAM)
    assert told["serialNumber"] == issued.coupon.serial
    assert told["barcodes"][0]["message"] == issued.token
    assert told["barcodes"][0]["format"] == "PKBarcodeFormatQR"
    assert told["organizationName"] == "街角小店"
    assert told["coupon"]["primaryFields"][0]["label"] == "第二杯咖啡，店家请客"
    assert re.fullmatch(r"2026-12-14T12:00:00Z", told["expirationDate"])
    assert signature_holds(files["manifest.json"], files["signature"], shop, tmp_path)
    assert not signature_holds(files["manifest.json"] + b" ", files["signature"], shop, tmp_path)


def signature_holds(manifest: bytes, signature: bytes, shop: WalletShop, folder: Path) -> bool:
    """OpenSSL's word on a detached signature, by the certificate that vouches for the shop's."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("needs OpenSSL to check a signature: apt install openssl")
    (folder / "manifest").write_bytes(manifest)
    (folder / "signature").write_bytes(signature)
    root = folder / "root.pem"
    command = [program, "x509", "-inform", "DER", "-in", str(shop.folder / "wwdr.pem"), "-out", str(root)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    done = subprocess.run(
        [
            *(program, "smime", "-verify", "-binary", "-inform", "DER", "-in", str(folder / "signature")),
            *(
                "-content",
                str(folder / "manifest"),
                "-CAfile",
                str(root),
                "-purpose",
                "any",
                "-no_check_time",
            ),
        ],
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode == 0


def test_a_pass_is_not_offered_once_the_certificate_has_run_out(desk: FakeDesk, shop: WalletShop) -> None:
    later = NOW + 400 * DAY
    desk.running = [
        replace(each, ends_at=int(later + DAY), coupon_lasts_s=500 * DAY) for each in desk.running
    ]
    client, address = client_of(desk, read_wallets(shop.folder), later), taken(desk)
    assert "Apple Wallet" not in client.get(address).text
    assert client.get(address + "/coupon.pkpass").status_code == 404


@pytest.mark.parametrize("title", ["A second coffee on the house", "第二杯咖啡" * 30])
def test_googles_link_is_signed_by_the_account_and_short_enough(shop: WalletShop, title: str) -> None:
    desk = FakeDesk()
    desk.running = [offer(1, title, title, Value("gift"))]
    page = unescape(client_of(desk, read_wallets(shop.folder)).get(taken(desk)).text)
    found = re.search(r'href="(https://pay\.google\.com/gp/v/save/[^"]+)"', page)
    assert found
    assert len(found[1]) <= 1_800
    head, body, proof = found[1].rpartition("/")[2].split(".")
    shop.google.public_key().verify(unpadded(proof), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    assert json.loads(unpadded(head)) == {"alg": "RS256", "typ": "JWT"}
    claims = json.loads(unpadded(body))
    assert (claims["aud"], claims["typ"]) == ("google", "savetowallet")
    (issued,) = desk.issued.values()
    (thing,) = claims["payload"]["offerObjects"]
    (kind,) = claims["payload"]["offerClasses"]
    assert thing["classId"] == kind["id"]
    assert thing["barcode"]["value"] == issued.token
    assert thing["validTimeInterval"]["end"]["date"] == "2026-12-14T12:00:00Z"


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def broken(folder: Path, shop: WalletShop, **changes: bytes | None) -> Path:
    for name in ("apple.pem", "apple.key", "wwdr.pem", "google.json"):
        (folder / name).write_bytes((shop.folder / name).read_bytes())
    for name, content in changes.items():
        path = folder / name.replace("__", ".")
        path.unlink() if content is None else path.write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wwdr__pem": None}, "lacks wwdr.pem"),
        ({"apple__pem": b"nonsense"}, "apple.pem is no certificate"),
        ({"apple__key": b"nonsense"}, "apple.key is no private key"),
        ({"google__json": b"{}"}, "issuer_id"),
        ({"google__json": b"\xff"}, "google.json is no service account's file"),
        ({"google__json": b'{"issuer_id": "1", "client_email": "x", "private_key": "y"}'}, "google.json"),
    ],
)
def test_wallets_that_cannot_be_used_are_told_by_file_and_reason(
    tmp_path: Path, shop: WalletShop, changes: dict[str, bytes | None], said: str
) -> None:
    with pytest.raises(WalletError, match=re.escape(said)):
        read_wallets(broken(tmp_path, shop, **changes))


def test_a_key_of_another_certificate_is_told(tmp_path: Path, shop: WalletShop) -> None:
    from wallet_shop import pem

    with pytest.raises(WalletError, match="is not the key of"):
        read_wallets(broken(tmp_path, shop, apple__key=pem(shop.root)))


def test_a_folder_with_one_wallet_gives_that_one_and_an_empty_one_is_told(
    tmp_path: Path, shop: WalletShop
) -> None:
    (tmp_path / "google.json").write_bytes((shop.folder / "google.json").read_bytes())
    found = read_wallets(tmp_path)
    assert found.google is not None
    assert found.apple is None
    (tmp_path / "google.json").unlink()
    with pytest.raises(WalletError, match="holds neither"):
        read_wallets(tmp_path)
    with pytest.raises(WalletError, match="is no folder"):
        read_wallets(tmp_path / "absent")
    assert read_wallets(None) == NO_WALLETS


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_of_a_coupon_is_read_back_as_the_coupon(
    desk: FakeDesk, lang: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from hub.storefront.fonts import font_for

    if lang == "zh" and font_for(chinese=True, weight="plain", size=20) is None:
        pytest.skip("needs a Chinese font: apt install fonts-noto-cjk")
    answer = client_of(desk).get(f"{taken(desk)}/coupon.png?lang={lang}")
    assert answer.mimetype == "image/png"
    assert "attachment" in answer.headers["Content-Disposition"]
    picture = Image.open(io.BytesIO(answer.data))
    (read,) = zxingcpp.read_barcodes(picture)
    (issued,) = desk.issued.values()
    assert read.text == issued.token
    small = picture.resize((picture.width // 2, picture.height // 2))
    assert zxingcpp.read_barcodes(small)[0].text == issued.token
    shots = Path(__file__).resolve().parents[2] / "out" / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    picture.save(shots / f"carried-picture-{lang}.png")


def test_hostile_words_still_give_a_picture() -> None:
    desk = FakeDesk(the_shop=Shop(1, {"en": "W" * 300}, colour="#FFFF00", timezone="Europe/London"))
    desk.running = [
        offer(1, "w" * 400, "", Value("percent", percent=5)),
        offer(2, "\u0351 " * 50, "", Value("gift")),
    ]
    for number in (1, 2):
        answer = client_of(desk).get(taken(desk, number) + "/coupon.png")
        assert answer.status_code == 200
        assert zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.data)))


def unfolded(text: str) -> dict[str, str]:
    lines = re.sub(r"\r\n ", "", text).split("\r\n")
    return dict(line.partition(":")[::2] for line in lines if line)


def test_the_calendar_entry_reminds_a_day_before_and_keeps_to_its_form(desk: FakeDesk) -> None:
    desk.running[0] = replace(
        desk.running[0], offer=replace(desk.running[0].offer, title={"en": "Coffee; cake, and \\ more " * 5})
    )
    address = taken(desk)
    answer = client_of(desk).get(address + "/coupon.ics")
    assert answer.mimetype == "text/calendar"
    text = answer.text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    entry = unfolded(text)
    assert entry["DTSTART"] == "20261214T110000Z"
    assert entry["DTEND"] == "20261214T120000Z"
    assert entry["DTSTAMP"] == "20261130T120000Z"
    assert entry["TRIGGER"] == "-P1D"
    assert entry["SUMMARY;LANGUAGE=en"].startswith("Coffee\\; cake\\, and \\\\ more")
    assert entry["URL"].endswith(address)
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith("END:VEVENT\r\nEND:VCALENDAR\r\n")


@pytest.mark.parametrize(
    ("lasts_s", "reminder"), [(3 * 86_400, "-P1D"), (5 * 3_600, "-PT1H"), (1_800, "PT0S")]
)
def test_the_reminder_comes_as_early_as_there_is_time(desk: FakeDesk, lasts_s: int, reminder: str) -> None:
    desk.running[0] = replace(desk.running[0], coupon_lasts_s=lasts_s)
    entry = unfolded(client_of(desk).get(taken(desk) + "/coupon.ics?lang=zh").text)
    assert entry["TRIGGER"] == reminder
    assert "第二杯咖啡" in entry["SUMMARY;LANGUAGE=zh-Hans"]


def test_a_coupon_that_changes_is_not_carried_away_as_a_picture_and_says_why(
    desk: FakeDesk, shop: WalletShop
) -> None:
    desk.running[0] = replace(desk.running[0], rotating=True)
    client, address = client_of(desk, read_wallets(shop.folder)), taken(desk)
    page = client.get(address).text
    assert "There is no picture and no pass of this coupon" in page
    for name in ("qr.png", "coupon.png", "coupon.pkpass"):
        assert f"{address}/{name}" not in page
        assert client.get(f"{address}/{name}").status_code == 404
    assert "pay.google.com" not in page
    assert client.get(f"{address}/coupon.ics").status_code == 200


def test_a_coupon_that_changes_shows_todays_code_its_digits_and_when_it_changes(desk: FakeDesk) -> None:
    desk.running[0] = replace(desk.running[0], rotating=True)
    address = taken(desk)
    seen = set()
    for at in (NOW, NOW + 12, NOW + 30):
        page = client_of(desk, now=at).get(address).text
        left = 30 - int(at % 30)
        assert f'http-equiv="refresh" content="{left + 1};url={address}' in page
        seen.add(re.search(r'<path fill="none" stroke="#000" d="([^"]+)"', page)[1])
        assert f"{int(at // 30) % 1_000_000:06d}</span>" in page
    assert len(seen) == 2
    desk.keyless = True
    page = client_of(desk).get(address).text
    assert "cannot be shown at this moment" in page
    assert "QR code" not in page
    assert 'http-equiv="refresh"' in page


def test_a_used_coupon_is_carried_nowhere(desk: FakeDesk, shop: WalletShop) -> None:
    address = taken(desk)
    desk.use(address.rpartition("/")[2], NOW - 5)
    client = client_of(desk, read_wallets(shop.folder))
    page = client.get(address).text
    for name in ("coupon.png", "coupon.ics", "coupon.pkpass"):
        assert name not in page
        assert client.get(f"{address}/{name}").status_code == 404


def test_a_group_offer_says_how_many_have_joined(desk: FakeDesk) -> None:
    desk.running[0] = replace(desk.running[0], group_size=50)
    desk.groups[1] = 37
    client, address = client_of(desk), taken(desk)
    for where in ("/", "/offer/1", address):
        assert "37 of 50 have joined" in client.get(where).text, where
        assert "已有 37 人参加，满 50 人生效" in client.get(where + "?lang=zh").text, where
    desk.groups[1] = 51
    assert "51 have joined: everybody&#39;s coupon is good" in client.get(address).text


def test_a_voucher_says_what_is_left_on_it_and_is_used_up_when_nothing_is(desk: FakeDesk) -> None:
    desk.running.append(offer(8, "For a friend", "送给朋友", Value("voucher", cents=2000), offline="refuse"))
    client, address = client_of(desk), taken(desk, 8)
    serial = address.rpartition("/")[2]
    assert "Voucher for £20" in client.get("/offer/8").text
    desk.balances[serial] = 1250
    desk.use(serial, NOW - 60)
    page = client.get(address).text
    assert "£12.50 left of £20" in page
    assert "QR code" in page
    desk.balances[serial] = 0
    assert "QR code" not in client.get(address).text


def test_an_offers_page_says_its_terms(desk: FakeDesk) -> None:
    desk.running[0] = replace(desk.running[0], per_person_limit=1, offline="refuse", basket_min_cents=500)
    page = client_of(desk).get("/offer/1").text
    assert "Once for each member" in page
    assert "On purchases of £5 or more" in page
    assert SHOP.currency == "GBP"
