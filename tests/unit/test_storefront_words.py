"""What a shop typed, made safe to show; moments and sums as a reader writes them."""

from __future__ import annotations

import io
import unicodedata

import pytest
from babel import Locale
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from storefront_desk import DAY, HOUR, NOW, SHOP
from werkzeug.datastructures import LanguageAccept

from hub.storefront.languages import choose_language, speak
from hub.storefront.pages import TRANSLATIONS
from hub.storefront.when import moment, money, until, worth
from hub.storefront.words import clean, first_keywords, said
from hub.wire.snapshot import Shop, Value

BRITISH = Locale("en", "GB")
CHINESE = Locale("zh", "CN", script="Hans")
MIDNIGHT = NOW + 12 * HOUR


@pytest.fixture
def speaking() -> Flask:
    app = Flask("words")
    speak(app, TRANSLATIONS)
    return app


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  plain  ", "plain"),
        ("a\x00b\x1bc\x85d", "abcd"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\u2066a\u2069\ufeff", "a"),
        ("x" * 50, "x" * 9 + "…"),
        ("ok\n\n\n\n\nthen", "ok\n\nthen"),
        ("👩‍👩‍👧 ❤️", "👩‍👩‍👧 ❤️"),
    ],
)
def test_tricks_are_taken_out_and_words_are_left(typed: str, shown: str) -> None:
    assert clean(typed, 10) == shown


def test_a_tower_of_accents_is_cut_down() -> None:
    assert len(clean("Z" + "\u0351" * 200, 100)) <= 6


@given(st.text(max_size=300), st.integers(1, 60))
def test_whatever_was_typed_it_is_short_and_has_no_control_characters(typed: str, longest: int) -> None:
    shown = clean(typed, longest)
    assert len(shown) <= longest
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    shown.encode()


def test_a_text_falls_back_to_a_language_that_says_something() -> None:
    assert said({"en": "Tea", "zh": " "}, "zh") == said({"en": "Tea"}, "en")
    assert said({"fr": "Thé"}, "zh").language == "fr"
    assert not said({}, "en")


def test_keywords_are_split_at_the_commas_of_both_languages() -> None:
    assert first_keywords({"zh": "咖啡，热饮、拿铁"}, "zh", 3) == ["咖啡", "热饮", "拿铁"]
    assert first_keywords({"zh": "咖啡 热饮"}, "zh", 3) == ["咖啡", "热饮"]
    assert first_keywords({"en": "coffee latte espresso"}, "en") == ["coffee", "latte"]
    assert first_keywords({"en": "hot drink"}, "en") == ["hot drink"]
    assert first_keywords({}, "en") == []


def test_the_address_goes_before_the_browser_and_the_browser_before_the_shop() -> None:
    chinese = LanguageAccept([("zh-TW", 1), ("en", 0.5)])
    both = ("en", "zh")
    assert choose_language("en", chinese, both) == "en"
    assert choose_language(None, chinese, both) == "zh"
    assert choose_language("<x>", chinese, both) == "zh"
    assert choose_language(None, LanguageAccept([("fr", 1)]), ("zh", "en")) == "zh"
    assert choose_language("zh", chinese, ("en",)) == "en"


@pytest.mark.parametrize(
    ("ends_at", "english", "chinese"),
    [
        (NOW, "This has ended", "已结束"),
        (NOW + 6 * HOUR, "Today until 18:00", "今天 18:00 截止"),
        (MIDNIGHT, "All day today", "今天全天有效"),
        (NOW + DAY, "Until tomorrow, 12:00", "明天 12:00 截止"),
        (MIDNIGHT + DAY, "Until tomorrow", "明天截止"),
        (NOW + 5 * DAY, "Until Saturday, 12:00", "星期六 12:00 截止"),
        (MIDNIGHT + 13 * DAY, "Until Sunday 13 December", "12月13日周日截止"),
        (NOW + 60 * DAY, "Until 29 Jan 2027, 12:00", "2027年1月29日 12:00 截止"),
    ],
)
def test_the_end_is_said_as_people_say_it(
    speaking: Flask, ends_at: float, english: str, chinese: str
) -> None:
    with speaking.test_request_context("/?lang=en"):
        assert until(ends_at, NOW, SHOP, BRITISH).replace("\u202f", " ") == english
    with speaking.test_request_context("/?lang=zh"):
        assert until(ends_at, NOW, SHOP, CHINESE) == chinese


def test_a_moment_is_told_in_the_shops_own_time(speaking: Flask) -> None:
    far = Shop(1, {}, timezone="Asia/Shanghai")
    with speaking.test_request_context("/?lang=en"):
        assert moment(NOW - 60, NOW, SHOP, BRITISH) == "today at 11:59"
        assert moment(NOW - DAY, NOW, SHOP, BRITISH) == "yesterday at 12:00"
        assert moment(NOW, NOW, far, BRITISH) == "today at 20:00"
        assert moment(NOW, NOW, Shop(1, {}, timezone="No/Where"), BRITISH) == "today at 12:00"


@pytest.mark.parametrize("at", [0.0, -5.0, 1e18, 4_294_967_295.0])
def test_an_impossible_time_still_gives_a_line(speaking: Flask, at: float) -> None:
    with speaking.test_request_context("/"):
        assert until(at, NOW, SHOP, BRITISH)
        assert moment(at, NOW, SHOP, BRITISH)


def test_a_sum_has_the_shops_currency_and_no_needless_cents() -> None:
    assert money(350, "GBP", BRITISH) == "£3.50"
    assert money(300, "GBP", BRITISH) == "£3"
    assert money(300, "CNY", CHINESE) == "¥3"
    assert money(250, "nonsense", BRITISH)


def test_a_chinese_sign_counts_what_is_left_to_pay(speaking: Flask) -> None:
    with speaking.test_request_context("/?lang=zh"):
        assert worth(Value("percent", percent=20), "CNY", CHINESE) == "8 折"
        assert worth(Value("percent", percent=15), "CNY", CHINESE) == "8.5 折"
        assert worth(Value("amount", cents=500), "CNY", CHINESE) == "立减 ¥5"
        assert worth(Value("gift"), "CNY", CHINESE) == "免费"
    with speaking.test_request_context("/?lang=en"):
        assert worth(Value("percent", percent=20), "GBP", BRITISH) == "20% off"
        assert worth(Value("percent", percent=100), "GBP", BRITISH) == "Free"


def test_every_english_text_has_its_chinese() -> None:
    with (TRANSLATIONS / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh")
    wanted = {
        found[2]
        for found in extract_from_dir(
            str(TRANSLATIONS.parent), method_map=[("**.py", "python"), ("templates/**.html", "jinja2")]
        )
    }
    singular = {text[0] if isinstance(text, tuple) else text for text in wanted}
    known = {
        message.id[0] if isinstance(message.id, tuple) else message.id
        for message in catalogue
        if message.string
    }
    assert singular <= known


def test_the_compiled_catalogue_is_made_from_the_written_one() -> None:
    folder = TRANSLATIONS / "zh" / "LC_MESSAGES"
    made = io.BytesIO()
    with (folder / "messages.po").open("rb") as written:
        write_mo(made, read_po(written, locale="zh"))
    assert made.getvalue() == (folder / "messages.mo").read_bytes()
