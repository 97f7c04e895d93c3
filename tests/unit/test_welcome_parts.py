"""The pure parts of the pop-up: its form, its marks, its memory, the sign's texts, and every word in Chinese."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from edge.portal.ways.entry import CodeSent, NotYet
from edge.portal.welcome import texts
from edge.portal.welcome.form import Form, entry_of, read_form, with_answer
from edge.portal.welcome.marks import SALT_LIFE_S, Marks
from edge.portal.welcome.sign import wifi_text
from edge.portal.welcome.told import MOST, TOLD_FOR_S, Told

WELCOME = Path(texts.__file__).parent
CHINESE = WELCOME / "translations" / "zh" / "LC_MESSAGES"
EVERY_WAY = ("click", "sms", "code", "coupon", "member")
WRONG = NotYet("wrong-code", {"en": "Wrong.", "zh": "错。"})


# The form


def test_a_code_that_was_typed_goes_before_a_number_and_a_number_before_nothing() -> None:
    sent = {"typed": "ABC", "phone_number": "+49 1"}
    ways = []
    for fields in (sent, {"phone_number": "+49 1"}, {}):
        entry = entry_of(read_form(fields, EVERY_WAY), "here", "en")
        assert entry is not None
        ways.append(entry.way)
    assert ways == ["code", "sms", "click"]


def test_a_number_where_none_is_asked_for_is_no_way_in() -> None:
    form = read_form({"phone_number": "+49 1"}, ("code", "member"))
    assert entry_of(form, "here", "en") is None


def test_the_code_of_a_text_message_is_checked_with_its_handle() -> None:
    entry = entry_of(
        read_form({"handle": "h", "typed": "123456", "remember": "yes"}, EVERY_WAY), "here", "zh"
    )
    assert entry is not None
    assert (entry.way, entry.handle, entry.typed, entry.remember, entry.language) == (
        "sms",
        "h",
        "123456",
        True,
        "zh",
    )


@given(
    st.dictionaries(st.sampled_from(["typed", "phone_number", "handle", "remember", "sent_to"]), st.text())
)
def test_any_form_can_be_read_and_shown_again(sent: dict[str, str]) -> None:
    form = read_form(sent, EVERY_WAY)
    assert read_form({"typed": form.typed, "phone_number": form.number}, EVERY_WAY).typed == form.typed
    for answer in (
        WRONG,
        CodeSent("h", "+49…67"),
        NotYet("over", {"en": "Over."}),
        NotYet("failed", {"en": "No."}),
    ):
        shown = with_answer(form, answer, "en")
        if isinstance(answer, NotYet):
            said = [shown.wrong, shown.wrong_code, shown.wrong_number]
            assert sum(map(bool, said)) == 1, "one sentence, at one place"
            assert shown.asks_code or not shown.wrong_code
            assert not shown.wrong_number or shown.asks_number


@pytest.mark.parametrize("code", ["over", "failed", "used-up", "no-modem"])
def test_a_sent_code_that_is_of_no_use_leads_back_to_the_number(code: str) -> None:
    form = Form(("sms",), number="+49 1", typed="123456", handle="h", sent_to="+49…")
    shown = with_answer(form, NotYet(code, {"en": "It was good for ten minutes."}), "en")
    assert (shown.handle, shown.typed, shown.number) == ("", "", "+49 1")
    assert shown.wrong_number == "It was good for ten minutes."


# Marks and what is told


def test_a_mark_tells_phones_and_things_apart_and_dies_with_its_salt() -> None:
    marks = Marks(os.urandom)
    one = marks.of("10.77.0.2", "02:00:00:00:00:02", "7", 1_000.0)
    assert re.fullmatch("[0-9a-f]{32}", one)
    assert one == marks.of("10.77.0.2", "02:00:00:00:00:02", "7", 1_000.0 + SALT_LIFE_S - 1)
    others = {
        marks.of("10.77.0.3", "02:00:00:00:00:02", "7", 1_000.0),
        marks.of("10.77.0.2", "02:00:00:00:00:03", "7", 1_000.0),
        marks.of("10.77.0.2", "02:00:00:00:00:02", "8", 1_000.0),
        Marks(os.urandom).of("10.77.0.2", "02:00:00:00:00:02", "7", 1_000.0),
        marks.of("10.77.0.2", "02:00:00:00:00:02", "7", 1_000.0 + SALT_LIFE_S),
    }
    assert len(others | {one}) == 6


def test_a_code_is_told_for_a_while_and_to_so_many_at_most() -> None:
    told = Told()
    told.put("a", "CODE", 0.0)
    assert told.get("a", TOLD_FOR_S - 1) == "CODE"
    assert told.get("a", TOLD_FOR_S) == ""
    for number in range(MOST + 5):
        told.put(str(number), "X", 10.0)
    assert told.get("0", 10.0) == ""
    assert told.get(str(MOST + 4), 10.0) == "X"
    told.drop(str(MOST + 4))
    assert told.get(str(MOST + 4), 10.0) == ""


# The sign


@given(st.text(min_size=1, max_size=32))
def test_any_network_name_can_be_read_back_from_the_signs_code(ssid: str) -> None:
    text = wifi_text(ssid)
    parts = re.findall(r"((?:\\.|[^;\\])*);", text.removeprefix("WIFI:"), re.DOTALL)
    fields = dict(part.split(":", 1) for part in parts if part)
    assert set(fields) == {"T", "S"}
    assert re.sub(r"\\(.)", r"\1", fields["S"], flags=re.DOTALL) == ssid


# Words


def test_every_text_is_there_in_both_languages_and_consent_is_short_enough_for_its_record() -> None:
    for text in (
        *texts.CONSENTS.values(),
        *texts.STEPS.values(),
        *texts.CALL.values(),
        texts.COUNTING_HEADING,
    ):
        assert set(text) == {"en", "zh"}
        assert all(0 < len(words) <= 1_000 for words in text.values())
    for question, answer in texts.COUNTING:
        assert set(question) == set(answer) == {"en", "zh"}
    assert 0 < len(texts.VERSION) <= 40


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_notice_answers_what_the_law_wants_answered(language: str) -> None:
    lines = texts.counting_lines(language, "Corner Shop", "privacy@corner.example")
    assert len(lines) == 7
    assert "Corner Shop" in lines[0][1]
    assert "privacy@corner.example" in lines[0][1]
    assert not any("{" in answer for _, answer in lines)


def _said() -> set[str]:
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    found = extract_from_dir(str(WELCOME), methods, keywords={"_": None}, options_map={})
    return {message for _file, _line, message, _comments, _context in found if isinstance(message, str)}


def test_every_word_of_the_pages_is_said_in_chinese_with_full_width_punctuation() -> None:
    with (CHINESE / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh")
    said = {message.id: message.string for message in catalogue if message.id}
    assert _said() == set(said)
    for english, chinese in said.items():
        assert chinese, english
        assert not re.search(r"[一-鿿][,.;:!?]", str(chinese)), chinese
        assert set(re.findall(r"%\(\w+\)s", english)) == set(re.findall(r"%\(\w+\)s", str(chinese)))


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with (CHINESE / "messages.po").open("rb") as written, (CHINESE / "messages.mo").open("rb") as compiled:
        one, other = read_po(written, locale="zh"), read_mo(compiled)
    assert {m.id: m.string for m in one if m.id} == {m.id: m.string for m in other if m.id}
