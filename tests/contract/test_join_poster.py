"""The poster by which shoppers join: its code is read back from the picture of the PDF, leads to the page of joining, and is made
only where phones can open that; what its words promise stands on it in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.messages.keywords import Keyword, form, write_keyword
from hub.messages.rules import MessageRules, write_rules
from hub.outward import Outward, outward_of
from hub.paper.joining import JOIN_SHEETS, JoinSize, TextWay, draw_join_poster, join_qr_mm, make_join_pdf
from hub.paper.pdf import Fill
from hub.people import add_manager
from hub.roles import Role
from hub.storefront import fonts
from hub.storefront.numbers import printed_number
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

SHOP = Shop(7, {"en": "Corner Bakery", "zh": "街角面包店"}, timezone="Europe/Berlin", colour="#2266AA")
BASE = "https://shop.example"
LINK = "https://shop.example/join?c=p"
TEXT = TextWay({"en": "JOIN", "zh": "加入"}, "+49 1512 3456789")
BOTH = ("en", "zh")
DPI = 200

needs_chinese = pytest.mark.skipif(
    fonts.font_for(True, "plain", 20) is None,
    reason="needs a font with Chinese characters: install Debian's package `fonts-noto-cjk`",
)


def drawn(pdf: bytes, dpi: int = DPI) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    try:
        (page,) = document
        return page.render(scale=dpi / 72).to_pil().convert("L")
    finally:
        document.close()


def make(size: JoinSize, languages: tuple[str, ...] = BOTH, base: str = BASE) -> bytes:
    made = make_join_pdf(SHOP, size, base, languages, TEXT)
    assert isinstance(made, bytes), str(made)
    return made


@needs_chinese
@pytest.mark.parametrize("languages", [("en",), ("zh",), BOTH])
@pytest.mark.parametrize("size", JOIN_SHEETS)
def test_the_code_is_read_back_from_every_sheet(size: JoinSize, languages: tuple[str, ...]) -> None:
    sheet = drawn(make(size, languages))
    mm = DPI / 25.4
    assert sheet.size == pytest.approx([side * mm for side in JOIN_SHEETS[size]], abs=2)
    (code,) = zxingcpp.read_barcodes(sheet)
    assert code.text == LINK
    corners = code.position
    wide = corners.top_right.x - corners.top_left.x
    assert wide / mm == pytest.approx(join_qr_mm(size), abs=1)
    # Four modules around it stay white, a little less for the width of a pixel.
    quiet = int(wide / 29 * 4) - 3
    left, top, right, bottom = (
        corners.top_left.x,
        corners.top_left.y,
        corners.top_right.x,
        corners.bottom_left.y,
    )
    for box in (
        (left - quiet, top - quiet, right + quiet, top - 3),
        (left - quiet, bottom + 4, right + quiet, bottom + quiet),
        (left - quiet, top, left - 3, bottom),
        (right + 4, top, right + quiet, bottom),
    ):
        darkest, _ = sheet.crop(box).getextrema()
        assert isinstance(darkest, int)
        assert darkest > 200, box
    for strip in ((0, sheet.height - 12, sheet.width, sheet.height), (0, 120, 12, sheet.height)):
        assert sheet.crop(strip).getextrema()[0] == 255, "nothing runs over the edge"


@needs_chinese
@pytest.mark.parametrize("size", JOIN_SHEETS)
def test_no_words_stand_in_each_other(size: JoinSize) -> None:
    page = draw_join_poster(SHOP, size, BASE, BOTH, TEXT)
    bar, *marks = page.marks
    # Lines of text, and the white around the code; the code itself stands inside of that.
    marks = [mark for mark in marks if isinstance(mark, Fill) or mark.width > page.width_mm * 0.8]
    rows = sorted((mark.y, mark.y + mark.height) for mark in (bar, *marks))
    assert len(rows) == 2 + 1 + 2 * 3 + 2 * 4
    assert all(above[1] <= below[0] + 0.6 for above, below in pairwise(rows)), rows
    assert rows[-1][1] <= page.height_mm


def test_a_very_long_address_is_in_the_code_and_not_half_on_the_paper() -> None:
    base = "https://" + "a" * 50 + ".shop.example"
    (code,) = zxingcpp.read_barcodes(drawn(make("A4", ("en",), base)))
    assert code.text == f"{base}/join?c=p"
    short, long = (len(draw_join_poster(SHOP, "A4", one, ("en",), None).marks) for one in (BASE, base))
    assert long == short - 1


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("+4915123456789", "+49 1512 3456789"),
        ("0151 23456789", "+49 1512 3456789"),
        ("82020", "82020"),
        ("Corner", ""),
        ("", ""),
        ("12", ""),
    ],
)
def test_a_number_is_printed_as_people_dial_it_and_a_name_is_none(typed: str, printed: str) -> None:
    assert printed_number(typed, "DE") == printed


# The page

HEARS = Outward(hears=True, sender="+4915123456789")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "hub")
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="test", role=Role.OWNER) is None
    yield made
    made.close()


def office(house: House, url: str = BASE, outward: Outward = HEARS) -> Office:
    made = Office(house, folder=house.folder, url=url, outward=outward)
    assert made.log_in().status_code == 303
    return made


def keyword(house: House, *written: str, on: bool = True) -> None:
    one = Keyword(words=written, does="join", on=on)
    house.store.inbox.put_keyword(0, write_keyword(one), map(form, written), NOON)


@needs_chinese
@pytest.mark.parametrize("sheet", JOIN_SHEETS)
def test_the_office_makes_it_for_the_address_by_which_others_reach_the_hub(house: House, sheet: str) -> None:
    ines = office(house)
    assert "Poster to join" in words(ines.get("/people"))
    assert LINK in words(ines.get("/people/poster"))
    made = ines.get(f"/people/poster.pdf?sheet={sheet}&in=en&in=zh")
    assert made.mimetype == "application/pdf"
    (code,) = zxingcpp.read_barcodes(drawn(made.get_data()))
    assert code.text == LINK


@pytest.mark.parametrize(
    ("url", "outward", "english", "chinese"),
    [
        ("", HEARS, "set HUB_URL to that address", "请把 HUB_URL 设为该地址"),
        (
            "http://localhost:8080",
            HEARS,
            "HUB_URL says http://localhost:8080",
            "HUB_URL 现为 http://localhost:8080",
        ),
        (BASE, Outward(site=False), "HUB_SITE=no", "请把 HUB_SITE 设为 yes"),
    ],
)
def test_where_its_code_would_lead_nowhere_there_is_none_and_the_page_says_which_setting_it_needs(
    house: House, url: str, outward: Outward, english: str, chinese: str
) -> None:
    ines = office(house, url, outward)
    for language, sentence in (("en", english), ("zh", chinese)):
        page = ines.get(f"/people/poster?lang={language}")
        assert sentence in words(page)
        assert "poster.pdf" not in page.get_data(as_text=True)
        made = ines.get(f"/people/poster.pdf?sheet=A4&in=en&lang={language}")
        assert (made.status_code, made.mimetype) == (409, "text/html")
        assert sentence in words(made)


def test_every_fault_is_told(house: House) -> None:
    ines = office(house)
    none = ines.get("/people/poster.pdf?sheet=A4&in=xx")
    assert none.status_code == 422
    assert "Tick at least one language" in words(none)
    assert ines.get("/people/poster.pdf?sheet=A0&in=en").status_code == 404


def test_it_names_the_word_and_the_number_where_people_can_join_by_text_message(house: House) -> None:
    ines = office(house)
    assert "no keyword asks whether somebody wants to" in words(ines.get("/people/poster"))
    bare = ines.get("/people/poster.pdf?sheet=A4&in=en").get_data()
    keyword(house, "bakery", "面包", on=False)
    assert "no keyword asks whether somebody wants to" in words(ines.get("/people/poster")), "it is off"
    keyword(house, "join", "加入")
    assert "JOIN to +49 1512 3456789" in words(ines.get("/people/poster?lang=en"))
    assert "发送“加入”到 +49 1512 3456789" in words(ines.get("/people/poster?lang=zh"))
    made = ines.get("/people/poster.pdf?sheet=A4&in=en").get_data()
    assert drawn(made, 60).tobytes() != drawn(bare, 60).tobytes()
    marks = len(draw_join_poster(SHOP, "A4", BASE, ("en",), None).marks)
    assert len(draw_join_poster(SHOP, "A4", BASE, ("en",), TEXT).marks) == marks + 1


def test_a_word_that_nobody_hears_or_whose_number_nobody_knows_is_not_on_it(house: House) -> None:
    keyword(house, "join")
    deaf = office(house, outward=Outward(sender="+4915123456789"))
    assert "this hub hears no text messages" in words(deaf.get("/people/poster"))
    nameless = office(house, outward=Outward(hears=True, sender="Corner"))
    assert "does not know its own number" in words(nameless.get("/people/poster"))
    house.store.messages.set_rules(write_rules(MessageRules(sender="82020")))
    assert "JOIN to 82020" in words(nameless.get("/people/poster"))


def test_settings_say_whether_messages_come_in() -> None:
    plain = outward_of(Config(Path("x")), "Europe/Berlin")
    assert (plain.site, plain.hears, plain.sender) == (True, False, "")
    one = outward_of(Config(Path("x"), site=False, sms_secret="s" * 20, sms_sender="82020"), "Europe/Berlin")
    assert (one.site, one.hears, one.sender) == (False, True, "82020")


def test_whoever_scans_it_joins_and_is_known_to_have_come_by_a_poster(house: House) -> None:
    hub = Hub(
        Config(house.folder, url=BASE, worker=False), clock=Clock(wall=lambda: house.now, ntp=lambda: True)
    )
    try:
        phone = hub.app.test_client()
        ways = []
        for address in (LINK, f"{BASE}/join?c=poster", f"{BASE}/join"):
            page = phone.get(address.removeprefix(BASE), base_url=BASE)
            (action,) = re.findall(r'<form class="stack" method="post" action="([^"]*)"', page.text)
            (mark,) = re.findall(r'name="form" value="([0-9a-f]+)"', page.text)
            assert phone.post(action, data={"form": mark, "do": "join"}, base_url=BASE).status_code == 303
            ways = [row.way for row in house.store.register.page(10)]
        assert sorted(ways) == ["link", "poster", "poster"]
    finally:
        hub.close()
    (person, *_) = [row.member for row in house.store.register.page(10) if row.way == "poster"]
    assert "a poster" in words(office(house).get(f"/people/{person}"))
