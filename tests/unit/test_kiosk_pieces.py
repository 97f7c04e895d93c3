"""The counter's small parts: settings, scans, amounts, PIN waits, warnings, the line's memory, pictures."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hub.client.exchange import LinkState
from hub.client.link import Reply
from hub.client.settings import SettingsError
from hub.client.warnings import Watch, exit_status, show
from hub.wire.coupon import make_code, show_code
from hub.wire.refusals import Refusal
from hub.wire.sync import RedeemRequest
from kiosk.config import SETTINGS, Config, read_config, show_config
from kiosk.health import WARNINGS, Condition, holding, report
from kiosk.line import FAILURES, HubLine
from kiosk.pictures import Unseen, read_picture
from kiosk.scans import ScannedCode, ScannedToken, Unreadable, act_of, read_amount, read_scan

NOW = 1_790_000_000.0


def test_without_settings_the_kiosk_listens_on_this_machine_alone() -> None:
    assert read_config({}) == Config(Path("shop/kiosk"))
    assert read_config({}).host == "127.0.0.1"


def test_all_mistakes_in_the_settings_are_told_together() -> None:
    wrong = {
        "KIOSK_PORT": "many",
        "KIOSK_HUB": "hub.local",
        "KIOSK_DRI": "x",
        "KIOSK_NOTICE": "{",
        "KIOSK_THREADS": "1",
    }
    with pytest.raises(SettingsError) as told:
        read_config(wrong)
    assert all(name in str(told.value) for name in wrong)


def test_flags_go_before_the_environment() -> None:
    assert read_config({"KIOSK_PORT": "1"}, {"port": "2"}).port == 2


def test_a_notice_is_one_text_or_one_for_each_language() -> None:
    assert read_config({"KIOSK_NOTICE": "Simulated"}).notice == {"en": "Simulated"}
    assert read_config({"KIOSK_NOTICE": '{"en": "Simulated", "zh": "模拟"}'}).notice["zh"] == "模拟"


def test_a_secret_in_the_hubs_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="password"):
        read_config({"KIOSK_HUB": "http://user:secret@hub.local"})


def test_each_setting_is_shown_and_stands_in_the_readme() -> None:
    shown = [line.split()[0] for line in show_config(Config(Path("x"))).splitlines()]
    assert shown == [setting.name for setting in SETTINGS]
    readme = (Path(__file__).parents[2] / "kiosk" / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in shown)


CODE = make_code(bytes(range(7)))


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        show_code(CODE).lower(),
        f"  {CODE} ",
        CODE.replace("0", "o"),
        f"http://shop.example/c/{CODE}?lang=zh",
    ],
)
def test_a_code_is_read_however_it_is_typed(text: str) -> None:
    assert read_scan(text) == ScannedCode(CODE)


def test_a_token_that_is_cut_short_is_no_forgery_but_unreadable() -> None:
    assert read_scan("SB1" + "AAAA" * 12) == Unreadable(Refusal.UNKNOWN_COUPON)
    assert read_scan("SB1AAAA") == Unreadable(Refusal.BAD_CODE)


@settings(deadline=None)
@given(st.text(max_size=600))
def test_any_text_is_a_token_a_code_or_neither(text: str) -> None:
    assert isinstance(read_scan(text), ScannedToken | ScannedCode | Unreadable)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("12.50", 1250),
        ("12,5", 1250),
        ("€ 7", 700),
        ("¥30", 3000),
        ("１２．５０", 1250),
        ("", None),
        ("  ", None),
    ],
)
def test_an_amount_is_read_as_it_is_typed(text: str, cents: int | None) -> None:
    assert read_amount(text) == cents


@pytest.mark.parametrize("text", ["1.234.56", "-3", "12.505", "a lot", "1e9", "99999999", "."])
def test_what_is_no_amount_is_not_guessed(text: str) -> None:
    with pytest.raises(ValueError):
        read_amount(text)


def test_an_act_is_its_form_its_coupon_and_its_amount() -> None:
    act = act_of("form", CODE, None)
    assert act == act_of("form", f" {CODE} ", None)
    assert len({act, act_of("form", CODE, 100), act_of("other", CODE, None), act_of("form", "x", None)}) == 4


def test_every_warning_says_what_and_what_to_do_in_both_languages() -> None:
    codes = [warning.code for warning in WARNINGS]
    assert len(set(codes)) == len(codes)
    for warning in WARNINGS:
        assert set(warning.what) == set(warning.todo) == {"en", "zh"}
        assert set(warning.hidden_by) <= set(codes)


@pytest.mark.parametrize(
    ("condition", "code", "status"),
    [
        (Condition(NOW, enrolled=False), "not-enrolled", 2),
        (Condition(NOW, snapshot_made_at=NOW, cut_off_since=NOW - 60), "hub-silent", 1),
        (Condition(NOW, snapshot_made_at=NOW, refused_because="withdrawn"), "hub-refuses", 2),
        (Condition(NOW), "no-snapshot", 2),
        (Condition(NOW, snapshot_made_at=NOW, parked=1), "facts-parked", 1),
        (Condition(NOW, snapshot_made_at=NOW, pending=3, oldest_pending_at=NOW - 1000), "facts-wait", 1),
        (Condition(NOW, snapshot_made_at=NOW, clock="unset"), "clock-unset", 2),
        (Condition(NOW, snapshot_made_at=NOW, staff=0), "no-staff", 1),
        (Condition(NOW, snapshot_made_at=NOW, disk_free_bytes=2**27), "disk-low", 1),
        (Condition(NOW, snapshot_made_at=NOW, disk_free_bytes=0), "disk-full", 2),
        (Condition(NOW, snapshot_made_at=NOW, disk_trouble="full"), "disk-full", 2),
        (Condition(NOW, snapshot_made_at=NOW, disk_trouble="failing"), "disk-failing", 2),
        (Condition(NOW, snapshot_made_at=NOW, answering=False), "not-serving", 2),
        (Condition(NOW, snapshot_made_at=NOW - 4 * 86_400, cut_off_since=NOW), "old-snapshot", 1),
    ],
)
def test_each_trouble_shows_its_warning(condition: Condition, code: str, status: int) -> None:
    shown = show(WARNINGS, holding(condition))
    assert code in [one.code for one in shown]
    assert exit_status(shown) == status
    assert report("Till 1", condition, shown)["warnings"][0]["what"]["zh"]


def test_a_counter_without_trouble_shows_nothing() -> None:
    assert show(WARNINGS, holding(Condition(NOW, snapshot_made_at=NOW))) == []


def test_a_passing_trouble_does_not_flash_and_the_hub_is_not_blamed_for_the_network() -> None:
    watch = Watch(WARNINGS)
    assert watch.look(holding(Condition(NOW)), NOW) == []
    (later,) = watch.look(holding(Condition(NOW + 20)), NOW + 20)
    assert (later.code, later.since) == ("no-snapshot", NOW)
    silent = Condition(NOW, snapshot_made_at=NOW, cut_off_since=NOW, pending=1, oldest_pending_at=NOW - 5000)
    assert [one.code for one in show(WARNINGS, holding(silent))] == ["hub-silent"]


class SilentHub:
    """Answers nothing, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def post(self, path: str, body: bytes, timeout_s: float) -> Reply:
        self.asked += 1
        return Reply(0, b"refused")

    def count_above(self, highest: int) -> None:
        raise AssertionError(highest)


def test_the_line_is_cut_after_three_failures_until_a_later_exchange_succeeds() -> None:
    hub = SilentHub()
    state = LinkState(reached=True, last_reached_at=NOW)
    line = HubLine(hub, lambda: state, lambda: NOW, timeout_s=1.0)
    request = RedeemRequest("12345678", CODE, "Till 1", "s1")
    for _ in range(FAILURES + 2):
        assert line.ask(request) is None
    assert hub.asked == FAILURES
    assert line.cut_off_since() == NOW
    state = LinkState(reached=True, last_reached_at=NOW)
    assert line.cut_off_since() is None
    line.ask(request)
    assert hub.asked == FAILURES + 1
    line.close()


def test_an_exchange_that_fails_cuts_the_line_before_a_customer_has_to_wait() -> None:
    hub = SilentHub()
    state = LinkState(reached=False, last_reached_at=NOW - 60, code="hub_unreachable")
    line = HubLine(hub, lambda: state, lambda: NOW)
    assert line.ask(RedeemRequest("12345678", CODE, "Till 1", "s1")) is None
    assert (hub.asked, line.cut_off_since()) == (0, NOW - 60)
    line.close()


def test_a_refusal_is_told_the_moment_it_is_known_with_its_own_time() -> None:
    condition = Condition(NOW, snapshot_made_at=NOW, refused_because="withdrawn", refused_since=NOW - 1)
    told = show(WARNINGS, holding(condition), NOW)
    assert [(one.code, one.since) for one in told] == [("hub-refuses", NOW - 1)]


@settings(deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF", b"BM"]),
)
def test_no_bytes_make_the_picture_reader_fail(data: bytes, start: bytes) -> None:
    assert read_picture(start + data) in tuple(Unseen)


def test_a_broken_picture_of_each_kind_is_no_picture() -> None:
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        file = io.BytesIO()
        Image.effect_noise((90, 90), 80).save(file, kind)
        whole = file.getvalue()
        for length in range(0, len(whole), max(1, len(whole) // 12)):
            assert read_picture(whole[:length]) in (Unseen.NO_PICTURE, Unseen.NO_CODE)


def test_every_text_of_the_till_is_there_in_chinese_with_the_same_values() -> None:
    from babel.messages.extract import extract_from_dir
    from babel.messages.mofile import read_mo
    from babel.messages.pofile import read_po

    folder = Path(__file__).parents[2] / "kiosk"
    methods = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    texts = {found[2] for found in extract_from_dir(folder, methods, keywords={"_": None})}
    where = folder / "translations" / "zh" / "LC_MESSAGES"
    with (where / "messages.po").open("rb") as written, (where / "messages.mo").open("rb") as compiled:
        chinese = {message.id: message.string for message in read_po(written) if message.id}
        in_force = {message.id: message.string for message in read_mo(compiled) if message.id}
    assert texts == set(chinese)
    assert chinese == in_force
    for text, translated in chinese.items():
        assert set(re.findall(r"%\(\w+\)s", translated)) == set(re.findall(r"%\(\w+\)s", text))
