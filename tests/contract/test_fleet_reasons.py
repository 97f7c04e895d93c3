"""Why a device does not use what the hub set: on its page, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.client.configured import keep_settings, read_node_settings, told_settings
from hub.client.settings import BadValue, notice, number, url, whole, yes_no
from hub.people import add_manager
from hub.wire.sync import SettingTold, SyncRequest
from kiosk.config import SETTINGS
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path / "hub")
    add_manager(house.store, "Ines", PASSWORD, NOON, who="shell")
    made = Office(house)
    made.log_in()
    yield made
    house.close()


def told(office: Office, *settings: SettingTold) -> str:
    """A device that tells these; its address."""
    till = office.house.node()
    reply = till.post("/v1/sync", msgspec.json.encode(SyncRequest(settings=settings)))
    assert reply.status == 200, reply.body
    return f"/devices/{till.device}"


def test_what_a_real_till_says_stands_there_in_both_languages(office: Office, tmp_path: Path) -> None:
    given = {"KIOSK_IDLE_S": "60", "KIOSK_WARN_S": "no", "KIOSK_PORT": "1", "KIOSK_PRINTER_PAPER": "81"}
    keep_settings(tmp_path, given)
    environ = {"KIOSK_DIR": str(tmp_path), "KIOSK_IDLE_S": "30"}
    path = told(office, *told_settings(SETTINGS, environ, None, read_node_settings(SETTINGS, environ)))
    english, chinese = (words(office.get(f"{path}?lang={tag}")) for tag in ("en", "zh"))
    for sentence in (
        "Not in force: it is set on the machine itself, which goes before the hub.",
        "Not in force: it must be a whole number from 1 to 120.",
        "Not in force: it is no setting that the hub may give here.",
        "Not in force: the device cannot use this value. It says:",
    ):
        assert sentence in english
        assert sentence not in chinese
    for sentence in (
        "未生效：该项已在机器上设置，机器上的设置优先。",
        "未生效：须为 1 到 120 之间的整数。",
        "未生效：这不是店内主机可以在此设置的项目。",
        "未生效：设备无法使用这个值。设备说明：",
    ):
        assert sentence in chinese


def test_a_device_of_an_older_release_is_quoted_in_its_own_words(office: Office) -> None:
    path = told(office, SettingTold("KIOSK_IDLE_S", "45", fault="must be <b>a number</b>", remote=True))
    page = office.get(f"{path}?lang=zh").get_data(as_text=True)
    assert '<span lang="en">must be &lt;b&gt;a number&lt;/b&gt;</span>' in page


def test_a_reason_that_this_hub_does_not_know_falls_back_to_the_words(office: Office) -> None:
    path = told(office, SettingTold("KIOSK_IDLE_S", "45", fault="must be odd", remote=True, reason="odd"))
    assert "must be odd" in words(office.get(path))


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (whole(1, 5), "6", "whole"),
        (number(0.5, 2), "x", "number"),
        (yes_no, "maybe", "yes-no"),
        (notice, "{", "notice"),
        (url, "hub", "address"),
    ],
)
def test_what_is_wrong_with_a_value_has_a_code(read: object, text: str, code: str) -> None:
    assert callable(read)
    with pytest.raises(BadValue) as wrong:
        read(text)
    assert wrong.value.code == code
