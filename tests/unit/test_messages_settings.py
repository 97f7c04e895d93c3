"""Settings of the channels: what cannot be carried is refused with a sentence, before the hub starts."""

from __future__ import annotations

import pytest

from hub.client.settings import SettingsError
from hub.config import read_config

GOOD = {
    "HUB_SMPP_USER": "a" * 15,
    "HUB_SMPP_PASSWORD": "12345678",
    "HUB_SMPP_TYPE": "VMA",
    "HUB_MODEM": "modem:/dev/ttyUSB2,pin=1234",
    "HUB_SMS_SECRET": "abcdefghij0123456789",
    "HUB_SMS_STYLE": "kannel",
}


def test_what_channels_can_carry_is_taken() -> None:
    assert read_config({"HUB_DIR": "x", **GOOD})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_SMPP_PASSWORD", "123456789"),
        ("HUB_SMPP_PASSWORD", "密码"),
        ("HUB_SMPP_USER", "a" * 16),
        ("HUB_SMPP_TYPE", "a" * 13),
        ("HUB_MODEM", "/dev/ttyUSB7,pin=1234"),
        ("HUB_SMS_SECRET", "short"),
        ("HUB_SMS_SECRET", "abcdefghij/0123456789"),
        ("HUB_SMS_STYLE", "xml"),
    ],
)
def test_what_they_cannot_is_named_without_repeating_a_secret(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_config({"HUB_DIR": "x", name: value})
    assert name in str(told.value)
    if name in ("HUB_SMPP_PASSWORD", "HUB_SMS_SECRET", "HUB_MODEM"):
        assert value not in str(told.value)
