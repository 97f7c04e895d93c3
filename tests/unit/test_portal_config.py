"""The portal's settings: what may stand there, and what is wrong is said all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.portal.app import way_settings
from edge.portal.config import SETTINGS, read_config
from hub.client.settings import SettingsError, shown


def test_without_settings_there_is_no_access_point_and_one_way_in() -> None:
    config = read_config({}, {})
    assert (config.gate, config.cert, config.modem) == (None, None, "")
    assert (config.name, config.tls_port, config.ways) == ("portal.internal", 8443, ("click",))
    assert (config.minutes, config.extensions) == (60, 3)


def test_what_is_set_arrives_at_the_ways_in() -> None:
    config = read_config(
        {
            "PORTAL_GATE": "/run/shopbell/gate.sock",
            "PORTAL_WAYS": "code, click",
            "PORTAL_MINUTES": "30",
            "PORTAL_EXTENSIONS": "0",
            "PORTAL_MBYTES": "500",
            "PORTAL_DOWN_KBYTES": "2000",
            "PORTAL_UP_KBYTES": "500",
            "PORTAL_COUNTRY": "gb",
        },
        {"name": "WiFi.MyShop.example"},
    )
    assert config.gate == Path("/run/shopbell/gate.sock")
    assert config.name == "wifi.myshop.example"
    settings = way_settings(config)
    assert (settings.ways, settings.minutes, settings.extensions) == (("code", "click"), 30, 0)
    assert (settings.mbytes, settings.down_kbytes, settings.up_kbytes) == (500, 2000, 500)
    assert settings.country == "GB"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_NAME", "portal"),
        ("PORTAL_NAME", "10.77.0.1"),
        ("PORTAL_NAME", "a b.example"),
        ("PORTAL_NAME", "evil.example/x"),
        ("PORTAL_NAME", "a.example\r\nX-Evil: 1"),
        ("PORTAL_NAME", "-a.example"),
        ("PORTAL_NAME", "<b>.example"),
        ("PORTAL_SSID", "x" * 33),
        ("PORTAL_SSID", "街" * 11),
        ("PORTAL_SSID", "a\nb"),
        ("PORTAL_CONTACT", "x" * 201),
        ("PORTAL_CONTACT", "two\nlines"),
        ("PORTAL_WAYS", ""),
        ("PORTAL_WAYS", "click,click"),
        ("PORTAL_WAYS", "facebook"),
        ("PORTAL_MODEM", "/dev/ttyUSB0"),
        ("PORTAL_MINUTES", "0"),
        ("PORTAL_MINUTES", "44641"),
        ("PORTAL_COUNTRY", "Germany"),
        ("PORTAL_VENUE_URL", "http://shop.example/"),
        ("PORTAL_VENUE_URL", "https://shop.example/a b"),
        ("PORTAL_VENUE_URL", "javascript:alert(1)"),
        ("PORTAL_TLS_PORT", "70000"),
        ("PORTAL_MINUTE", "60"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        read_config({name: value}, {})
    assert len(wrong.value.mistakes) == 1
    assert wrong.value.mistakes[0].startswith(name)


def test_every_mistake_is_told_together() -> None:
    with pytest.raises(SettingsError) as wrong:
        read_config({"PORTAL_NAME": "x", "PORTAL_WAYS": "y", "PORTAL_MBYTES": "-1"}, {})
    assert len(wrong.value.mistakes) == 3


def test_a_modem_s_pin_is_not_shown_with_its_name_nor_with_a_mistake() -> None:
    config = read_config({"PORTAL_MODEM": "modem:/dev/ttyUSB2,pin=4711"}, {})
    assert config.modem == "modem:/dev/ttyUSB2,pin=4711"
    (setting,) = (one for one in SETTINGS if one.name == "PORTAL_MODEM")
    assert shown(setting, config.modem) == "(set)"
    with pytest.raises(SettingsError) as wrong:
        read_config({"PORTAL_MODEM": "/dev/ttyUSB2,pin=4711"}, {})
    assert "4711" not in str(wrong.value)
