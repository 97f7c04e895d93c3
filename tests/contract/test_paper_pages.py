"""Paper: what is printed is drawn again from the PDF, and its codes are read back as a phone reads them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from hub import people
from hub.paper.commands import put_into_words
from hub.paper.making import make_order, make_pdf
from hub.paper.plan import GRIDS, READ_FROM, Kind, Size, qr_mm
from hub.store.records import PictureRecord
from hub.storefront import fonts
from hub.wire.conditions import Hours, Spends
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from tests.hub_house import NOON, House
from tests.hub_house import campaign as plain
from tests.hub_office import PASSWORD, Office, picture, words

SHOP = Shop(7, {"en": "Corner Bakery", "zh": "街角面包店"}, timezone="Europe/Berlin", colour="#2266AA")
TART = Campaign(
    12,
    Offer({"en": "A warm cherry tart with every coffee", "zh": "每杯咖啡附送温热樱桃挞一份"}, {}, Value("amount", cents=250)),
    1_790_000_000,
    1_795_000_000,
    hours=(Hours((0, 1, 2, 3, 4), 540, 660),),
    condition=Spends(2_000),
)  # fmt: skip
BASE = "https://shop.example"
ROOT = Path(__file__).resolve().parents[2]
LINK = "https://shop.example/n/0125?c=p"
SHEETS: list[tuple[Kind, Size]] = [
    ("poster", "A4"), ("poster", "A3"), ("door", "A4"), ("door", "A3"), ("labels-24", "A4"), ("labels-8", "A4"),
]  # fmt: skip

needs_chinese = pytest.mark.skipif(
    fonts.font_for(True, "plain", 20) is None,
    reason="needs a font with Chinese characters: install Debian's package `fonts-noto-cjk`",
)


def make(
    kind: Kind, size: Size, campaign: Campaign = TART, languages: tuple[str, ...] = ("en", "zh")
) -> bytes:
    told = put_into_words(campaign, SHOP, languages, 1_790_000_000.0)
    order = make_order(campaign, SHOP, told, kind=kind, size=size, base=BASE, picture=picture()[0].getvalue())
    made = make_pdf([order], copies=GRIDS[kind].across * GRIDS[kind].down if kind in GRIDS else 1)
    assert isinstance(made, bytes), str(made)
    return made


@cache
def sheet_of(kind: Kind, size: Size) -> Image.Image:
    (sheet,) = drawn(make(kind, size))
    return sheet


def drawn(pdf: bytes, dpi: int = 150) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]
    finally:
        document.close()


@needs_chinese
@pytest.mark.parametrize(("kind", "size"), SHEETS)
def test_every_code_on_paper_is_read_back(kind: Kind, size: Size) -> None:
    sheet = sheet_of(kind, size)
    codes = zxingcpp.read_barcodes(sheet)
    assert {code.text for code in codes} == {LINK}
    assert len(codes) == (GRIDS[kind].across * GRIDS[kind].down if kind in GRIDS else 1)
    mm = 150 / 25.4
    for code in codes:
        corners = code.position
        wide = (corners.top_right.x - corners.top_left.x) / mm
        assert wide == pytest.approx(qr_mm(kind, size), abs=1.5)


@needs_chinese
@pytest.mark.parametrize(("kind", "size"), SHEETS)
def test_four_modules_around_every_code_stay_white(kind: Kind, size: Size) -> None:
    sheet = sheet_of(kind, size)
    for code in zxingcpp.read_barcodes(sheet):
        corners = code.position
        left, top, right = corners.top_left.x, corners.top_left.y, corners.top_right.x
        bottom = corners.bottom_left.y
        # 25 or 29 modules: a little less than four of the smaller kind, for the width of a pixel at each edge.
        quiet = int((right - left) / 29 * 4) - 2
        for box in (
            (left - quiet, top - quiet, right + quiet, top - 2),
            (left - quiet, bottom + 3, right + quiet, bottom + quiet),
            (left - quiet, top - quiet, left - 2, bottom + quiet),
            (right + 3, top - quiet, right + quiet, bottom + quiet),
        ):
            darkest, _ = sheet.crop(box).getextrema()
            assert isinstance(darkest, int)
            assert darkest > 200, (kind, size, box)


def test_a_code_is_as_wide_as_the_distance_asks_from_which_it_is_read() -> None:
    assert READ_FROM == 10
    assert qr_mm("poster", "A4") >= 100
    assert qr_mm("door", "A3") >= 170
    assert qr_mm("labels-24", "A4") >= 22


@needs_chinese
def test_nothing_on_a_sheet_runs_over_its_edge_or_into_the_code() -> None:
    for kind, size in SHEETS:
        sheet = sheet_of(kind, size)
        rows = sheet.crop((0, sheet.height - 12, sheet.width, sheet.height))
        assert rows.getextrema()[0] == 255, (kind, size)
        for strip in ((0, 80, 12, sheet.height), (sheet.width - 12, 80, sheet.width, sheet.height)):
            assert sheet.crop(strip).getextrema()[0] == 255, (kind, size)


@needs_chinese
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_very_long_title_still_leaves_the_code_readable(language: str) -> None:
    long = {"en": "A very long offer indeed " * 6, "zh": "一项非常长的优惠" * 12}
    offer = msgspec.structs.replace(TART.offer, title={language: long[language][:160]})
    campaign = msgspec.structs.replace(TART, offer=offer)
    for kind, size in SHEETS[2:]:
        (sheet,) = drawn(make(kind, size, campaign, (language,)))
        assert {code.text for code in zxingcpp.read_barcodes(sheet)} == {LINK}


def test_an_offer_for_a_product_carries_a_digital_link() -> None:
    campaign = msgspec.structs.replace(TART, gtin="4006381333931")
    (sheet,) = drawn(make("poster", "A4", campaign, ("en",)))
    (code,) = zxingcpp.read_barcodes(sheet)
    assert code.text == "https://shop.example/01/04006381333931?c=p"


WITHOUT_FONTS = """
mount -t tmpfs none /usr/share/fonts || exit 77
{ [ ! -d /usr/local/share/fonts ] || mount -t tmpfs none /usr/local/share/fonts; } || exit 77
"$1" -m hub --dir "$2" paper poster "$3" 1 --language zh --address https://shop.example && exit 3
exec "$1" -m hub --dir "$2" paper poster "$3" 1 --language en --address https://shop.example
"""


def test_a_machine_without_chinese_type_says_so_and_prints_english(tmp_path: Path) -> None:
    """In a mount namespace of its own, where the folders of fonts are empty."""
    House(tmp_path / "hub").close()
    target = tmp_path / "poster.pdf"
    try:
        ran = subprocess.run(
            ["unshare", "-m", "sh", "-c", WITHOUT_FONTS, "sh", sys.executable, tmp_path / "hub", target],
            capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("needs the program unshare: install Debian's package `util-linux`")
    if ran.returncode == 77 or "Operation not permitted" in ran.stderr:
        pytest.skip("needs the right to make a mount namespace: run the tests as root")
    assert "fonts-noto-cjk" in ran.stderr, ran.stderr
    assert ran.returncode == 0, ran.stderr
    (sheet,) = drawn(target.read_bytes())
    assert [code.text for code in zxingcpp.read_barcodes(sheet)] == ["https://shop.example/n/0013?c=p"]


def test_the_same_order_gives_the_same_file() -> None:
    assert make("labels-24", "A4", languages=("en",)) == make("labels-24", "A4", languages=("en",))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    people.add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    made = Office(house)
    made.log_in()
    yield made
    house.close()


def query(**changes: str) -> str:
    fields = {"sheet": "poster.A4", "address": BASE, "in": "en", "copies": "24"} | changes
    return "&".join(f"{name}={value}" for name, value in fields.items())


def test_the_office_makes_a_poster(office: Office) -> None:
    page = office.get("/offers/1/paper")
    assert "0013" in words(page)
    made = office.get(f"/offers/1/paper.pdf?{query()}")
    assert made.mimetype == "application/pdf"
    (sheet,) = drawn(made.get_data())
    assert [code.text for code in zxingcpp.read_barcodes(sheet)] == [f"{BASE}/n/0013?c=p"]


def test_an_address_that_phones_cannot_open_is_told_before_it_hangs(office: Office) -> None:
    assert "Phones cannot open this address" in words(office.get("/offers/1/paper"))
    fine = office.get("/offers/1/paper?address=https://shop.example")
    assert "Phones cannot open this address" not in words(fine)


def test_every_fault_of_an_order_is_told(office: Office) -> None:
    wrong = office.get("/offers/1/paper.pdf?sheet=labels-24.A4&address=shop&copies=0")
    assert wrong.status_code == 422
    said = words(wrong)
    assert all(part in said for part in ("https://shop.example", "at least one language", "Between 1 and")), (
        said
    )
    assert office.get(f"/offers/1/paper.pdf?{query(sheet='banner.A0')}").status_code == 404
    assert office.get("/offers/9/paper").status_code == 404


def test_an_offer_that_the_web_page_does_not_show_is_told(office: Office) -> None:
    office.house.publish(plain(2, channels=("kiosk",)))
    assert "not on the shop's web page" in words(office.get("/offers/2/paper"))
    assert "not on the shop's web page" not in words(office.get("/offers/1/paper"))


def test_the_picture_of_an_offer_stands_on_its_poster(office: Office) -> None:
    out = io.BytesIO()
    Image.new("RGB", (800, 600), "#000000").save(out, "JPEG")
    store = office.house.store
    store.campaigns.put_picture(PictureRecord("f" * 64, "image/jpeg", out.getvalue(), 800, 600), NOON)
    offer = msgspec.structs.replace(plain(1).offer, picture="f" * 64)
    bare = drawn(office.get(f"/offers/1/paper.pdf?{query()}").get_data(), 40)[0]
    office.house.publish(plain(1, offer=offer))
    shown = drawn(office.get(f"/offers/1/paper.pdf?{query()}").get_data(), 40)[0]
    assert sum(shown.histogram()[:40]) > 1.5 * sum(bare.histogram()[:40])
